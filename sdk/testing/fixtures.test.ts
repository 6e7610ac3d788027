import assert from "node:assert/strict";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { test, type TestContext } from "node:test";
import { FakeControl } from "./fake-hither.ts";
import { hither } from "./fixtures.ts";
import type { Phone } from "./phone.ts";
import { Testbed } from "./testbed.ts";

/** Puts variables into the environment of this process while a test runs. */
function environment(t: TestContext, variables: Record<string, string>): void {
  Object.assign(process.env, variables);
  t.after(() => Object.keys(variables).forEach((name) => delete process.env[name]));
}

test("the first worker takes the bed that is there, and no other does", async (t) => {
  const control = await FakeControl.start(t);
  environment(t, control.environment);
  const [fixture] = hither.testbed;
  const args = { testbedOptions: { hither: "/nowhere/hither" }, testbed: undefined!, launchOptions: {}, browserName: "chromium" };
  let used: Testbed | undefined;
  await fixture(args, async (bed) => void (used = bed), { parallelIndex: 0 });
  assert.equal(used?.executablePath, "/bed/hither-chromium");
  await assert.rejects(fixture(args, async () => assert.fail(), { parallelIndex: 1 }), { code: "hither_missing" });
});

test("the browser is the bed's, with the options of the configuration", async (t) => {
  const testbed = await Testbed.attach((await FakeControl.start(t)).environment);
  const [fixture] = hither.launchOptions;
  const args = { testbedOptions: {}, testbed, launchOptions: { args: ["--lang=de"], executablePath: "/x" }, browserName: "chromium" };
  let used: unknown;
  await fixture(args, async (options) => void (used = options), { parallelIndex: 0 });
  assert.deepEqual(used, { args: ["--lang=de"], executablePath: "/bed/hither-chromium" });
  const firefox = fixture({ ...args, browserName: "firefox" }, async () => assert.fail(), { parallelIndex: 0 });
  await assert.rejects(firefox, { code: "browser_unsupported" });
  assert.deepEqual(hither.headless, [false, { scope: "worker" }]);
});

/** Runs the fixture of a phone in a test that ends with this status; resolves to what was attached to it. */
async function withPhone(t: TestContext, control: FakeControl, status: string): Promise<Record<string, string>> {
  const results = await mkdtemp(path.join(tmpdir(), "hither-results-"));
  t.after(() => rm(results, { recursive: true, force: true }));
  const event = { id: 7, time: "2026-01-02T03:04:05Z", phone: "phone-1", scan: "", kind: "phone_made", detail: "phone" };
  control.replies["GET /v1/events?after=0&wait_ms=0"] = { body: { events: [event] } };
  control.replies["GET /v1/events?after=7&wait_ms=0"] = { body: { events: [{ ...event, id: 8 }] } };
  control.replies["GET /v1/screen.png"] = { body: new TextEncoder().encode("picture") };
  control.replies["POST /v1/phones"] = { status: 201, body: control.phone() };
  control.replies["DELETE /v1/phones/phone-1"] = { status: 204 };
  const attached: Record<string, string> = {};
  const info = {
    title: "a test",
    status,
    expectedStatus: "passed",
    outputPath: (...segments: string[]) => path.join(results, ...segments),
    attach: async (name: string, { path: file }: { path: string }) => void (attached[name] = await readFile(file, "utf8")),
  };
  const testbed = await Testbed.attach(control.environment);
  let phone: Phone | undefined;
  await hither.phone({ testbedOptions: {}, testbed }, async (made) => void (phone = made), info);
  assert.equal(phone?.id, "phone-1");
  return attached;
}

test("a phone goes when its test is over, and nothing is kept of a good one", async (t) => {
  const control = await FakeControl.start(t);
  assert.deepEqual(await withPhone(t, control, "passed"), {});
  assert.equal(control.requests.at(-1)?.method, "DELETE");
});

test("a test that failed has the screen and its own events with it", async (t) => {
  const control = await FakeControl.start(t);
  const attached = await withPhone(t, control, "failed");
  assert.equal(attached["test bed: screen.png"], "picture");
  const events = JSON.parse(attached["test bed: events.json"]!) as { id: number }[];
  assert.deepEqual(events.map((one) => one.id), [8]);
  assert.equal(control.requests.at(-1)?.method, "DELETE");
});
