import assert from "node:assert/strict";
import { mock, test } from "node:test";
import { type Asked, capabilities, gather, usuallyLate } from "./circumstances.ts";
import { FakeBrowser, settle } from "./testing.ts";

const asked: Asked = { since: 0, late: undefined, waiting: false, hints: undefined, rpId: "id.example" };

test("what the browser says that it can do", async () => {
  const browser = FakeBrowser.install();
  browser.capabilities = { userVerifyingPlatformAuthenticator: true };
  assert.deepEqual(await capabilities(), { screenLock: true, hybrid: undefined });
});

test("an older browser is asked for the screen lock alone", async () => {
  const browser = FakeBrowser.install();
  Object.assign(PublicKeyCredential, { getClientCapabilities: undefined });
  browser.capabilities = {};
  assert.deepEqual(await capabilities(), { screenLock: false, hybrid: undefined });
});

test("a browser that does not say is not asked for ever", async () => {
  mock.timers.enable({ apis: ["setTimeout"] });
  try {
    FakeBrowser.install();
    Object.assign(PublicKeyCredential, { getClientCapabilities: () => new Promise(() => {}) });
    const said = capabilities();
    await settle();
    mock.timers.tick(1_000);
    assert.deepEqual(await said, { screenLock: undefined, hybrid: undefined });
    Object.assign(PublicKeyCredential, { getClientCapabilities: () => Promise.reject(new Error("no")) });
    assert.deepEqual(await capabilities(), { screenLock: undefined, hybrid: undefined });
  } finally {
    mock.timers.reset();
  }
});

for (const [hints, able, phone] of [
  [undefined, { userVerifyingPlatformAuthenticator: true, hybridTransport: true }, false],
  [undefined, { userVerifyingPlatformAuthenticator: false, hybridTransport: true }, true],
  [undefined, { userVerifyingPlatformAuthenticator: false, hybridTransport: false }, false],
  [undefined, {}, false],
  [[], { userVerifyingPlatformAuthenticator: false }, true],
  [["hybrid"], { userVerifyingPlatformAuthenticator: true, hybridTransport: false }, true],
  [["security-key"], { userVerifyingPlatformAuthenticator: false, hybridTransport: true }, false],
] as const) {
  test(`hints ${JSON.stringify(hints)} where the browser can ${JSON.stringify(able)}: phone ${phone}`, async () => {
    const browser = FakeBrowser.install();
    browser.capabilities = able;
    assert.equal((await gather({ ...asked, hints })).phone, phone);
  });
}

test("the time is that of the browser's part", async () => {
  FakeBrowser.install();
  const known = await gather({ ...asked, since: performance.now() - 5_000 });
  assert.ok(known.elapsed >= 5_000);
  assert.equal(known.late, usuallyLate);
  assert.equal((await gather({ ...asked, late: 7 })).late, 7);
  assert.equal(known.origin, "https://id.example");
  assert.equal(known.rpId, "id.example");
});
