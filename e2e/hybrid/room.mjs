// A room: a computer with a real Chromium that draws its own dialogs, phones in software, a server. No hardware.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, mkdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, test } from "node:test";
import { promisify } from "node:util";
import { chromium } from "playwright-core";
import { Device, Stage } from "../scene.mjs";
import { folder } from "../screenshots.mjs";
import { Server } from "../server.mjs";
import { lack, startBed } from "./bed.mjs";

const run = promisify(execFile);

/** Longest time that anything may take to happen. */
const patience = 15_000;

let computer;

after(async () => {
  await (await computer?.catch(() => {}))?.stop();
});

/** Why there can be no scene here, in one line; "" when there can. Fails for what is no lack of a program, and where CI is set. */
async function lacking() {
  try {
    await (computer ??= Computer.start());
    return "";
  } catch (error) {
    return lack(error);
  }
}

/**
 * Plays one scene, in a room with nobody in it. Settings are HITHER_… variables of its server. Without the programs
 * that a test bed needs it is skipped, but not where CI is set.
 */
export function scene(name, play, { settings = {} } = {}) {
  test(name, { timeout: 90_000 }, async (t) => {
    const lacks = await lacking();
    if (lacks) {
      t.skip(lacks);
      return;
    }
    const room = await Room.open(await computer, settings);
    try {
      await play(room);
      room.judge();
    } catch (error) {
      await room.witness(name);
      throw error;
    } finally {
      await room.close();
    }
  });
}

function press(bed, key) {
  return run("xdotool", ["key", key], { env: { ...process.env, ...bed.environment } });
}

/** What the scenes of a file have in common: a test bed of their own, and a browser that lives on it. */
class Computer {
  constructor(bed, browser, home) {
    this.bed = bed;
    this.browser = browser;
    this.home = home;
    this.log = path.join(home, "chromium.log");
  }

  static async start() {
    const bed = await startBed();
    const home = await mkdtemp(path.join(tmpdir(), "hither-room-"));
    try {
      await press(bed, "Escape"); // to nobody: is there a keyboard?
      const args = ["--enable-logging", `--log-file=${path.join(home, "chromium.log")}`, "--vmodule=device_event_log*=1"];
      const browser = await chromium.launch({ executablePath: bed.executablePath, headless: false, args });
      return new Computer(bed, browser, home);
    } catch (error) {
      await bed.stop();
      await rm(home, { recursive: true, force: true });
      throw error;
    }
  }

  async stop() {
    await this.browser.close();
    await this.bed.stop();
    await rm(this.home, { recursive: true, force: true });
  }
}

/** A scene's stage: people at the computer, their phones, a server of their own. */
class Room extends Stage {
  #computer;
  #phones = [];
  #logged = 0;
  #last = 0;

  static async open(computer, settings) {
    const room = new Room(computer.browser, await Server.start(settings));
    room.#computer = computer;
    room.#logged = (await stat(computer.log)).size;
    room.#last = (await computer.bed.events()).at(-1)?.id ?? 0;
    return room;
  }

  get bed() {
    return this.#computer.bed;
  }

  /** Somebody at the computer, in a window of its own. The authenticators are real: there is none but phones. */
  async desk() {
    const context = await this.profile({ viewport: null });
    return new Desk(this, context, { page: await context.newPage() });
  }

  /** A phone without passkeys. */
  async phone(options) {
    const phone = await this.bed.phone({ results: folder, ...options });
    this.#phones.push(phone);
    return phone;
  }

  /** The first administrator, whose passkey is on a phone, at /account. */
  async administrator(options) {
    const [desk, phone] = [await this.desk(), await this.phone(options)];
    await desk.go(await this.server.firstLink());
    await desk.createByPhone(phone, "ada", "Ada Lovelace");
    return [desk, phone];
  }

  /** The same, signed out, at /login. */
  async signedOut(options) {
    const [desk, phone] = await this.administrator(options);
    await desk.signOut();
    return [desk, phone];
  }

  /** The steps of Chromium's dialog in this scene, as its log has them. */
  async steps() {
    const log = (await readFile(this.#computer.log)).subarray(this.#logged).toString();
    return [...log.matchAll(/UI step: (\w+)/g)].map(([, step]) => step);
  }

  /** Waits until Chromium's dialog is at this step. */
  async shows(step) {
    for (const end = Date.now() + patience; (await this.steps()).at(-1) !== step; ) {
      assert.ok(Date.now() < end, `the dialog is not at ${step}: ${(await this.steps()).join(" > ")}`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  /** What the server has recorded, the newest last, as "type" or "type check". */
  async recorded() {
    const { events } = JSON.parse(await this.server.command("audit", "list", "--json", "--limit", "1000"));
    return events.toReversed().map(({ type, check }) => (check ? `${type} ${check}` : type));
  }

  /** What happened with phones in this scene, as "kind detail". */
  async happened() {
    const events = await this.bed.events({ after: this.#last });
    return events.map(({ kind, detail }) => `${kind} ${detail}`.trim());
  }

  /** Takes a picture of the whole screen, with the browser's own windows, once they have appeared. Without a name it only waits. */
  async photograph(name) {
    await new Promise((resolve) => setTimeout(resolve, 400)); // Chromium's dialogs and lists fade in
    if (name) {
      await mkdir(folder, { recursive: true });
      await writeFile(path.join(folder, `hybrid-${name}.png`), await this.bed.screenshot());
    }
  }

  /** Presses a key as a keyboard does: what has the focus on the screen gets it, the browser's own dialogs too. */
  async key(name) {
    await press(this.bed, name);
  }

  async witness(scene) {
    await super.witness(scene);
    const file = path.join(folder, `failed-${scene.replaceAll(/\W+/g, "-")}-screen.png`);
    await writeFile(file, await this.bed.screenshot()).catch(() => {});
    console.error(`${scene}: the screen is in ${file}`);
    console.error(`${scene}: Chromium: ${(await this.steps().catch(() => [])).join(" > ")}`);
    console.error(`${scene}: phones: ${(await this.happened().catch(() => [])).join(" · ")}`);
    console.error(`${scene}: hitherd:\n${this.server.output}`);
  }

  async close() {
    await super.close();
    for (const phone of this.#phones) {
      await phone.remove();
    }
    await this.bed.air();
  }
}

/** A person at the computer, in one window, who may have a phone at hand. */
class Desk extends Device {
  /** Presses the page's button for phones, and waits for the QR code. */
  async usePhone() {
    await this.button("Use a phone or tablet").click();
    await this.stage.shows("kCableV2QRCode");
  }

  /**
   * Chooses the entry for another device in the list that the browser shows below the field, and waits for the QR code.
   * The list is photographed when the picture has a name.
   */
  async choosePhoneInField(picture) {
    await this.stage.shows("kPasskeyAutofill");
    await this.page.getByLabel("User name").click();
    await this.stage.photograph(picture);
    await this.page.keyboard.press("ArrowDown"); // the browser's own list gets it, before the page
    await this.page.keyboard.press("Enter");
    await this.stage.shows("kCableV2QRCode");
  }

  /** Gives the window this size in pixels, the browser's own bars included. */
  async resize(size) {
    const session = await this.context.newCDPSession(this.page);
    const { windowId } = await session.send("Browser.getWindowForTarget");
    await session.send("Browser.setWindowBounds", { windowId, bounds: size });
    await session.detach();
  }

  /** Makes an account and its passkey, at /setup, on a phone; goes on to the account. */
  async createByPhone(phone, name, displayName) {
    await this.page.getByLabel("User name").fill(name);
    await this.page.getByLabel("Your name").fill(displayName);
    await this.usePhone();
    await phone.scan(this.page);
    await this.page.getByRole("link", { name: "Go to your account" }).click();
    await this.at("/account", "Your account");
  }

  /** Signs in with a phone. */
  async signInByPhone(phone) {
    await this.usePhone();
    await phone.scan(this.page);
    await this.at("/account", "Your account");
  }

  /** Goes to the sign-in page; autofill waits there. */
  async login() {
    await this.go("/login");
    await this.autofilling();
  }

  async signOut() {
    await super.signOut();
    await this.login();
  }

  /** Closes the browser's dialog, as the Escape key does. */
  async cancel() {
    await this.page.bringToFront();
    await this.stage.key("Escape");
  }

  /** Presses a way on in the message. */
  async follow(name) {
    await this.page.locator(".message .steps").getByText(name, { exact: true }).click();
  }

  /** What the page says. */
  async message() {
    const box = this.page.locator(".message:not(:empty)");
    const [title, text] = await box.locator("p:not(.steps)").allInnerTexts();
    return {
      title,
      text: text ?? "",
      checklist: await box.locator(".checklist li").allInnerTexts(),
      ways: await box.locator(".steps > *").allInnerTexts(),
    };
  }

  /** Waits until the page says this, and nothing else of a title. */
  async says(title, ways) {
    await this.told(title);
    const message = await this.message();
    assert.equal(message.title, title);
    assert.deepEqual(message.ways, ways);
    return message;
  }

  /** Who is signed in here, as the API says; undefined when nobody is. */
  async me() {
    const { status, body } = await this.ask("/api/v1/me");
    assert.ok([200, 401].includes(status), `status ${status}`);
    return body?.account?.name;
  }

  /** The passkeys of who is signed in. */
  async passkeys() {
    return (await this.ask("/api/v1/credentials")).body.credentials;
  }
}
