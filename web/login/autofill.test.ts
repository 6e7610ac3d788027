import assert from "node:assert/strict";
import { mock, test } from "node:test";
import { signIn } from "../../sdk/src/index.ts";
import { assertion, begun, FakeBrowser, problem, settle, untilAborted } from "../../sdk/src/testing.ts";
import { Autofill } from "./autofill.ts";

const begin = "/api/v1/authentication/begin";
const finish = "/api/v1/authentication/finish";

/** A page with autofill, and what it came to. */
function scene() {
  const browser = FakeBrowser.install();
  const page = new EventTarget();
  Object.defineProperty(globalThis, "addEventListener", {
    value: page.addEventListener.bind(page),
    configurable: true,
  });
  browser.answers[begin] = begun("c");
  browser.answers[finish] = { body: {} };
  const seen: { signedIn: number; failures: unknown[] } = { signedIn: 0, failures: [] };
  const autofill = new Autofill(
    () => seen.signedIn++,
    (error) => seen.failures.push((error as { code: string }).code),
  );
  return { browser, page, autofill, seen };
}

test("a passkey that is picked signs in, once", async () => {
  const { browser, autofill, seen } = scene();
  browser.get = () => Promise.resolve(assertion());
  autofill.start();
  autofill.start();
  await settle();
  assert.deepEqual(seen, { signedIn: 1, failures: [] });
  assert.equal(browser.bodies(begin).length, 1);
});

test("a button takes over without a word, and gives back", async () => {
  const { browser, autofill, seen } = scene();
  browser.get = (options) =>
    options.mediation ? untilAborted(options.signal) : Promise.reject(new DOMException("", "NotAllowedError"));
  autofill.start();
  await settle();
  await assert.rejects(signIn(), { code: "cancelled" });
  await settle();
  assert.deepEqual(seen, { signedIn: 0, failures: [] });
  assert.equal(browser.bodies(begin).length, 2);
  autofill.start();
  await settle();
  assert.equal(browser.bodies(begin).length, 3);
});

test("a button that is pressed before autofill is ready keeps the browser", async () => {
  const { browser, autofill, seen } = scene();
  let modal: AbortSignal | undefined;
  browser.get = (options) => {
    modal = options.signal;
    return untilAborted(options.signal);
  };
  autofill.start(); // asks first whether the browser can
  const caller = new AbortController();
  const pressed = assert.rejects(signIn({ signal: caller.signal }), { code: "aborted" });
  await settle();
  assert.equal(modal?.aborted, false);
  assert.equal(browser.bodies(begin).length, 1);
  assert.deepEqual(seen, { signedIn: 0, failures: [] });
  caller.abort();
  await pressed;
});

test("a passkey that fails is explained, and others stay on offer", async () => {
  const { browser, autofill, seen } = scene();
  browser.answers[finish] = problem(401, "credential_unknown");
  let picks = 0;
  browser.get = (options) => (picks++ === 0 ? Promise.resolve(assertion()) : untilAborted(options.signal));
  autofill.start();
  await settle();
  assert.deepEqual(seen, { signedIn: 0, failures: ["credential_unknown"] });
  assert.equal(picks, 2);
});

test("a browser that refuses at once is not asked for ever", async () => {
  const { browser, autofill, seen } = scene();
  autofill.start();
  await settle();
  await settle();
  assert.deepEqual(seen.failures, [], "nobody has done anything");
  assert.equal(browser.bodies(begin).length, 3);
});

test("a server that is away is asked again, silently, after a while or when the network is back", async () => {
  mock.timers.enable({ apis: ["setTimeout", "Date"] });
  try {
    const { browser, page, autofill, seen } = scene();
    browser.answers[begin] = new TypeError("network");
    autofill.start();
    await settle();
    mock.timers.tick(30_000);
    await settle();
    assert.equal(browser.bodies(begin).length, 2);
    browser.answers[begin] = begun("c");
    browser.get = () => Promise.resolve(assertion());
    page.dispatchEvent(new Event("online"));
    await settle();
    assert.deepEqual(seen, { signedIn: 1, failures: [] });
  } finally {
    mock.timers.reset();
  }
});

test("a server that goes away after a passkey was picked is explained", async () => {
  mock.timers.enable({ apis: ["setTimeout", "Date"] });
  try {
    const { browser, autofill, seen } = scene();
    browser.answers[finish] = problem(503, "unavailable");
    browser.get = () => Promise.resolve(assertion());
    autofill.start();
    await settle();
    assert.deepEqual(seen.failures, ["unavailable"]);
  } finally {
    mock.timers.reset();
  }
});

test("nothing is asked of a browser without autofill", async () => {
  const { browser, autofill, seen } = scene();
  Object.assign(PublicKeyCredential, { isConditionalMediationAvailable: () => Promise.resolve(false) });
  autofill.start();
  await settle();
  assert.deepEqual(seen, { signedIn: 0, failures: [] });
  assert.equal(browser.requests.length, 0);
});
