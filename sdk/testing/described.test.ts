import assert from "node:assert/strict";
import { test } from "node:test";
import { undescribed, type Exchange } from "./described.ts";

const air = { power: true, lose: 0, repeat: 0, delay_ms: 0, corrupt: false };
const good: Exchange = { method: "PUT", url: "/v1/air", asked: { lose: 1 }, status: 200, answered: air };
const problem = { type: "about:blank", title: "", status: 504, code: "timeout", detail: "late" };

test("what the control API says is described, and nothing else is", () => {
  const scans = { ...good, method: "POST", url: "/v1/phones/phone-1/scans", asked: {}, status: 504, answered: problem };
  const rows: [Partial<Exchange>, RegExp?][] = [
    [good],
    [scans],
    [{ url: "/v1/earth" }, /no such operation/],
    [{ method: "DELETE" }, /no such operation/],
    [{ url: "/v1/air?wait_ms=1" }, /\?wait_ms is not described/],
    [{ asked: undefined }, /wants a body/],
    [{ asked: { lost: 1 } }, /request\.lost is not described/],
    [{ asked: { lose: -2 } }, /request\.lose is -2/],
    [{ asked: { lose: "1" } }, /of type string, not integer/],
    [{ status: 204 }, /does not answer 204/],
    [{ answered: { ...air, lose: null } }, /of type null/],
    [{ answered: { ...air, power: undefined } }, /answer\.power/],
    [{ answered: {} }, /answer\.power is missing/],
    [{ answered: new Uint8Array(1) }, /no picture/],
    [{ ...scans, answered: { ...problem, code: "late" } }, /late is no code of a 504/],
    [{ ...scans, asked: { until: "noon" } }, /request\.until is noon/],
  ];
  for (const [change, wrong] of rows) {
    const said = undescribed({ ...good, ...change }).join("\n");
    assert.match(said, wrong ?? /^$/);
  }
});
