import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { createInterface } from "node:readline";
import { test } from "node:test";
import { TestbedError } from "./errors.ts";
import { fakeHither, FakeControl } from "./fake-hither.ts";
import { environmentOf, flags } from "./program.ts";
import { Testbed } from "./testbed.ts";

async function refusal(promise: Promise<unknown>): Promise<TestbedError> {
  const error = await promise.then(
    () => assert.fail("it did not fail"),
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof TestbedError, String(error));
  return error;
}

/** Serves until its standard input ends. */
const serves = `
  console.log(JSON.stringify({ HITHER_TESTBED_URL: "http://127.0.0.1:1", HITHER_TESTBED_CHROMIUM: "/c", FLAGS: flags.join(" "), PID: String(process.pid) }));
  process.stdin.resume().on("end", () => process.exit(0));`;

function alive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

test("a bed is started with its options and ends when it is stopped", async (t) => {
  const hither = await fakeHither(t, serves);
  const bed = await Testbed.start({ hither, screen: { width: 800, height: 600 }, chromium: "/usr/bin/chromium" });
  assert.equal(bed.executablePath, "/c");
  assert.equal(bed.environment["FLAGS"], "--screen-size 800x600 --chromium /usr/bin/chromium");
  await bed.stop();
  assert.ok(!alive(Number(bed.environment["PID"])));
  await bed.stop();
});

test("a bed ends with the process that started it, however that ends", async (t) => {
  const hither = await fakeHither(t, serves);
  const url = new URL("testbed.js", import.meta.url).href;
  const script = `
    const { Testbed } = await import(${JSON.stringify(url)});
    console.log((await Testbed.start({ hither: ${JSON.stringify(hither)} })).environment.PID);
    setInterval(() => {}, 1000);`;
  const parent = spawn(process.execPath, ["--input-type=module", "-e", script], { stdio: ["ignore", "pipe", "inherit"] });
  const [line] = (await once(createInterface({ input: parent.stdout }), "line")) as [string];
  assert.ok(alive(Number(line)));
  parent.kill("SIGKILL");
  await once(parent, "exit");
  const end = Date.now() + 10_000;
  while (alive(Number(line))) {
    assert.ok(Date.now() < end, "the bed lives on");
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
});

test("a bed that nobody stops keeps no program from ending", async (t) => {
  const hither = await fakeHither(t, serves);
  const url = new URL("testbed.js", import.meta.url).href;
  const script = `await (await import(${JSON.stringify(url)})).Testbed.start({ hither: ${JSON.stringify(hither)} });`;
  const parent = spawn(process.execPath, ["--input-type=module", "-e", script], { stdio: "inherit" });
  const [code] = await once(parent, "exit");
  assert.equal(code, 0);
});

test("a hither that is not there is said to be missing, and where to get it", async () => {
  for (const hither of ["hither-that-is-nowhere", "/nowhere/hither"]) {
    const error = await refusal(Testbed.start({ hither }));
    assert.equal(error.code, "hither_missing");
    assert.match(error.message, /go install/);
  }
});

test("what a bed lacks is said in the words of hither testbed check", async (t) => {
  const hither = await fakeHither(
    t,
    `if (word === "check") console.log("Xvfb: not in PATH: apt-get install xvfb " + flags);
    process.exit(1);`,
  );
  const error = await refusal(Testbed.start({ hither, chromium: "/c" }));
  assert.equal(error.code, "testbed_incomplete");
  assert.match(error.message, /Xvfb: not in PATH: apt-get install xvfb --chromium,\/c/);
});

test("a bed that ends at once says why, when nothing is missing", async (t) => {
  const hither = await fakeHither(t, `if (word === "check") process.exit(0); console.error("no room"); process.exit(3);`);
  const error = await refusal(Testbed.start({ hither }));
  assert.equal(error.code, "testbed_failed");
  assert.match(error.message, /exit code 3\nno room$/);
});

test("a bed that is not ready in time is ended", async (t) => {
  const hither = await fakeHither(t, `if (word === "check") process.exit(0); setInterval(() => {}, 1000);`);
  const error = await refusal(Testbed.start({ hither, timeout: 300 }));
  assert.equal(error.code, "testbed_failed");
  assert.match(error.message, /not ready after 300 ms/);
});

test("a bed that prints something else is refused", async (t) => {
  const something = await fakeHither(t, `if (word === "check") process.exit(0); console.log("hello"); process.stdin.resume();`);
  assert.equal((await refusal(Testbed.start({ hither: something }))).code, "testbed_failed");
  const file = path.join(path.dirname(something), "pid");
  const nothing = await fakeHither(
    t,
    `(await import("node:fs")).writeFileSync(${JSON.stringify(file)}, String(process.pid)); console.log("{}"); process.stdin.resume();`,
  );
  assert.equal((await refusal(Testbed.start({ hither: nothing }))).code, "testbed_failed");
  assert.ok(!alive(Number(await readFile(file, "utf8"))));
});

test("a bed that has ended says how, whatever it is asked", async (t) => {
  const hither = await fakeHither(
    t,
    `process.on("SIGTERM", () => { console.error("the screen is gone"); process.exit(4); }); ${serves}`,
  );
  const bed = await Testbed.start({ hither });
  process.kill(Number(bed.environment["PID"]));
  const error = await refusal(bed.events()); // its end is not known yet
  assert.equal(error.code, "testbed_gone");
  assert.match(error.message, /exit code 4\nthe screen is gone/);
});

test("a bed in the environment is taken, with nothing but its variables", async (t) => {
  const control = await FakeControl.start(t);
  const bed = await Testbed.attach(control.environment);
  assert.equal(bed.executablePath, "/bed/hither-chromium");
  assert.equal(bed.environment["DISPLAY"], ":7");
  assert.equal(bed.environment["EDITOR"], undefined);
  assert.equal(control.requests[0]?.authorization, "Bearer token");
});

test("no bed in the environment is an error that says how to have one", async () => {
  for (const environment of [{}, { HITHER_TESTBED_URL: "" }, { HITHER_TESTBED_URL: "127.0.0.1:4711" }]) {
    const error = await refusal(Testbed.attach(environment));
    assert.equal(error.code, "not_attached");
    assert.match(error.message, /hither testbed run/);
  }
});

test("a bed that is gone cannot be taken", async () => {
  const error = await refusal(Testbed.attach({ HITHER_TESTBED_URL: "http://127.0.0.1:1", HITHER_TESTBED_TOKEN: "t" }));
  assert.equal(error.code, "testbed_gone");
});

test("the air is set as a whole", async (t) => {
  const control = await FakeControl.start(t);
  const bed = await Testbed.attach(control.environment);
  await bed.air({ power: false, delay: 20 });
  await bed.air();
  assert.deepEqual(
    control.requests.slice(1).map((one) => one.body),
    [{ power: false, delay_ms: 20 }, {}],
  );
});

test("events have times and know what they belong to", async (t) => {
  const control = await FakeControl.start(t);
  const time = "2026-01-02T03:04:05.006Z";
  const qr = { id: 3, time, phone: "phone-1", scan: "scan-1", kind: "qr_read", detail: "mc" };
  const off = { id: 4, time, phone: "", scan: "", kind: "power_off", detail: "" };
  control.replies["GET /v1/events?after=2&wait_ms=50"] = { body: { events: [qr, off] } };
  const bed = await Testbed.attach(control.environment);
  assert.deepEqual(await bed.events({ after: 2, wait: 50 }), [
    { ...qr, time: new Date(time) },
    { ...off, time: new Date(time) },
  ]);
});

test("the screen comes as a picture", async (t) => {
  const control = await FakeControl.start(t);
  control.replies["GET /v1/screen.png"] = { body: new Uint8Array([137, 80]) };
  const bed = await Testbed.attach(control.environment);
  assert.deepEqual([...(await bed.screenshot())], [137, 80]);
});

test("an answer that is no problem document is an error with its status", async (t) => {
  const control = await FakeControl.start(t);
  control.replies["GET /v1/screen.png"] = { status: 500, body: new TextEncoder().encode("oh"), foreign: true };
  const bed = await Testbed.attach(control.environment);
  const error = await refusal(bed.screenshot());
  assert.equal(error.code, "http_500");
  assert.match(error.message, /status 500/);
});

test("options become flags, and the bed's line becomes variables", () => {
  assert.deepEqual(flags({}), []);
  assert.deepEqual(environmentOf('{"A":"b","FLAGS":["--x"]}'), { A: "b", FLAGS: '["--x"]' });
  assert.throws(() => environmentOf("null"));
});
