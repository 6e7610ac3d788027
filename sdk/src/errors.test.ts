import assert from "node:assert/strict";
import { test } from "node:test";
import { type Ceremony, HitherError, identify } from "./errors.ts";

const calm = new AbortController().signal;

const rows: [name: string, ceremony: Ceremony, elapsed: number, code: string][] = [
  ["NotAllowedError", "authentication", 2_000, "cancelled"],
  ["NotAllowedError", "authentication", 29_999, "cancelled"],
  ["NotAllowedError", "authentication", 30_000, "timed_out"],
  ["NotAllowedError", "registration", 300_000, "timed_out"],
  ["AbortError", "registration", 5, "aborted"],
  ["InvalidStateError", "registration", 5, "passkey_exists"],
  ["InvalidStateError", "authentication", 5, "failed"],
  ["NotSupportedError", "registration", 5, "no_authenticator"],
  ["ConstraintError", "registration", 5, "no_authenticator"],
  ["SecurityError", "authentication", 5, "wrong_origin"],
  ["NotReadableError", "authentication", 5, "failed"],
  ["UnknownError", "authentication", 5, "failed"],
];

for (const [name, ceremony, elapsed, code] of rows) {
  test(`${name} after ${elapsed} ms of ${ceremony} is ${code}`, () => {
    const cause = new DOMException("words of the browser", name);
    const error = identify(cause, ceremony, elapsed, calm);
    assert.equal(error.code, code);
    assert.equal(error.cause, cause);
    assert.equal(error.ceremony, ceremony);
    assert.equal(error.elapsed, elapsed);
  });
}

test("whatever is thrown after an abort is the abort", () => {
  const cause = new DOMException("", "NotAllowedError");
  assert.equal(identify(cause, "authentication", 5, AbortSignal.abort()).code, "aborted");
});

test("what is no exception of the browser is failed", () => {
  for (const cause of [undefined, null, "text", 7, {}]) {
    assert.equal(identify(cause, "registration", 5, calm).code, "failed");
  }
});

test("an error of ours stays as it is", () => {
  const own = new HitherError("failed", "own");
  assert.equal(identify(own, "registration", 5, calm), own);
});
