// Chromium on a test bed, started by other drivers of browsers than Playwright, which is in all other scenes.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";
import { after, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import puppeteer from "puppeteer-core";
import { tool } from "../server.mjs";
import { lack, startBed } from "./bed.mjs";

/** Longest time that anything may take to happen. */
const patience = 15_000;

let opened;

after(async () => {
  await (await opened?.catch(() => {}))?.close();
});

scene("driver: WebDriver, by chromedriver", (binary) => WebDriver.start(binary));

scene("driver: Puppeteer, headless for all that it knows", (binary) => Puppeteer.start(binary));

/** Signs in to a shop in the browser that this starts, and looks for what is left of it. */
function scene(name, start) {
  test(name, { timeout: 60_000 }, async (t) => {
    let shop, driver;
    try {
      shop = await (opened ??= Shop.open());
      driver = await start(shop.bed.executablePath);
    } catch (error) {
      t.skip(lack(error));
      return;
    }
    try {
      const phone = await shop.bed.phone();
      await driver.go(shop.url);
      await driver.click("create");
      await phone.scan(driver.page);
      await driver.says("There is a passkey.");
      assert.deepEqual((await phone.passkeys()).map(({ rpId, userName }) => [rpId, userName]), [["localhost", "ada"]]);
      await driver.click("use");
      await phone.scan(driver.page);
      await driver.says("Hello, Ada.");
    } finally {
      await driver.stop();
    }
    await shop.empty();
  });
}

/** The protocol of the W3C, spoken to a chromedriver of its own. */
class WebDriver {
  #process;
  #ended;
  #address;
  #session;

  static async start(binary) {
    const driver = new WebDriver();
    await driver.#begin();
    try {
      const alwaysMatch = { "goog:chromeOptions": { binary } };
      const { sessionId } = await driver.#ask("POST", "/session", { capabilities: { alwaysMatch } });
      driver.#session = `/session/${sessionId}`;
      return driver;
    } catch (error) {
      await driver.#end();
      throw error;
    }
  }

  /** Starts chromedriver, which finds a free port and says which. */
  async #begin() {
    const process = spawn("chromedriver", ["--port=0"], { stdio: ["ignore", "pipe", "inherit"] });
    const port = await new Promise((resolve, reject) => {
      process.once("error", reject);
      process.once("exit", (code, signal) => reject(new Error(`chromedriver ended with ${signal ?? code}`)));
      createInterface({ input: process.stdout }).on("line", (line) => {
        const [, found] = /started successfully on port (\d+)/.exec(line) ?? [];
        if (found) {
          resolve(found);
        }
      });
    });
    this.#process = process;
    this.#ended = new Promise((resolve) => process.once("exit", resolve));
    this.#address = `http://127.0.0.1:${port}`;
  }

  /** Ends chromedriver. It has a profile to delete yet when it has answered that a session is over: a signal is too rude. */
  async #end() {
    const late = setTimeout(() => this.#process.kill("SIGKILL"), patience);
    await this.#ask("GET", "/shutdown").catch(() => this.#process.kill());
    await this.#ended;
    clearTimeout(late);
  }

  async #ask(method, where, body) {
    const request = { method, body: body && JSON.stringify(body), signal: AbortSignal.timeout(patience) };
    const answer = await fetch(this.#address + where, request);
    const { value } = await answer.json();
    assert.ok(answer.ok, `${method} ${where}: ${value?.error}: ${value?.message}`);
    return value;
  }

  /** Where the element is that this selector finds. */
  async #element(value) {
    const found = await this.#ask("POST", `${this.#session}/element`, { using: "css selector", value });
    return `${this.#session}/element/${found["element-6066-11e4-a52e-4f735466cecf"]}`; // the standard's name for it
  }

  go(url) {
    return this.#ask("POST", `${this.#session}/url`, { url });
  }

  async click(id) {
    await this.#ask("POST", `${await this.#element(`#${id}`)}/click`, {});
  }

  async says(words) {
    const output = await this.#element("output");
    for (const end = Date.now() + patience; ; await sleep(50)) {
      const said = await this.#ask("GET", `${output}/text`);
      if (said === words) {
        return;
      }
      assert.ok(Date.now() < end, `the page says “${said}”, not “${words}”`);
    }
  }

  async stop() {
    try {
      await this.#ask("DELETE", this.#session);
    } finally {
      await this.#end();
    }
  }
}

/** The snippet of docs/testbed.md. */
class Puppeteer {
  static async start(executablePath) {
    const driver = new Puppeteer();
    driver.browser = await puppeteer.launch({ executablePath });
    assert.ok(driver.browser.process().spawnargs.includes("--headless=new"), "Puppeteer starts browsers without a window");
    driver.page = await driver.browser.newPage();
    return driver;
  }

  go(url) {
    return this.page.goto(url);
  }

  click(id) {
    return this.page.click(`#${id}`);
  }

  says(words) {
    return this.page.waitForSelector(`output ::-p-text(${words})`, { timeout: patience });
  }

  stop() {
    return this.browser.close();
  }
}

/** A page with two buttons, and a bed to visit it from. */
class Shop {
  static async open() {
    await tool(); // what is built for this file outlives the folder
    const shop = new Shop();
    shop.home = await mkdtemp(path.join(tmpdir(), "hither-d-"));
    process.env.TMPDIR = shop.home; // of all that is started here
    try {
      shop.bed = await startBed();
      shop.furniture = await shop.found();
      const page = await readFile(path.resolve(import.meta.dirname, "../../examples/playwright/shop.html"));
      shop.server = createServer((_, answer) => answer.setHeader("Content-Type", "text/html; charset=utf-8").end(page));
      await new Promise((resolve, reject) => shop.server.once("error", reject).listen(0, "localhost", resolve));
      shop.url = `http://localhost:${shop.server.address().port}/`;
      return shop;
    } catch (error) {
      await shop.close();
      throw error;
    }
  }

  /** Files for temporary use, and processes whose folder for them is this one. */
  async found() {
    const found = await readdir(this.home);
    for (const pid of (await readdir("/proc")).filter((name) => Number(name) && Number(name) !== process.pid)) {
      const read = (name) => readFile(`/proc/${pid}/${name}`, "utf8").catch(() => ""); // it may be gone, or not be ours
      const words = await read("cmdline");
      if ((words + (await read("environ"))).includes(this.home)) {
        found.push(`${pid} ${words.replaceAll("\0", " ")}`);
      }
    }
    return found;
  }

  /** Waits until nothing is here but the bed. */
  async empty() {
    for (const end = Date.now() + patience; ; await sleep(50)) {
      const left = (await this.found()).filter((one) => !this.furniture.includes(one));
      if (left.length === 0) {
        return;
      }
      assert.ok(Date.now() < end, `left behind: ${left.join("; ")}`);
    }
  }

  async close() {
    this.server?.close().closeAllConnections();
    await this.bed?.stop();
    const left = await this.found();
    await rm(this.home, { recursive: true, force: true });
    assert.deepEqual(left, []);
  }
}
