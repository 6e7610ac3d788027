// The story of signing in with a phone, played on a test bed: a real Chromium, a real terminal, a phone in software.
// Leaves pictures of the screen in demo/, and an animated one that is made of them.

import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { copyFile, mkdir, mkdtemp, open, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { chromium } from "playwright-core";
import { buildSdk } from "./sdk.mjs";
import { Server } from "./server.mjs";

const root = path.resolve(import.meta.dirname, "..");
const hither = process.env.HITHER_TEST_TOOL ?? path.join(root, "bin/hither");
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
  #kept = [];

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
      this.#kept.push({ file, name });
    }
  }

  /** Puts the pictures into a folder, in place of what is there. */
  async develop(into) {
    const animation = path.join(this.#scratch, "hither.gif");
    const args = ["-C", "tools", "run", "./animate", "-o", animation, ...this.#shots];
    process.stdout.write(execFileSync("go", args, { cwd: root, encoding: "utf8" }));
    await rm(into, { recursive: true, force: true });
    await mkdir(into);
    await copyFile(animation, path.join(into, path.basename(animation)));
    for (const [i, { file, name }] of this.#kept.entries()) {
      await copyFile(file, path.join(into, `${String(i + 1).padStart(2, "0")}-${name}.png`));
    }
  }
}

const whose = ({ accounts: [account], rpId }) => `${account.displayName || account.name}\n${rpId}`;

/** The words for what the phone asks. */
const questions = {
  create: (q) => ({ what: "Create a passkey?", who: whose(q) }),
  sign_in: (q) => ({ what: "Sign in?", who: whose(q) }),
};

/** What the window beside the browser shows of the phone when nobody asks it for anything. */
const locked = { sign: "lock", what: "Locked" };

/** Everything on the screen, and the story. */
class Story {
  /** Makes the screen, and puts a phone and a browser on it. */
  async begin() {
    if (!buildSdk()) {
      throw new Error("the SDK is not installed: run npm ci in sdk");
    }
    try {
      execFileSync("xterm", ["-version"]);
    } catch (cause) {
      throw new Error("no xterm: apt-get install xterm fonts-dejavu-core", { cause });
    }
    const { Testbed } = await import("../sdk/dist/testing/index.js");
    this.bed = await Testbed.start({ hither, chromium: process.env.HITHER_TEST_CHROMIUM, screen });
    ends.push(() => this.bed.stop());
    this.server = await Server.start({ HITHER_NAME: "Example" });
    ends.push(() => this.server.stop());
    this.camera = new Camera(this.bed, await temporary());
    this.phone = await this.bed.phone({ name: "Ada's phone" });
    await this.phone.answers("ask");
    const face = `--app=file://${path.join(import.meta.dirname, "demo/phone.html")}`;
    this.face = await window(this.bed, { x: left, width: screen.width - left, more: [face] });
    this.page = await window(this.bed, { x: 0, width: left });
  }

  /** Shows on the phone's face what it is doing. */
  show(state) {
    return this.face.evaluate((s) => globalThis.show(s), state);
  }

  /** A QR code is about to be on the screen: the phone reads it, asks, and its person agrees. */
  async scan(name, done) {
    await this.show({ sign: "code", what: "Reading the QR code" });
    await this.camera.take(1600, `${name}-qr-code`);
    await this.phone.scan(undefined, { until: "asked" });
    const question = await this.phone.question();
    const words = { sign: "person", ...questions[question.action](question), asks: true };
    await this.show(words);
    await this.camera.take(1800, `${name}-phone-asks`);
    await this.show({ ...words, pressed: true });
    await this.camera.take(500);
    await this.phone.agree();
    await this.show({ sign: "done", what: done });
  }

  async create() {
    const { camera, page } = this;
    await this.show({ ...locked, step: "1 of 3", title: "Create a passkey on the phone" });
    await page.goto(await this.server.firstLink());
    await page.getByLabel("User name").fill("ada");
    await page.getByLabel("Your name").fill("Ada Lovelace");
    await page.getByRole("heading", { name: "Create your passkey" }).click(); // or the address is marked
    await camera.take(2000, "create");
    await page.getByRole("button", { name: "Use a phone or tablet" }).click();
    await this.scan("create", "Passkey created");
    await page.getByRole("link", { name: "Go to your account" }).waitFor();
    await camera.take(2200, "created");
    await page.getByRole("link", { name: "Go to your account" }).click();
    await page.waitForURL("**/account");
    await this.show(locked);
    await camera.take(1800);
  }

  async signIn() {
    const { camera, page } = this;
    await page.getByRole("button", { name: "Sign out", exact: true }).click();
    await this.show({ ...locked, step: "2 of 3", title: "Sign out, and sign in with the phone" });
    await page.waitForURL(`${this.server.url}/`);
    await camera.take(1600, "signed-out");
    await page.getByRole("link", { name: "Sign in" }).click();
    await page.waitForURL("**/login");
    await camera.take(1400, "sign-in");
    await page.getByRole("button", { name: "Use a phone or tablet" }).click();
    await this.scan("sign-in", "Signed in");
    await page.waitForURL("**/account");
    await camera.take(2000, "signed-in");
  }

  async signInFromTerminal() {
    const { camera } = this;
    await this.show({ ...locked, step: "3 of 3", title: "Sign in from a terminal" });
    const terminal = await Terminal.open(this.bed, this.server.url);
    await camera.take(1000);
    await terminal.next();
    await this.scan("terminal", "Signed in");
    await camera.take(1200);
    await terminal.next();
    await camera.take(3500, "terminal-signed-in");
  }
}

/** An xterm over the browser's window, in which somebody types. */
class Terminal {
  #pipe;

  static async open(bed, url) {
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
          URL: url,
        },
        stdio: ["ignore", "ignore", "inherit"],
      },
    );
    const gone = once(child, "exit");
    ends.push(() => {
      child.kill();
      return gone;
    });
    const terminal = new Terminal();
    terminal.#pipe = await open(pipe, "r+"); // which waits for nobody to read
    ends.push(() => terminal.#pipe.close());
    return terminal;
  }

  /** Types the next command. */
  async next() {
    await this.#pipe.write("\n");
  }
}

try {
  const story = new Story();
  await story.begin();
  await story.create();
  await story.signIn();
  await story.signInFromTerminal();
  await story.camera.develop(path.join(root, "demo"));
} finally {
  for (const end of ends.reverse()) {
    await end();
  }
}
