// Starts and stops the real hitherd, as somebody at a shell does.

import { execFile, spawn } from "node:child_process";
import { existsSync, rmSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";
import { promisify } from "node:util";

const run = promisify(execFile);
const root = path.resolve(import.meta.dirname, "..");

/** Longest time that starting or stopping may take. */
const patience = 15_000;

const built = new Map();

/** Path of the hitherd to test. */
export const program = () => find("hitherd", "HITHER_TEST_BIN");

/** Path of the hither to test. */
export const tool = () => find("hither", "HITHER_TEST_TOOL");

/** Path of a program of ours: what a variable says, or one that is built now. */
async function find(name, variable) {
  const given = process.env[variable];
  if (given) {
    if (!existsSync(given)) {
      throw new Error(`${variable}=${given} is not there: run make build`);
    }
    return path.resolve(given);
  }
  if (!built.has(name)) {
    built.set(name, build(name));
  }
  return built.get(name);
}

async function build(name) {
  const folder = await mkdtemp(path.join(tmpdir(), "hither-bin-"));
  process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
  const file = path.join(folder, name);
  await run("go", ["build", "-o", file, `./cmd/${name}`], { cwd: root });
  return file;
}

/** A hitherd with a data directory of its own. */
export class Server {
  #process;
  #settings;
  #output = "";
  data = "";
  /** Origin, for example http://localhost:41873. */
  url = "";
  /** The setup link that the last start printed, or "". */
  setupLink = "";

  /** Starts one; settings are HITHER_… variables. */
  static async start(settings = {}) {
    const server = new Server();
    server.#settings = settings;
    server.data = await mkdtemp(path.join(tmpdir(), "hither-e2e-"));
    await server.begin("127.0.0.1:0");
    return server;
  }

  get #environment() {
    const { PATH, HOME, TMPDIR } = process.env;
    const quiet = Object.fromEntries(Object.entries({ PATH, HOME, TMPDIR }).filter(([, value]) => value !== undefined));
    return { ...quiet, HITHER_DATA_DIR: this.data, ...this.#settings };
  }

  /** Starts the process and waits for what it prints. */
  async begin(listen) {
    const file = await program();
    this.setupLink = "";
    this.#output = "";
    const process = spawn(file, ["serve"], {
      cwd: this.data,
      env: { ...this.#environment, HITHER_LISTEN: listen },
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.#process = process;
    process.stderr.on("data", (chunk) => {
      this.#output += chunk;
    });
    await new Promise((resolve, reject) => {
      const late = setTimeout(() => reject(new Error(`hitherd is not ready after ${patience} ms\n${this.#output}`)), patience);
      process.once("error", reject);
      process.once("exit", (code) => {
        clearTimeout(late);
        reject(new Error(`hitherd ended with ${code}\n${this.#output}`));
      });
      createInterface({ input: process.stdout }).on("line", (line) => {
        this.#output += `${line}\n`;
        const [, word, rest] = /^(listening|setup) (\S+)$/.exec(line) ?? [];
        if (word === "setup") {
          this.setupLink = rest;
        } else if (word === "listening") {
          this.url = rest;
          clearTimeout(late);
          resolve();
        }
      });
    });
    await this.#ready();
  }

  /** The setup line follows the listening line at once; a server with an administrator prints none. */
  async #ready() {
    const end = Date.now() + patience;
    for (;;) {
      const answer = await fetch(`${this.url}/readyz`).catch(() => undefined);
      if (answer?.ok) {
        return;
      }
      if (Date.now() > end) {
        throw new Error(`hitherd does not say that it is ready\n${this.#output}`);
      }
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  /** Everything that this start has written. */
  get output() {
    return this.#output;
  }

  /** Waits for the setup link. */
  async firstLink() {
    const end = Date.now() + patience;
    while (!this.setupLink) {
      if (Date.now() > end) {
        throw new Error(`hitherd printed no setup link\n${this.#output}`);
      }
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    return this.setupLink;
  }

  /** Ends the process as an init system does, and expects it to go by itself. */
  async end() {
    const process = this.#process;
    if (!process || process.exitCode !== null || process.signalCode !== null) {
      return;
    }
    const ended = new Promise((resolve) => process.once("exit", (code, signal) => resolve({ code, signal })));
    process.kill("SIGTERM");
    const late = setTimeout(() => process.kill("SIGKILL"), patience);
    const { code, signal } = await ended;
    clearTimeout(late);
    if (code !== 0) {
      throw new Error(`hitherd ended with ${signal ?? code}\n${this.#output}`);
    }
  }

  /** Ends the process and starts it again, at the same address and with the same data. */
  async restart() {
    await this.end();
    await this.begin(`127.0.0.1:${new URL(this.url).port}`);
  }

  /** Ends the process and deletes its data. */
  async stop() {
    try {
      await this.end();
    } finally {
      await rm(this.data, { recursive: true, force: true });
    }
  }

  /** Runs an operator's command against the running server; resolves to what it printed. */
  async command(...words) {
    const { stdout } = await run(await program(), words, { cwd: this.data, env: this.#environment });
    return stdout;
  }

  /** Makes an invitation link. */
  async invite(...words) {
    const printed = await this.command("admin", "invite", ...words);
    const link = /\S+\/setup#\S+/.exec(printed)?.[0];
    if (!link) {
      throw new Error(`hitherd admin invite printed no link: ${printed}`);
    }
    return link;
  }
}
