import assert from "node:assert/strict";
import { test } from "node:test";
import type { Circumstances } from "./circumstances.ts";
import { identifyAuthenticationError } from "./identify-authentication.ts";
import { circumstances } from "./testing.ts";

const lock = (screenLock?: boolean) => ({ capabilities: { screenLock, hybrid: true } });

const rows: [row: string, name: string, other: Partial<Circumstances>, code: string][] = [
  ["soon", "NotAllowedError", { elapsed: 999 }, "cancelled"],
  ["late", "NotAllowedError", { elapsed: 1_000 }, "timed_out"],
  ["soon, a phone was asked for", "NotAllowedError", { phone: true }, "cancelled"],
  ["at once, a phone was asked for", "NotAllowedError", { ...lock(false), phone: true, hinted: true }, "cancelled"],
  ["late, a phone was asked for", "NotAllowedError", { elapsed: 1_000, phone: true }, "phone_timed_out"],
  ["in a field, no screen lock", "NotAllowedError", { ...lock(false), waiting: true }, "cancelled"],
  ["in a field, after hours", "NotAllowedError", { elapsed: 9_000_000, waiting: true, phone: true }, "cancelled"],
  ["without a question, no screen lock", "NotAllowedError", lock(false), "no_screen_lock"],
  ["without a question, perhaps a screen lock", "NotAllowedError", lock(), "cancelled"],
  ["after a question, no screen lock", "NotAllowedError", { ...lock(false), elapsed: 250 }, "cancelled"],
  ["aborted", "AbortError", {}, "aborted"],
  ["no meaning here", "InvalidStateError", {}, "failed"],
  ["no screen lock", "ConstraintError", lock(false), "no_screen_lock"],
  ["screen lock", "ConstraintError", lock(true), "no_authenticator"],
  ["no screen lock, as Android says it", "NotSupportedError", lock(false), "no_screen_lock"],
  ["perhaps no screen lock, as old Android says it", "NotSupportedError", lock(), "no_screen_lock"],
  ["screen lock", "NotSupportedError", lock(true), "no_authenticator"],
  ["origin", "SecurityError", {}, "wrong_origin"],
  ["another script", "OperationError", {}, "busy"],
  ["password manager", "NotReadableError", {}, "failed"],
  ["password manager", "UnknownError", {}, "failed"],
];

for (const [row, name, other, code] of rows) {
  test(`get: ${name}, ${row}: ${code}`, () => {
    const cause = new DOMException("words of the browser", name);
    const known = circumstances(other);
    const error = identifyAuthenticationError(cause, known);
    assert.equal(error.code, code);
    assert.equal(error.cause, cause);
    assert.equal(error.ceremony, "authentication");
    assert.equal(error.circumstances, known);
  });
}

test("get: what is no exception of the browser is failed", () => {
  for (const cause of [undefined, null, "text", 7, {}]) {
    assert.equal(identifyAuthenticationError(cause, circumstances()).code, "failed");
  }
});

test("get: the operator reads what does not fit", () => {
  const cause = new DOMException("", "SecurityError");
  const error = identifyAuthenticationError(cause, circumstances({ rpId: undefined }));
  assert.match(error.message, /https:\/\/id\.example .* of its host$/);
});
