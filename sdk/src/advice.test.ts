import assert from "node:assert/strict";
import { test } from "node:test";
import { advise } from "./advice.ts";
import { type Ceremony, HitherError, type HitherErrorCode } from "./errors.ts";
import { circumstances } from "./testing.ts";

/** Every code there is, so that a new one is not forgotten: the compiler wants a member for each. */
const codes: Record<HitherErrorCode, true> = {
  aborted: true,
  authentication_failed: true,
  body_malformed: true,
  body_too_large: true,
  busy: true,
  cancelled: true,
  ceremony_expired: true,
  ceremony_invalid: true,
  ceremony_spent: true,
  credential_exists: true,
  credential_limit: true,
  credential_unknown: true,
  cross_site: true,
  failed: true,
  headers_too_large: true,
  insecure: true,
  internal: true,
  invitation_invalid: true,
  last_credential: true,
  method_not_allowed: true,
  misdirected: true,
  name_invalid: true,
  name_taken: true,
  no_authenticator: true,
  no_screen_lock: true,
  not_found: true,
  passkey_exists: true,
  phone_timed_out: true,
  rate_limited: true,
  registration_failed: true,
  signup_closed: true,
  step_up_required: true,
  timed_out: true,
  unauthenticated: true,
  unavailable: true,
  unreachable: true,
  unsupported: true,
  unsupported_media_type: true,
  wrong_origin: true,
};

Object.defineProperty(globalThis, "location", { value: new URL("https://id.example/login"), configurable: true });

for (const code of Object.keys(codes) as HitherErrorCode[]) {
  test(`${code} has words and a next step`, () => {
    const message = advise(new HitherError(code, "Words of the server.", { ceremony: "authentication" }));
    if (code === "aborted") {
      assert.equal(message, undefined);
      return;
    }
    assert.match(message?.title ?? "", /\.$/);
    assert.match(message?.text ?? "", /[.:]$/);
  });
}

test("a late refusal while a QR code was on screen comes with the phone checklist", () => {
  const advice = advise(new HitherError("phone_timed_out", "", { ceremony: "authentication" }));
  assert.match(advice?.checklist?.join(" ") ?? "", /Bluetooth.*online.*same room.*camera/);
  assert.equal(advise(new HitherError("timed_out", "", { ceremony: "authentication" }))?.checklist, undefined);
});

test("who came back from a QR code is told which phone it takes", () => {
  const known = circumstances({ phone: true, hinted: true });
  const advice = (ceremony: Ceremony) => advise(new HitherError("cancelled", "", { ceremony, circumstances: known }));
  assert.match(advice("authentication")?.text ?? "", /phone or tablet that has yours/);
  assert.match(advice("registration")?.text ?? "", /another phone or tablet/);
  assert.deepEqual(advice("authentication")?.steps, ["scan_again", "more_ways"]);
  assert.equal(advice("authentication")?.calm, true, "nothing is wrong");
  const exists = advise(new HitherError("passkey_exists", "", { ceremony: "registration", circumstances: known }));
  assert.match(exists?.title ?? "", /Your phone/);
});

/** Where it makes no sense to offer a way on: nothing that the person could press would help, or a field waits. */
const withoutSteps = new Set([
  "credential_limit",
  "insecure",
  "invitation_invalid",
  "last_credential",
  "name_invalid",
  "name_taken",
  "signup_closed",
  "unsupported",
  "wrong_origin",
]);

test("whatever can be tried has a way on", () => {
  for (const code of Object.keys(codes) as HitherErrorCode[]) {
    const advice = advise(new HitherError(code, "Words.", { ceremony: "registration" }));
    assert.equal(advice?.steps.length === 0, withoutSteps.has(code), code);
  }
});

for (const [retryAfter, words] of [
  [1, /a second/],
  [17.2, /18 seconds/],
  [600, /10 minutes/],
] as const) {
  test(`a wait of ${retryAfter} s is said`, () => {
    assert.match(advise(new HitherError("rate_limited", "", { retryAfter }))?.text ?? "", words);
  });
}

test("a bug of ours is explained, with the number of the request where there is one", () => {
  assert.ok(advise(new TypeError("bug"))?.text);
  assert.match(advise(new HitherError("internal", "", { requestId: "r-9" }))?.text ?? "", /r-9$/);
});
