// Signs in N times with a phone in software and a real Chromium, two scenes at once, and writes docs/benchmarks-testbed.md
// about it: make soak-hybrid N=200. What failed is kept in screenshots/.

import { execFileSync } from "node:child_process";
import { mkdir, writeFile } from "node:fs/promises";
import { cpus, loadavg, release, totalmem } from "node:os";
import path from "node:path";
import { chromium } from "playwright-core";
import { folder } from "./screenshots.mjs";
import { buildSdk, dist } from "./sdk.mjs";
import { Server } from "./server.mjs";
import { pageOf } from "./soak-page.mjs";

/** How many scenes play at once. */
const scenes = 2;

/** Longest time that a sign-in may take, in milliseconds. */
const patience = 30_000;

if (!buildSdk()) {
  throw new Error("npm ci in sdk/ has not run");
}
const { Testbed } = await import(path.join(dist, "testing/index.js"));

/** A server, a bed with a browser on it, and a person with a phone. */
class Scene {
  static async open() {
    const scene = new Scene();
    try {
      scene.server = await Server.start();
      scene.bed = await Testbed.start();
      scene.browser = await chromium.launch({ executablePath: scene.bed.executablePath, headless: false });
      scene.phone = await scene.bed.phone({ results: path.join(folder, "soak") });
      scene.page = await (await scene.browser.newContext()).newPage();
      scene.page.setDefaultTimeout(patience);
      await scene.page.addInitScript(() => {
        const clicked = (event) => (sessionStorage.clicked = performance.timeOrigin + event.timeStamp);
        addEventListener("click", (event) => event.target.closest("#phone") && clicked(event), { capture: true });
      });
      await scene.#create();
      return scene;
    } catch (error) {
      await scene.close();
      throw error;
    }
  }

  async close() {
    await this.browser?.close().catch(() => {});
    await this.bed?.stop();
    await this.server?.stop();
  }

  /** Makes the passkey on the phone, and signs out. */
  async #create() {
    await this.page.goto(await this.server.firstLink());
    await this.page.getByLabel("User name").fill("ada");
    await this.page.getByLabel("Your name").fill("Ada Lovelace");
    await this.#press("Create a passkey");
    await this.phone.scan(this.page);
    await this.page.getByRole("link", { name: "Go to your account" }).click();
    await this.#signOut();
  }

  async #signOut() {
    await this.#press("Sign out");
    await this.page.getByText("You are signed out.").waitFor();
  }

  async #press(name) {
    await this.page.locator("html[data-ready]").waitFor({ state: "attached" });
    await this.page.getByRole("button", { name, exact: true }).click();
  }

  /** Signs in, signs out again, and resolves to when each thing happened, in milliseconds since 1970. */
  async signIn() {
    const finish = this.page.waitForEvent("requestfinished", (one) => one.url().endsWith("/authentication/finish"));
    finish.catch(() => {}); // what failed before it is what is told
    await this.page.goto(`${this.server.url}/login`);
    await this.#press("Use a phone or tablet");
    const scan = await this.phone.scan(this.page, { timeout: patience });
    const { startTime, responseEnd } = (await finish).timing();
    await this.page.getByRole("heading", { name: "Your account", exact: true }).waitFor();
    const seen = await this.page.evaluate(() => {
      const [arrival] = performance.getEntriesByType("navigation");
      return { clicked: Number(sessionStorage.clicked), arrived: performance.timeOrigin + arrival.domContentLoadedEventEnd };
    });
    const happened = Object.fromEntries((await this.#events()).filter((one) => one.scan === scan.id).map((one) => [one.kind, +one.time]));
    await this.#signOut();
    return { ...happened, ...seen, asked: startTime, answered: startTime + responseEnd };
  }

  /** What has happened in the bed since the last call. */
  async #events() {
    const events = await this.bed.events({ after: this.last ?? 0 });
    this.last = events.at(-1)?.id ?? this.last;
    return events;
  }

  /** Keeps what there is to see of a failure. */
  async witness(number, error) {
    const file = (name) => path.join(folder, `soak-${number}${name}`);
    await mkdir(folder, { recursive: true });
    const events = await this.#events().catch((e) => [String(e)]);
    await writeFile(file(".json"), JSON.stringify({ error: String(error?.stack ?? error), url: this.page.url(), events }, null, 2));
    await writeFile(file(".png"), await this.bed.screenshot()).catch(() => {});
    console.error(`sign-in ${number} failed, see ${file(".json")} and .png: ${error}`);
  }
}

/** One of the scenes that play at once: takes numbers until there are none left. */
async function play(numbers, results) {
  let scene = await Scene.open();
  try {
    for (let number = numbers.shift(); number !== undefined; number = numbers.shift()) {
      try {
        results.push({ number, ...(await scene.signIn()) });
      } catch (error) {
        results.push({ number, error: String(error) });
        await scene.witness(number, error);
        await scene.close();
        scene = await Scene.open();
      }
      if (results.length % 20 === 0) {
        console.error(`${results.length} of ${wanted}`);
      }
    }
    return scene.browser.version();
  } finally {
    await scene.close();
  }
}

/** What was measured on. */
function machine(browser) {
  const [processor] = cpus();
  const memory = Math.round(totalmem() / 2 ** 30);
  const linux = release().split(".").slice(0, 2).join(".");
  const go = execFileSync("go", ["env", "GOVERSION"], { encoding: "utf8" }).trim();
  return `${cpus().length} processors (${processor.model}), ${memory} GiB of memory, Linux ${linux}, ${go}, Chromium ${browser}`;
}

const wanted = Number(process.argv[2] ?? 200);
const out = process.argv[3] ?? path.resolve(import.meta.dirname, "../docs/benchmarks-testbed.md");
const load = loadavg()[0];
const began = Date.now();
const results = [];
const numbers = Array.from({ length: wanted }, (_, i) => i + 1);
const [version] = await Promise.all(Array.from({ length: scenes }, () => play(numbers, results)));
const page = pageOf({
  results,
  scenes,
  load,
  seconds: Math.round((Date.now() - began) / 1000),
  machine: machine(version),
});
await writeFile(out, page);
console.log(page);
const failed = results.filter((one) => one.error).length;
process.exitCode = failed ? 1 : 0;
