import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { TestbedError } from "./errors.ts";

/** What a new bed shall be like. */
export interface TestbedOptions {
  /** Path of the program hither; without it `hither` is looked for in PATH. */
  hither?: string;
  /** Size of the screen in pixels; 1280 by 900 without it. */
  screen?: { width: number; height: number };
  /** Path of Chromium; without it `chromium`, `chromium-browser` or `google-chrome` is looked for in PATH. */
  chromium?: string;
  /** Longest time until the bed is ready, in milliseconds; 30,000 without it. */
  timeout?: number;
}

/** The variables that `hither testbed` sets, by their names. */
export type TestbedEnvironment = Readonly<Record<string, string>>;

/** How much of what hither says is kept for an error, in characters. */
const memory = 4_000;

/** Longest time that the bed may take to end by itself, in milliseconds. */
const patience = 15_000;

/**
 * `hither testbed serve` as a child of this process. It lives until its standard input ends, so it also ends when
 * this process does, however that comes about. It keeps no program from ending.
 */
export class Program {
  readonly environment: TestbedEnvironment;
  readonly #child: ChildProcess;
  readonly #ended: Promise<unknown>;
  /** It has ended, and has said all that it had to say. */
  readonly #silent: Promise<unknown>;
  readonly #said: () => string;

  private constructor(child: ChildProcess, environment: TestbedEnvironment, said: () => string) {
    this.#child = child;
    this.environment = environment;
    this.#said = said;
    this.#ended = once(child, "exit");
    this.#silent = once(child, "close").catch(() => {});
  }

  /** Starts a bed and waits until it is ready. */
  static async start(options: TestbedOptions = {}): Promise<Program> {
    const hither = options.hither ?? "hither";
    const child = spawn(hither, ["testbed", "serve", ...flags(options)], { stdio: ["pipe", "pipe", "pipe"] });
    let said = "";
    child.stderr.on("data", (chunk) => {
      said = (said + chunk).slice(-memory);
    });
    child.stdin.on("error", () => {}); // It has ended: whoever waits for it learns so.
    const { timeout = 30_000 } = options;
    try {
      const line = await firstLine(child, timeout);
      idle(child);
      return new Program(child, environmentOf(line), () => said.trim());
    } catch (cause) {
      child.kill("SIGKILL");
      throw await excuse(hither, options, said.trim(), cause as NodeJS.ErrnoException);
    }
  }

  /** Says how it ended and what it said last; "" while it lives. */
  obituary(): string {
    const { exitCode, signalCode } = this.#child;
    if (exitCode === null && signalCode === null) {
      return "";
    }
    return [`hither testbed serve ended with ${signalCode ?? `exit code ${exitCode}`}`, this.#said()]
      .filter(Boolean)
      .join("\n");
  }

  /** The obituary of a bed that has just fallen silent: its connections break before its end is known. */
  async inquest(): Promise<string> {
    const late = new AbortController();
    await Promise.race([this.#silent, sleep(1_000, undefined, { signal: late.signal }).catch(() => {})]);
    late.abort();
    return this.obituary();
  }

  /** Ends the bed and everything in it. */
  async stop(): Promise<void> {
    if (this.obituary()) {
      return;
    }
    this.#child.ref();
    this.#child.stdin?.end();
    const late = setTimeout(() => this.#child.kill("SIGKILL"), patience);
    await this.#ended;
    clearTimeout(late);
  }
}

/** Lets this process end although the child lives. */
function idle(child: ChildProcess): void {
  child.unref();
  for (const stream of [child.stdin, child.stdout, child.stderr]) {
    (stream as unknown as { unref?: () => void } | null)?.unref?.();
  }
}

/** The options as flags of `hither testbed`. */
export function flags({ screen, chromium }: TestbedOptions): string[] {
  return [
    ...(screen ? ["--screen-size", `${screen.width}x${screen.height}`] : []),
    ...(chromium ? ["--chromium", chromium] : []),
  ];
}

/** What the bed prints when it is ready: one line, an object with its variables. */
export function environmentOf(line: string): TestbedEnvironment {
  const read = JSON.parse(line) as unknown;
  if (typeof read !== "object" || read === null) {
    throw new TypeError("not an object");
  }
  return Object.fromEntries(
    Object.entries(read).map(([name, value]) => [name, typeof value === "string" ? value : JSON.stringify(value)]),
  );
}

/** Waits for the first line of what a child prints. */
function firstLine(child: ChildProcess, timeout: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const late = setTimeout(() => reject(new Error(`not ready after ${timeout} ms`)), timeout);
    const settle = () => clearTimeout(late);
    child.once("error", (error) => (settle(), reject(error)));
    // Not "exit": what it said last may still be on its way then.
    child.once("close", (code, signal) => (settle(), reject(new Error(`it ended with ${signal ?? `exit code ${code}`}`))));
    createInterface({ input: child.stdout! }).once("line", (line) => (settle(), resolve(line)));
  });
}

/** Finds out why there is no bed. */
async function excuse(hither: string, options: TestbedOptions, said: string, cause: NodeJS.ErrnoException): Promise<TestbedError> {
  if (cause.code === "ENOENT" || cause.code === "EACCES") {
    const where = hither.includes("/") ? `there is no program at ${hither}` : "the program hither is not in PATH";
    const how = "get it with `go install github.com/hitherauth/hither/cmd/hither@latest` or from https://github.com/hitherauth/hither/releases";
    return new TestbedError("hither_missing", `${where}: ${how}`, { cause });
  }
  const lacks = await missing(hither, options);
  if (lacks) {
    return new TestbedError("testbed_incomplete", `the test bed lacks something, as hither testbed check says:\n${lacks}`, { cause });
  }
  return new TestbedError("testbed_failed", `hither testbed serve did not start: ${cause.message}\n${said}`.trim(), { cause });
}

/** What `hither testbed check` says is missing; "" when it finds nothing wrong, or does not know the command. */
function missing(hither: string, options: TestbedOptions): Promise<string> {
  const words = ["testbed", "check", ...flags(options)];
  return new Promise((resolve) => {
    execFile(hither, words, { timeout: patience }, (error, stdout, stderr) => {
      resolve(error?.code === 1 ? `${stdout}${stderr}`.trim() : "");
    });
  });
}
