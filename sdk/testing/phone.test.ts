import assert from "node:assert/strict";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { test, type TestContext } from "node:test";
import { TestbedError } from "./errors.ts";
import { FakeControl } from "./fake-hither.ts";
import type { Phone, PhoneOptions } from "./phone.ts";
import { Testbed } from "./testbed.ts";

async function aPhone(t: TestContext, options: PhoneOptions = {}): Promise<{ control: FakeControl; phone: Phone }> {
  const control = await FakeControl.start(t);
  control.replies["POST /v1/phones"] = { status: 201, body: control.phone() };
  control.replies["PATCH /v1/phones/phone-1"] = { body: control.phone() };
  const bed = await Testbed.attach(control.environment);
  return { control, phone: await bed.phone(options) };
}

/** What the control API was asked, from the nth request on. */
function asked(control: FakeControl, from: number): [string, unknown][] {
  return control.requests.slice(from).map((one) => [`${one.method} ${one.path}`, one.body]);
}

async function refusal(promise: Promise<unknown>): Promise<TestbedError> {
  const error = await promise.then(
    () => assert.fail("it did not fail"),
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof TestbedError, String(error));
  return error;
}

const started_at = "2026-01-02T03:04:05Z";
const read = { id: "scan-1", state: "read", started_at, read_at: started_at };
const answered = { ...read, state: "answered", answered_at: started_at };
/** What the API says when it cannot take a picture of the screen. */
const noPicture = { status: 500, body: { code: "internal", detail: "something went wrong here" } };

test("a phone is made as it is wanted, and keeps where its pictures go to itself", async (t) => {
  const { control, phone } = await aPhone(t, { name: "ada's", backup: "device_bound", counting: true, results: "/x" });
  assert.deepEqual(asked(control, 1), [["POST /v1/phones", { name: "ada's", backup: "device_bound", counting: true }]]);
  assert.equal(phone.id, "phone-1");
});

test("a scan brings the page to the front first and says when things happened", async (t) => {
  const { control, phone } = await aPhone(t);
  control.replies["POST /v1/phones/phone-1/scans"] = { body: answered };
  let before = -1;
  const page = { bringToFront: async () => void (before = control.requests.length) };
  const scan = await phone.scan(page, { timeout: 5_000 });
  assert.equal(before, 2);
  assert.deepEqual(asked(control, 2), [["POST /v1/phones/phone-1/scans", { until: "answered", timeout_ms: 5_000 }]]);
  assert.deepEqual(scan.first, {
    state: "answered",
    error: undefined,
    startedAt: new Date(started_at),
    readAt: new Date(started_at),
    answeredAt: new Date(started_at),
  });
});

test("a scan that goes on can be awaited and ended", async (t) => {
  const { control, phone } = await aPhone(t);
  control.replies["POST /v1/phones/phone-1/scans"] = { body: read };
  control.replies["GET /v1/phones/phone-1/scans/scan-1"] = [{ body: read }, { body: { ...answered, state: "ended" } }];
  control.replies["DELETE /v1/phones/phone-1/scans/scan-1"] = { status: 204 };
  const scan = await phone.scan(undefined, { until: "read", text: "FIDO:/1" });
  assert.equal(scan.first.answeredAt, undefined);
  assert.equal((await scan.answered()).state, "ended");
  await scan.hangUp();
  assert.deepEqual(control.requests[2]?.body, { until: "read", timeout_ms: 15_000, text: "FIDO:/1" });
});

test("a scan that ends without an answer says why", async (t) => {
  const { control, phone } = await aPhone(t);
  control.replies["POST /v1/phones/phone-1/scans"] = { body: read };
  const error = { code: "dropped", detail: "the browser hung up" };
  control.replies["GET /v1/phones/phone-1/scans/scan-1"] = [
    { body: { ...read, state: "ended", error } },
    { body: { ...read, state: "asked" } },
  ];
  const scan = await phone.scan();
  const dropped = await refusal(scan.answered());
  assert.deepEqual([dropped.code, dropped.message], ["dropped", "the browser hung up"]);
  assert.equal((await refusal(scan.answered({ timeout: 0 }))).code, "timeout");
});

test("a scan that fails keeps a picture of the screen beside the results", async (t) => {
  const results = await mkdtemp(path.join(tmpdir(), "hither-results-"));
  t.after(() => rm(results, { recursive: true, force: true }));
  const { control, phone } = await aPhone(t, { results: path.join(results, "new") });
  const detail = "no QR code came in time";
  control.replies["POST /v1/phones/phone-1/scans"] = { status: 504, body: { code: "no_qr_code", detail } };
  control.replies["GET /v1/screen.png"] = { body: new Uint8Array([1, 2, 3]) };
  const error = await refusal(phone.scan());
  assert.equal(error.code, "no_qr_code");
  assert.equal(error.screenshot, path.join(results, "new", "screen-phone-1-1.png"));
  assert.ok(error.message.startsWith("phone: no QR code came in time\n"));
  assert.ok(error.message.includes(error.screenshot));
  assert.deepEqual([...(await readFile(error.screenshot))], [1, 2, 3]);
  assert.notEqual((await refusal(phone.scan())).screenshot, error.screenshot);
});

test("a scan that ends badly after its answer has answered", async (t) => {
  const { control, phone } = await aPhone(t);
  const error = { code: "connection_lost", detail: "the tunnel went away" };
  control.replies["POST /v1/phones/phone-1/scans"] = { body: { ...answered, state: "ended", error } };
  assert.deepEqual((await phone.scan()).first.error, error);
});

test("a scan that did not get as far as it should fails", async (t) => {
  const { control, phone } = await aPhone(t);
  const error = { code: "dropped", detail: "the tunnel went away" };
  control.replies["POST /v1/phones/phone-1/scans"] = { body: { ...read, state: "ended", error } };
  control.replies["GET /v1/screen.png"] = noPicture;
  const dropped = await refusal(phone.scan());
  assert.deepEqual([dropped.code, dropped.message], ["dropped", "the tunnel went away"]);
});

test("a scan fails for its own reason when there is no picture to be had", async (t) => {
  const { control, phone } = await aPhone(t);
  control.replies["POST /v1/phones/phone-1/scans"] = { status: 409, body: { code: "superseded", detail: "again" } };
  control.replies["GET /v1/screen.png"] = noPicture;
  const error = await refusal(phone.scan());
  assert.deepEqual([error.code, error.message, error.screenshot], ["superseded", "again", undefined]);
});

test("a scan that is not in time says what it waited for", async (t) => {
  const { control, phone } = await aPhone(t);
  control.replies["POST /v1/phones/phone-1/scans"] = { status: 504, body: { code: "timeout", detail: "not in time" } };
  control.replies["GET /v1/screen.png"] = noPicture;
  const so = async (...kinds: string[]) => {
    const events = kinds.map((kind, i) => ({ id: i + 2, time: started_at, phone: "phone-1", scan: "scan-2", kind, detail: "" }));
    const before = { id: 1, time: started_at, phone: "phone-1", scan: "scan-1", kind: "handshake_done", detail: "" };
    const other = { ...before, id: 99, phone: "phone-2", scan: "scan-3" };
    control.replies["GET /v1/events"] = { body: { events: [before, ...events, other] } };
    const { code, message } = await refusal(phone.scan(undefined, { timeout: 200 }));
    assert.match(message, /^after 200 ms /);
    return [code, message];
  };
  const [code, message] = await so("qr_read", "advertising", "closed");
  assert.deepEqual([code, /no browser had come/.test(message!)], ["nobody_came", true]);
  assert.match((await so("qr_read", "handshake_done"))[1]!, /asked nothing/);
  assert.match((await so("handshake_done", "request_received"))[1]!, /had not answered/);
  assert.match((await so("handshake_done", "request_received", "asked"))[1]!, /call agree/);
  assert.match((await so("handshake_done", "request_received", "asked", "agreed"))[1]!, /had not answered/);
});

test("yes and no are for ever, until the phone asks", async (t) => {
  const { control, phone } = await aPhone(t);
  const question = { action: "sign_in", rp_id: "shop.example", rp_name: "", accounts: [{ name: "ada", display_name: "Ada" }] };
  control.replies["GET /v1/phones/phone-1/question?wait_ms=15000"] = { body: question };
  control.replies["POST /v1/phones/phone-1/answer"] = { status: 204 };
  await phone.decline();
  await phone.agree();
  await phone.answers("ask");
  assert.deepEqual(await phone.question(), {
    action: "sign_in",
    rpId: "shop.example",
    rpName: "",
    accounts: [{ name: "ada", displayName: "Ada" }],
  });
  await phone.agree({ account: 1, verified: false });
  await phone.decline();
  const [manner, ask, answer] = [
    "PATCH /v1/phones/phone-1",
    "GET /v1/phones/phone-1/question?wait_ms=15000",
    "POST /v1/phones/phone-1/answer",
  ];
  assert.deepEqual(asked(control, 2), [
    [manner, { answer: "decline" }],
    [manner, { answer: "agree" }],
    [manner, { answer: "ask" }],
    [ask, undefined],
    [ask, undefined],
    [answer, { agree: true, account: 1, verified: false }],
    [ask, undefined],
    [answer, { agree: false }],
  ]);
});

test("faults are set as a whole", async (t) => {
  const { control, phone } = await aPhone(t);
  await phone.faults("tunnel_404", "slow_user_3s");
  await phone.faults();
  assert.deepEqual(
    control.requests.slice(2).map((one) => one.body),
    [{ faults: ["tunnel_404", "slow_user_3s"] }, { faults: [] }],
  );
});

test("passkeys can be looked at and forgotten", async (t) => {
  const { control, phone } = await aPhone(t);
  const wire = { rp_id: "shop.example", user_name: "ada", user_display_name: "Ada", created_at: started_at };
  control.replies["GET /v1/phones/phone-1"] = { body: control.phone({ passkeys: [{ id: "a-_", ...wire }, { id: "b", ...wire }] }) };
  control.replies["DELETE /v1/phones/phone-1/passkeys/a-_"] = { status: 204 };
  control.replies["DELETE /v1/phones/phone-1/passkeys/b"] = { status: 204 };
  control.replies["DELETE /v1/phones/phone-1"] = { status: 204 };
  const [first] = await phone.passkeys();
  assert.deepEqual(first, {
    id: "a-_",
    rpId: "shop.example",
    userName: "ada",
    userDisplayName: "Ada",
    createdAt: new Date(started_at),
  });
  await phone.forget(first);
  await phone.forget("b");
  await phone.forget();
  await phone.remove();
  const gone = asked(control, 3).map(([what]) => what);
  const all = ["DELETE /v1/phones/phone-1/passkeys/a-_", "DELETE /v1/phones/phone-1/passkeys/b"];
  assert.deepEqual(gone, [...all, "GET /v1/phones/phone-1", ...all, "DELETE /v1/phones/phone-1"]);
});
