// The story of signing in with a phone, played on a test bed: a real Chromium, a real terminal, a phone in software.
// Leaves pictures of the screen in demo/, and an animated one that is made of them.

import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, open, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { chromium } from "playwright-core";
import { buildSdk } from "./sdk.mjs";
import { Server } from "./server.mjs";

const root = path.resolve(import.meta.dirname, "..");
const folder = path.join(root, "demo");
const screen = { width: 1080, height: 810 };
/** How much of the screen is the browser's and the terminal's; the phone has the rest. */
const left = 760;

/** How long the screen may look as before when something is about to change, in milliseconds. */
const settling = 800;

/** Ends everything, the last first. */
const ends = [];

/** A folder that is removed at the end. */
async function temporary(name = "hither-demo") {
  const made = await mkdtemp(path.join(tmpdir(), `${name}-`));
  ends.push(() => rm(made, { recursive: true, force: true, maxRetries: 5 }));
  return made;
}

/** A window of Chromium at a place of the screen. */
async function window(bed, { x, width, more = [] }) {
  const context = await chromium.launchPersistentContext(await temporary(), {
    executablePath: bed.executablePath,
    headless: false,
    viewport: null,
    colorScheme: "light",
    reducedMotion: "reduce",
    ignoreDefaultArgs: ["--enable-automation"],
    args: [`--window-position=${x},0`, `--window-size=${width},${screen.height}`, "--test-type", ...more],
  });
  ends.push(() => context.close());
  return context.pages()[0] ?? context.waitForEvent("page");
}

/** Takes pictures of the screen, for the folder and for the animation. */
class Camera {
  #bed;
  #scratch;
  #shots = [];
  #kept = 0;

  constructor(bed, scratch) {
    this.#bed = bed;
    this.#scratch = scratch;
  }

  /** Waits until the screen stands still, at most two seconds: dialogs take their time, and glide in. */
  async #still() {
    await delay(settling);
    let last = Buffer.from(await this.#bed.screenshot());
    for (let i = 0; i < 20; i++) {
      await delay(100);
      const next = Buffer.from(await this.#bed.screenshot());
      if (next.equals(last)) {
        break;
      }
      last = next;
    }
    return last;
  }

  /** Takes a picture that the animation shows for so many milliseconds. One with a name is kept by itself, too. */
  async take(milliseconds, name) {
    const picture = await this.#still();
    const file = path.join(this.#scratch, `${this.#shots.length}.png`);
    await writeFile(file, picture);
    this.#shots.push(`${file}=${milliseconds}`);
    if (name) {
      this.#kept += 1;
      await writeFile(path.join(folder, `${String(this.#kept).padStart(2, "0")}-${name}.png`), picture);
    }
  }

  animate(file) {
    const args = ["-C", "tools", "run", "./animate", "-o", file, ...this.#shots];
    process.stdout.write(execFileSync("go", args, { cwd: root, encoding: "utf8" }));
  }
}

const whose = ({ accounts: [account], rpId }) => `${account.displayName || account.name}\n${rpId}`;

/** The words for what the phone asks. */
const questions = {
  create: (q) => ({ what: "Create a passkey?", who: whose(q) }),
  sign_in: (q) => ({ what: "Sign in?", who: whose(q) }),
};

/** The QR code is on the screen: the phone reads it, asks, and its person agrees. */
async function answer({ phone, face, camera, name, done }) {
  await camera.take(1600, `${name}-qr-code`);
  await phone.scan(undefined, { until: "asked" });
  const question = await phone.question();
  const words = { sign: "person", ...questions[question.action](question), asks: true };
  await face(words);
  await camera.take(1800, `${name}-phone-asks`);
  await face({ ...words, pressed: true });
  await camera.take(500);
  await phone.agree();
  await face({ sign: "done", what: done });
}

async function play() {
  if (!buildSdk()) {
    throw new Error("the SDK is not installed: run npm ci in sdk");
  }
  const { Testbed } = await import("../sdk/dist/testing/index.js");
  const hither = process.env.HITHER_TEST_TOOL ?? path.join(root, "bin/hither");
  const bed = await Testbed.start({ hither, chromium: process.env.HITHER_TEST_CHROMIUM, screen });
  ends.push(() => bed.stop());
  const server = await Server.start({ HITHER_NAME: "Example" });
  ends.push(() => server.stop());
  await mkdir(folder, { recursive: true });
  for (const old of await readdir(folder)) {
    await rm(path.join(folder, old));
  }
  const camera = new Camera(bed, await temporary());

  const panel = await window(bed, {
    x: left,
    width: screen.width - left,
    more: [`--app=file://${path.join(import.meta.dirname, "demo/phone.html")}`],
  });
  const face = (state) => panel.evaluate((s) => globalThis.show(s), state);
  const phone = await bed.phone({ name: "Ada's phone" });
  await phone.answers("ask");
  const locked = { sign: "lock", what: "Locked" };

  // One: a passkey.
  await face({ ...locked, step: "1 of 3", title: "Create a passkey on the phone" });
  const page = await window(bed, { x: 0, width: left });
  await page.goto(await server.firstLink());
  await page.getByLabel("User name").fill("ada");
  await page.getByLabel("Your name").fill("Ada Lovelace");
  await page.getByRole("heading", { name: "Create your passkey" }).click(); // or the address is marked
  await camera.take(2000, "create");
  await page.getByRole("button", { name: "Use a phone or tablet" }).click();
  await face({ sign: "code", what: "Reading the QR code" });
  await answer({ phone, face, camera, name: "create", done: "Passkey created" });
  await page.getByRole("link", { name: "Go to your account" }).waitFor();
  await camera.take(2200, "created");
  await page.getByRole("link", { name: "Go to your account" }).click();
  await page.waitForURL("**/account");
  await face(locked);
  await camera.take(1800);

  // Two: out, and in again.
  await page.getByRole("button", { name: "Sign out", exact: true }).click();
  await face({ ...locked, step: "2 of 3", title: "Sign out, and sign in with the phone" });
  await page.waitForURL(`${server.url}/`);
  await camera.take(1600, "signed-out");
  await page.getByRole("link", { name: "Sign in" }).click();
  await page.waitForURL("**/login");
  await camera.take(1400, "sign-in");
  await page.getByRole("button", { name: "Use a phone or tablet" }).click();
  await face({ sign: "code", what: "Reading the QR code" });
  await answer({ phone, face, camera, name: "sign-in", done: "Signed in" });
  await page.waitForURL("**/account");
  await camera.take(2000, "signed-in");

  // Three: a terminal.
  await face({ ...locked, step: "3 of 3", title: "Sign in from a terminal" });
  const terminal = await Terminal.open(bed, server, hither);
  await camera.take(1000);
  await terminal.next();
  await face({ sign: "code", what: "Reading the QR code" });
  await answer({ phone, face, camera, name: "terminal", done: "Signed in" });
  await camera.take(1200);
  await terminal.next();
  await camera.take(3500, "terminal-signed-in");
  camera.animate(path.join(folder, "hither.gif"));
}

/** An xterm over the browser's window, in which somebody types. */
class Terminal {
  #pipe;

  static async open(bed, server, hither) {
    const home = await temporary("ada");
    const pipe = path.join(home, "next");
    execFileSync("mkfifo", [pipe]);
    const child = spawn(
      "xterm",
      [
        ...["-geometry", "66x37+0+0", "-b", "17", "-bw", "0", "-fa", "DejaVu Sans Mono", "-fs", "13"],
        ...["-bg", "#10141f", "-fg", "#e6e9f2", "-cr", "#e6e9f2", "+sb"],
        ...["-e", path.join(import.meta.dirname, "demo/terminal.sh"), pipe],
      ],
      {
        env: {
          ...bed.environment,
          HOME: home,
          LANG: "C.UTF-8",
          PATH: `${path.dirname(hither)}:${process.env.PATH}`,
          TUNNEL: bed.environment.HITHER_TESTBED_TUNNEL,
          URL: server.url,
        },
        stdio: ["ignore", "ignore", "inherit"],
      },
    );
    await new Promise((resolve, reject) => {
      child.once("spawn", resolve);
      child.once("error", (cause) => reject(new Error("no xterm: apt-get install xterm fonts-dejavu-core", { cause })));
    });
    const gone = once(child, "exit");
    ends.push(() => {
      child.kill();
      return gone;
    });
    const terminal = new Terminal();
    terminal.#pipe = pipe;
    return terminal;
  }

  /** Types the next command. */
  async next() {
    const pipe = await open(this.#pipe, "w");
    await pipe.write("\n");
    await pipe.close();
  }
}

try {
  await play();
} finally {
  for (const end of ends.reverse()) {
    await end();
  }
}
