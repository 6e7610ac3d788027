import assert from "node:assert/strict";
import { test } from "node:test";
import { HitherError } from "./errors.ts";
import { request } from "./request.ts";
import { FakeBrowser, problem } from "./testing.ts";

async function refusal(promise: Promise<unknown>): Promise<HitherError> {
  const error = await promise.then(
    () => assert.fail("it did not fail"),
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof HitherError);
  return error;
}

test("a request goes to this origin, as JSON, with its cookies and no cache", async () => {
  const browser = FakeBrowser.install();
  browser.answers["/api/v1/me"] = { body: { hello: 1 } };
  assert.deepEqual(await request("/me", { body: { a: 1, b: undefined } }), { hello: 1 });
  const [sent] = browser.requests;
  assert.equal(sent?.method, "POST");
  assert.deepEqual(sent?.body, { a: 1 });
  assert.equal(sent?.init.credentials, "same-origin");
  assert.equal(sent?.init.cache, "no-store");
  assert.equal(sent?.init.redirect, "error");
  assert.equal(new Headers(sent?.init.headers).get("Content-Type"), "application/json");
});

test("a request without a body has no content type, and 204 is undefined", async () => {
  const browser = FakeBrowser.install();
  browser.answers["/elsewhere/sessions"] = { status: 204 };
  assert.equal(await request("/sessions", { base: "/elsewhere", method: "DELETE" }), undefined);
  assert.equal(new Headers(browser.requests[0]?.init.headers).get("Content-Type"), null);
});

test("a problem document becomes an error with its code", async () => {
  const browser = FakeBrowser.install();
  browser.answers["/api/v1/x"] = { ...problem(429, "rate_limited"), headers: { "Retry-After": "17" } };
  const error = await refusal(request("/x"));
  assert.equal(error.code, "rate_limited");
  assert.equal(error.message, "detail of rate_limited");
  assert.equal(error.status, 429);
  assert.equal(error.requestId, "r-1");
  assert.equal(error.retryAfter, 17);
});

for (const [status, code] of [
  [401, "unauthenticated"],
  [404, "not_found"],
  [429, "rate_limited"],
  [500, "internal"],
  [502, "unavailable"],
  [503, "unavailable"],
] as const) {
  test(`${status} without a problem document is ${code}`, async () => {
    const browser = FakeBrowser.install();
    browser.answers["/api/v1/x"] = { status, body: "a proxy's page" };
    assert.equal((await refusal(request("/x"))).code, code);
  });
}

test("no answer is unreachable", async () => {
  FakeBrowser.install();
  const error = await refusal(request("/x"));
  assert.equal(error.code, "unreachable");
  assert.ok(error.cause instanceof TypeError);
});

test("no answer from another origin says what it may be", async () => {
  FakeBrowser.install();
  const error = await refusal(request("/x", { base: "https://hither.example/api/v1" }));
  assert.equal(error.code, "unreachable");
  assert.match(error.message, /related_origins/);
});

test("a base that is no address is unreachable", async () => {
  FakeBrowser.install();
  assert.equal((await refusal(request("/x", { base: "https://" }))).code, "unreachable");
});

test("a success that is no JSON is unreachable", async () => {
  FakeBrowser.install();
  globalThis.fetch = () => Promise.resolve(new Response("<html>a captive portal"));
  assert.equal((await refusal(request("/x"))).code, "unreachable");
});

test("the caller's abort is aborted", async () => {
  const browser = FakeBrowser.install();
  assert.equal((await refusal(request("/x", { signal: AbortSignal.abort() }))).code, "aborted");
  assert.equal(browser.requests.length, 0);
});
