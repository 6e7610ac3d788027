import assert from "node:assert/strict";
import { test } from "node:test";
import { exceptionName } from "./exception.ts";

test("a name, of whatever was thrown", () => {
  assert.equal(exceptionName(new DOMException("", "NotAllowedError")), "NotAllowedError");
  assert.equal(exceptionName({ name: "AbortError" }), "AbortError"); // a password manager's own
  for (const nothing of [undefined, null, "AbortError", 7, {}]) {
    assert.equal(exceptionName(nothing), "");
  }
});
