import assert from "node:assert/strict";
import { mock, test } from "node:test";
import { Accepted, signalAccount } from "./signals.ts";
import { FakeBrowser, problem, settle } from "./testing.ts";

/** A signed-in person with two passkeys, in a browser that listens. */
function scene() {
  const browser = FakeBrowser.install();
  browser.answers["/api/v1/me"] = {
    body: { account: { name: "ada", display_name: "Ada" }, signal: { rp_id: "id.example", user_id: "aGFuZGxl" } },
  };
  browser.answers["/api/v1/credentials"] = { body: { credentials: [{ id: "one" }, { id: "two" }] } };
  const heard: unknown[] = [];
  const listen = (options: unknown) => {
    heard.push(options);
    return Promise.resolve();
  };
  Object.assign(PublicKeyCredential, { signalAllAcceptedCredentials: listen, signalCurrentUserDetails: listen });
  return { browser, heard };
}

const person = { rpId: "id.example", userId: "aGFuZGxl" };

test("the browser hears which passkeys count, and the person's names", async () => {
  const { browser, heard } = scene();
  assert.equal(await signalAccount(), true);
  assert.deepEqual(heard, [
    { ...person, allAcceptedCredentialIds: ["one", "two"] },
    { ...person, name: "ada", displayName: "Ada" },
  ]);
  assert.deepEqual(browser.requests.map((one) => one.method), ["GET", "GET"]);
});

test("a passkey that has just been removed does not count", async () => {
  const { browser, heard } = scene();
  const accepted = await Accepted.load();
  browser.answers["/api/v1/me"] = problem(401, "unauthenticated"); // the session went with it
  assert.equal(await accepted?.tell("one"), true);
  assert.deepEqual(heard[0], { ...person, allAcceptedCredentialIds: ["two"] });
});

test("nobody is signed in: the browser hears nothing", async () => {
  const { browser, heard } = scene();
  browser.answers["/api/v1/me"] = problem(401, "unauthenticated");
  assert.equal(await signalAccount(), false);
  browser.answers["/api/v1/me"] = { body: {} };
  browser.answers["/api/v1/credentials"] = problem(503, "unavailable");
  assert.equal(await signalAccount(), false);
  assert.deepEqual(heard, [], "half a list would hide what counts");
});

test("a browser that cannot listen is not asked, and the server neither", async () => {
  const { browser } = scene();
  Object.assign(PublicKeyCredential, { signalAllAcceptedCredentials: undefined });
  assert.equal(await signalAccount(), false);
  assert.equal(browser.requests.length, 0);
});

test("a browser that refuses, or does not answer, is no failure", async () => {
  scene();
  Object.assign(PublicKeyCredential, { signalAllAcceptedCredentials: () => Promise.reject(new Error("no")) });
  assert.equal(await signalAccount(), false);
  mock.timers.enable({ apis: ["setTimeout"] });
  try {
    Object.assign(PublicKeyCredential, { signalAllAcceptedCredentials: () => new Promise(() => {}) });
    const told = signalAccount();
    await settle();
    mock.timers.tick(1_000);
    assert.equal(await told, false);
  } finally {
    mock.timers.reset();
  }
});

test("a browser without names still hears which passkeys count", async () => {
  const { heard } = scene();
  Object.assign(PublicKeyCredential, { signalCurrentUserDetails: undefined });
  assert.equal(await signalAccount({ base: "/api/v1" }), true);
  assert.equal(heard.length, 1);
});
