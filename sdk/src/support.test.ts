import assert from "node:assert/strict";
import { test } from "node:test";
import { autofillAvailable, obstacle, supported } from "./support.ts";
import { FakeBrowser } from "./testing.ts";

test("a browser with passkeys on a protected page", async () => {
  FakeBrowser.install();
  assert.equal(supported(), true);
  assert.equal(obstacle(), undefined);
  assert.equal(await autofillAvailable(), true);
});

test("a page without protection is told apart from a browser without passkeys", async () => {
  FakeBrowser.install();
  // Browsers leave the whole interface out there, so this question comes first.
  Object.defineProperty(globalThis, "isSecureContext", { value: false, configurable: true });
  Object.defineProperty(globalThis, "PublicKeyCredential", { value: undefined, configurable: true });
  assert.equal(obstacle()?.code, "insecure");
  assert.match(obstacle()?.message ?? "", /https:\/\/id\.example/);
  Object.defineProperty(globalThis, "isSecureContext", { value: true, configurable: true });
  assert.equal(obstacle()?.code, "unsupported");
  assert.equal(await autofillAvailable(), false);
});

test("a browser that cannot fill in passkeys, or fails to say", async () => {
  FakeBrowser.install();
  Object.assign(PublicKeyCredential, { isConditionalMediationAvailable: () => Promise.reject(new Error("no")) });
  assert.equal(await autofillAvailable(), false);
  Object.assign(PublicKeyCredential, { isConditionalMediationAvailable: undefined });
  assert.equal(await autofillAvailable(), false);
});
