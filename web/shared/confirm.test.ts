import assert from "node:assert/strict";
import { test } from "node:test";
import { HitherError } from "../../sdk/src/index.ts";
import { assertion, begun, FakeBrowser } from "../../sdk/src/testing.ts";
import { confirmed } from "./confirm.ts";
import type { Messages } from "./message.ts";

const begin = "/api/v1/authentication/begin";
const stale = new HitherError("step_up_required", "");

function scene() {
  Object.defineProperty(globalThis, "document", { value: { documentElement: { dataset: {} } }, configurable: true });
  const browser = FakeBrowser.install();
  browser.answers[begin] = begun("c");
  browser.answers["/api/v1/authentication/finish"] = { body: {} };
  browser.get = () => Promise.resolve(assertion());
  const said: string[] = [];
  const messages = { tell: (message: { title: string }) => said.push(message.title), clear: () => said.push("") };
  return { browser, said, messages: messages as unknown as Messages };
}

test("what needs no fresh sign-in is done at once", async () => {
  const { browser, messages } = scene();
  assert.equal(await confirmed("ada", messages, () => Promise.resolve(7)), 7);
  assert.equal(browser.requests.length, 0);
});

test("the person confirms under their own name, and it is done again", async () => {
  const { browser, said, messages } = scene();
  let tries = 0;
  const done = await confirmed("ada", messages, () => (tries++ === 0 ? Promise.reject(stale) : Promise.resolve(7)));
  assert.equal(done, 7);
  assert.deepEqual(browser.bodies(begin), [{ name: "ada" }]);
  assert.deepEqual(said, ["Please confirm that it is you.", ""]);
});

test("it is done again once, not for ever", async () => {
  const { browser, messages } = scene();
  await assert.rejects(
    confirmed("ada", messages, () => Promise.reject(stale)),
    { code: "step_up_required" },
  );
  assert.equal(browser.bodies(begin).length, 1);
});

test("somebody who does not confirm changes nothing", async () => {
  const { browser, messages } = scene();
  browser.get = () => Promise.reject(new DOMException("", "NotAllowedError"));
  let tries = 0;
  await assert.rejects(
    confirmed("ada", messages, () => (tries++, Promise.reject(stale))),
    { code: "cancelled" },
  );
  assert.equal(tries, 1);
});

test("other failures are the caller's", async () => {
  const { browser, messages } = scene();
  await assert.rejects(
    confirmed("ada", messages, () => Promise.reject(new HitherError("not_found", ""))),
    { code: "not_found" },
  );
  assert.equal(browser.requests.length, 0);
});
