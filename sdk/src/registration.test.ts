import assert from "node:assert/strict";
import { test } from "node:test";
import { createPasskey } from "./registration.ts";
import { attestation, begun, FakeBrowser, problem, settle, untilAborted } from "./testing.ts";

const begin = "/api/v1/registration/begin";
const finish = "/api/v1/registration/finish";

function browserThatCreates(): FakeBrowser {
  const browser = FakeBrowser.install();
  browser.answers[begin] = [begun("c1"), begun("c2"), begun("c3")];
  browser.answers[finish] = { status: 201, body: { account: { name: "ada" }, credential: { id: "aWQ" } } };
  browser.create = () => Promise.resolve(attestation());
  return browser;
}

test("a passkey is created", async () => {
  const browser = browserThatCreates();
  const made = await createPasskey({ name: "ada", displayName: "Ada", token: "t" });
  assert.deepEqual(made, { account: { name: "ada" }, credential: { id: "aWQ" }, attachment: "platform" });
  assert.deepEqual(browser.bodies(begin), [{ name: "ada", display_name: "Ada", token: "t" }]);
  const [sent] = browser.bodies(finish) as { ceremony: string; credential: { id: string } }[];
  assert.equal(sent?.ceremony, "c1");
  assert.equal(sent?.credential.id, "aWQ");
});

test("an API of another origin is asked for a token", async () => {
  const browser = browserThatCreates();
  const base = "https://hither.example/api/v1";
  browser.answers[`${base}/registration/begin`] = browser.answers[begin] ?? {};
  browser.answers[`${base}/registration/finish`] = { body: { session: { token: "t" } } };
  const { session } = await createPasskey({ base, name: "ada" });
  assert.equal(session?.token, "t");
  assert.deepEqual(
    browser.requests.map((one) => one.init.credentials),
    ["omit", "omit"],
  );
  const [sent] = browser.bodies(`${base}/registration/finish`) as { session: string }[];
  assert.equal(sent?.session, "bearer");
});

test("a signed-in person sends no names", async () => {
  const browser = browserThatCreates();
  await createPasskey();
  assert.deepEqual(browser.bodies(begin), [{}]);
});

test("the hint for a phone asks old browsers for another device, too", async () => {
  const browser = browserThatCreates();
  let asked: Record<string, unknown> = {};
  browser.create = (options) => {
    asked = options.publicKey;
    return Promise.resolve(attestation());
  };
  await createPasskey({ hints: ["hybrid"] });
  assert.deepEqual(asked["hints"], ["hybrid"]);
  assert.deepEqual(asked["authenticatorSelection"], { authenticatorAttachment: "cross-platform" });
});

test("what the browser refuses reaches the caller, and the server hears nothing more", async () => {
  const browser = browserThatCreates();
  browser.create = () => Promise.reject(new DOMException("", "InvalidStateError"));
  await assert.rejects(createPasskey(), { code: "passkey_exists", ceremony: "registration" });
  assert.equal(browser.bodies(finish).length, 0);
});

test("a browser that gives nothing is failed", async () => {
  const browser = browserThatCreates();
  browser.create = () => Promise.resolve(null);
  await assert.rejects(createPasskey(), { code: "failed" });
});

for (const code of ["ceremony_expired", "ceremony_invalid"]) {
  test(`${code} begins again, once`, async () => {
    const browser = browserThatCreates();
    const success = browser.answers[finish];
    browser.answers[finish] = [problem(400, code), success as object];
    await createPasskey();
    const sent = browser.bodies(finish) as { ceremony: string }[];
    assert.deepEqual(sent.map((one) => one.ceremony), ["c1", "c2"]);

    browser.answers[finish] = problem(400, code);
    await assert.rejects(createPasskey(), { code });
    assert.equal(browser.bodies(finish).length, 4);
  });
}

test("a passkey that the server refused is forgotten", async () => {
  const browser = browserThatCreates();
  browser.answers[finish] = problem(409, "name_taken");
  await assert.rejects(createPasskey({ name: "ada" }), { code: "name_taken", forgotten: true });
  assert.deepEqual(browser.forgotten, [{ rpId: "id.example", credentialId: "aWQ" }]);
});

for (const [name, answer] of [
  ["exists", problem(409, "credential_exists")],
  ["may be stored: spent", problem(409, "ceremony_spent")],
  ["may be stored: unavailable", problem(503, "unavailable")],
  ["may be stored: no answer", new TypeError("network")],
] as const) {
  test(`a passkey that ${name} is not forgotten`, async () => {
    const browser = browserThatCreates();
    browser.answers[finish] = answer;
    await assert.rejects(createPasskey());
    assert.deepEqual(browser.forgotten, []);
  });
}

test("a second ceremony ends the first", async () => {
  const browser = browserThatCreates();
  browser.create = (options) => untilAborted(options.signal);
  const first = assert.rejects(createPasskey(), { code: "aborted" });
  await settle();
  browser.create = () => Promise.resolve(attestation());
  await createPasskey();
  await first;
});

test("the caller's signal ends it", async () => {
  const browser = browserThatCreates();
  browser.create = (options) => untilAborted(options.signal);
  const caller = new AbortController();
  const pending = assert.rejects(createPasskey({ signal: caller.signal }), { code: "aborted" });
  await settle();
  caller.abort();
  await pending;
});

test("no passkeys without https", async () => {
  browserThatCreates();
  Object.defineProperty(globalThis, "isSecureContext", { value: false, configurable: true });
  await assert.rejects(createPasskey(), { code: "insecure" });
});

test("no passkeys in a browser that knows none", async () => {
  browserThatCreates();
  Object.defineProperty(globalThis, "PublicKeyCredential", { value: undefined, configurable: true });
  await assert.rejects(createPasskey(), { code: "unsupported" });
});

test("late begins where the caller says", async () => {
  const browser = browserThatCreates();
  browser.create = () => Promise.reject(new DOMException("", "NotAllowedError"));
  await assert.rejects(createPasskey({ late: 0 }), { code: "timed_out" });
  await assert.rejects(createPasskey({ late: 0, hints: ["hybrid"] }), { code: "phone_timed_out" });
  await assert.rejects(createPasskey({ hints: ["hybrid"] }), { code: "cancelled" });
});
