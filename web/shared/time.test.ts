import assert from "node:assert/strict";
import { test } from "node:test";
import { recent } from "./time.ts";

const minute = 60_000;

for (const [age, words] of [
  [-2 * minute, undefined],
  [-3_000, "just now"],
  [59_999, "just now"],
  [minute, "1 minute ago"],
  [59.9 * minute, "59 minutes ago"],
  [60 * minute, "1 hour ago"],
  [23.9 * 60 * minute, "23 hours ago"],
  [24 * 60 * minute, undefined],
] as const) {
  test(`${age} ms is ${words ?? "a date"}`, () => {
    assert.equal(recent(age, "en"), words);
  });
}
