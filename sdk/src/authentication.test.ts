import assert from "node:assert/strict";
import { mock, test } from "node:test";
import { signIn } from "./authentication.ts";
import { assertion, begun, FakeBrowser, problem, settle, untilAborted } from "./testing.ts";

const begin = "/api/v1/authentication/begin";
const finish = "/api/v1/authentication/finish";

function browserThatSigns(): FakeBrowser {
  const browser = FakeBrowser.install();
  browser.answers[begin] = [begun("c1"), begun("c2"), begun("c3"), begun("c4")];
  browser.answers[finish] = { body: { account: { name: "ada" } } };
  browser.get = () => Promise.resolve(assertion());
  return browser;
}

test("somebody signs in without a user name", async () => {
  const browser = browserThatSigns();
  let mediation: string | undefined = "none asked";
  browser.get = (options) => {
    mediation = options.mediation;
    return Promise.resolve(assertion());
  };
  assert.deepEqual(await signIn(), { account: { name: "ada" }, attachment: "cross-platform" });
  assert.deepEqual(browser.bodies(begin), [{}]);
  assert.equal(mediation, undefined);
  const [sent] = browser.bodies(finish) as { ceremony: string }[];
  assert.equal(sent?.ceremony, "c1");
});

test("a user name and hints reach server and browser", async () => {
  const browser = browserThatSigns();
  let hints: string[] | undefined;
  browser.get = (options) => {
    hints = options.publicKey.hints;
    return Promise.resolve(assertion());
  };
  await signIn({ name: "ada", hints: ["hybrid"] });
  assert.deepEqual(browser.bodies(begin), [{ name: "ada" }]);
  assert.deepEqual(hints, ["hybrid"]);
});

test("the API may be elsewhere on this origin", async () => {
  const browser = browserThatSigns();
  browser.answers["/id/api/v1/authentication/begin"] = begun("c");
  browser.answers["/id/api/v1/authentication/finish"] = {};
  await signIn({ base: "/id/api/v1" });
  assert.equal(browser.bodies(begin).length, 0);
});

test("with an API of another origin there are no cookies, and the session is a token", async () => {
  const browser = browserThatSigns();
  const base = "https://hither.example/api/v1";
  browser.answers[`${base}/authentication/begin`] = begun("c");
  browser.answers[`${base}/authentication/finish`] = { body: { session: { token: "t" } } };
  const { session } = await signIn({ base });
  assert.equal(session.token, "t");
  assert.deepEqual(
    browser.requests.map((one) => one.init.credentials),
    ["omit", "omit"],
  );
  const [sent] = browser.bodies(`${base}/authentication/finish`) as { session: string }[];
  assert.equal(sent?.session, "bearer");
});

test("with an API of this origin nobody asks for a token, however its address is spelt", async () => {
  for (const base of ["/api/v1", "https://id.example/api/v1", "//id.example/api/v1"]) {
    const browser = browserThatSigns();
    browser.answers[`${base}/authentication/begin`] = begun("c");
    browser.answers[`${base}/authentication/finish`] = {};
    await signIn({ base });
    assert.deepEqual(
      browser.requests.map((one) => one.init.credentials),
      ["same-origin", "same-origin"],
    );
    const [, sent] = browser.requests.map((one) => Object.keys(one.body as object));
    assert.deepEqual(sent, ["ceremony", "credential"]);
  }
});

test("a passkey that the server does not know is forgotten", async () => {
  const browser = browserThatSigns();
  browser.answers[finish] = problem(401, "credential_unknown");
  await assert.rejects(signIn(), { code: "credential_unknown", forgotten: true, requestId: "r-1" });
  assert.deepEqual(browser.forgotten, [{ rpId: "id.example", credentialId: "aWQ" }]);
});

test("a browser that cannot forget, or will not, is no other failure", async () => {
  const browser = browserThatSigns();
  browser.answers[finish] = problem(401, "credential_unknown");
  Object.assign(PublicKeyCredential, { signalUnknownCredential: () => Promise.reject(new Error("no")) });
  await assert.rejects(signIn(), { code: "credential_unknown", forgotten: false });
  Object.assign(PublicKeyCredential, { signalUnknownCredential: undefined });
  await assert.rejects(signIn(), { code: "credential_unknown", forgotten: false });
});

test("a passkey that merely failed is not forgotten", async () => {
  const browser = browserThatSigns();
  browser.answers[finish] = problem(401, "authentication_failed");
  await assert.rejects(signIn(), { code: "authentication_failed", forgotten: false });
  assert.deepEqual(browser.forgotten, []);
});

test("an expired ceremony begins again", async () => {
  const browser = browserThatSigns();
  browser.answers[finish] = [problem(400, "ceremony_expired"), { body: {} }];
  await signIn();
  const sent = browser.bodies(finish) as { ceremony: string }[];
  assert.deepEqual(sent.map((one) => one.ceremony), ["c1", "c2"]);
});

test("late begins where the caller says", async () => {
  const browser = browserThatSigns();
  browser.get = () => Promise.reject(new DOMException("", "NotAllowedError"));
  await assert.rejects(signIn({ late: 0 }), { code: "timed_out" });
  await assert.rejects(signIn({ late: 0, hints: ["hybrid"] }), { code: "phone_timed_out" });
  await assert.rejects(signIn({ late: 0, mode: "autofill" }), { code: "cancelled" });
  await assert.rejects(signIn(), { code: "cancelled" });
});

test("a ceremony that is replaced while its error is explained is the replaced one", async () => {
  const browser = browserThatSigns();
  let answer: ((able: object) => void) | undefined;
  Object.assign(PublicKeyCredential, { getClientCapabilities: () => new Promise((resolve) => (answer = resolve)) });
  browser.get = () => Promise.reject(new DOMException("", "NotAllowedError"));
  const first = assert.rejects(signIn(), { code: "aborted" });
  await settle();
  browser.get = () => Promise.resolve(assertion());
  await signIn();
  answer?.({});
  await first;
});

test("autofill waits, makes room for a button, and is not begun by it again", async () => {
  const browser = browserThatSigns();
  let mediation: string | undefined;
  browser.get = (options) => {
    mediation = options.mediation;
    return untilAborted(options.signal);
  };
  const waiting = assert.rejects(signIn({ mode: "autofill" }), { code: "aborted" });
  await settle();
  assert.equal(mediation, "conditional");
  browser.get = () => Promise.resolve(assertion());
  await signIn();
  await waiting;
  assert.equal(browser.bodies(begin).length, 2);
});

test("autofill that comes late does not end what a button began", async () => {
  const browser = browserThatSigns();
  let answer: ((passkey: object) => void) | undefined;
  browser.get = () => new Promise((resolve) => (answer = resolve));
  const pressed = signIn();
  await settle();
  await assert.rejects(signIn({ mode: "autofill" }), { code: "aborted" });
  answer?.(assertion());
  await pressed;
});

test("a new autofill takes over from an old one", async () => {
  const browser = browserThatSigns();
  browser.get = (options) => untilAborted(options.signal);
  const old = assert.rejects(signIn({ mode: "autofill" }), { code: "aborted" });
  await settle();
  browser.get = () => Promise.resolve(assertion());
  await signIn({ mode: "autofill" });
  await old;
});

test("autofill is renewed before its ceremony runs out", async () => {
  mock.timers.enable({ apis: ["setTimeout", "Date"] });
  try {
    const browser = browserThatSigns();
    browser.get = (options) => untilAborted(options.signal);
    const waiting = signIn({ mode: "autofill" });
    await settle();
    mock.timers.tick(269_000);
    await settle();
    assert.equal(browser.bodies(begin).length, 1);
    browser.get = () => Promise.resolve(assertion());
    mock.timers.tick(1_000);
    await waiting;
    const sent = browser.bodies(finish) as { ceremony: string }[];
    assert.deepEqual(sent.map((one) => one.ceremony), ["c2"]);
  } finally {
    mock.timers.reset();
  }
});

test("autofill is renewed when the page comes back after the computer slept", async () => {
  mock.timers.enable({ apis: ["setTimeout", "Date"] });
  const page = new EventTarget();
  Object.defineProperty(globalThis, "document", { value: page, configurable: true });
  try {
    const browser = browserThatSigns();
    browser.get = (options) => untilAborted(options.signal);
    const waiting = signIn({ mode: "autofill" });
    await settle();
    page.dispatchEvent(new Event("visibilitychange"));
    await settle();
    assert.equal(browser.bodies(begin).length, 1, "back soon: nothing to renew");
    mock.timers.setTime(Date.now() + 3_600_000); // an hour, in which no timer ran
    browser.get = () => Promise.resolve(assertion());
    page.dispatchEvent(new Event("visibilitychange"));
    await waiting;
    assert.equal(browser.bodies(begin).length, 2);
  } finally {
    mock.timers.reset();
    Reflect.deleteProperty(globalThis, "document");
  }
});

test("a new autofill that finds no server says so", async () => {
  const browser = browserThatSigns();
  browser.answers[begin] = new TypeError("network");
  await assert.rejects(signIn({ mode: "autofill" }), { code: "unreachable", ceremony: undefined });
});

test("a finish that finds no server is told apart from a begin", async () => {
  const browser = browserThatSigns();
  browser.answers[finish] = new TypeError("network");
  await assert.rejects(signIn({ mode: "autofill" }), { code: "unreachable", ceremony: "authentication" });
});
