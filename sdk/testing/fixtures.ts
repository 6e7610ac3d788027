import { rm, writeFile } from "node:fs/promises";
import { TestbedError } from "./errors.ts";
import type { Phone } from "./phone.ts";
import type { TestbedOptions } from "./program.ts";
import { Testbed } from "./testbed.ts";

/** What a test of Playwright is given. */
export interface HitherFixtures {
  /** A phone without passkeys, new for each test. */
  phone: Phone;
}

/** What a worker of Playwright is given. */
export interface HitherWorkerFixtures {
  /** What the worker's bed shall be like. Set it under `use` of the configuration. */
  testbedOptions: TestbedOptions;
  /** The bed on which the worker's browser lives. */
  testbed: Testbed;
}

/** Playwright's own, as far as they matter here. */
interface LaunchOptions {
  args?: string[];
  executablePath?: string;
}

interface Args extends HitherWorkerFixtures {
  launchOptions: LaunchOptions;
  browserName: string;
}

interface TestInfo {
  title: string;
  status?: string | undefined;
  expectedStatus: string;
  outputPath(...segments: string[]): string;
  attach(name: string, options: { path: string; contentType: string }): Promise<void>;
}

type Use<T> = (value: T) => Promise<void>;
type WorkerFixture<T> = (args: Args, use: Use<T>, worker: { parallelIndex: number }) => Promise<void>;

/** Fixtures for `test.extend` of Playwright. */
export interface Hither {
  testbedOptions: [TestbedOptions, { scope: "worker"; option: true }];
  testbed: [WorkerFixture<Testbed>, { scope: "worker"; timeout: number }];
  headless: [boolean, { scope: "worker" }];
  launchOptions: [WorkerFixture<LaunchOptions>, { scope: "worker" }];
  phone: (args: HitherWorkerFixtures, use: Use<Phone>, info: TestInfo) => Promise<void>;
}

/**
 * Fixtures for `test.extend` of Playwright: the browser of each worker lives on a bed, and each test has a phone.
 *
 *     import { test as base } from "@playwright/test";
 *     import { hither, type HitherFixtures, type HitherWorkerFixtures } from "hither/testing";
 *
 *     const test = base.extend<HitherFixtures, HitherWorkerFixtures>(hither);
 *
 *     test("signs in", async ({ page, phone }) => {
 *       await page.goto("/");
 *       await page.getByRole("button", { name: "Sign in" }).click();
 *       await phone.scan(page);
 *     });
 *
 * Workers do not meet: each has a bed of its own. Under `hither testbed run` the first one takes the bed that is there.
 */
export const hither: Hither = {
  testbedOptions: [{}, { scope: "worker", option: true }],

  testbed: [
    async ({ testbedOptions }, use, { parallelIndex }) => {
      const here = parallelIndex === 0 && process.env["HITHER_TESTBED_URL"];
      const bed = here ? await Testbed.attach() : await Testbed.start(testbedOptions);
      try {
        await use(bed);
      } finally {
        await bed.stop();
      }
    },
    { scope: "worker", timeout: 60_000 },
  ],

  // The dialog with the QR code is drawn by browsers that have a window, and by no other.
  headless: [false, { scope: "worker" }],

  launchOptions: [
    async ({ launchOptions, testbed, browserName }, use) => {
      if (browserName !== "chromium") {
        throw new TestbedError("browser_unsupported", `phones meet Chromium alone so far, and this is ${browserName}`);
      }
      await use({ ...launchOptions, executablePath: testbed.executablePath });
    },
    { scope: "worker" },
  ],

  phone: async ({ testbed }, use, info) => {
    const [last] = (await testbed.events()).slice(-1);
    const phone = await testbed.phone({ results: info.outputPath() });
    await use(phone);
    try {
      if (info.status !== info.expectedStatus) {
        await testify(testbed, last?.id ?? 0, info);
      }
    } finally {
      await phone.remove();
    }
  },
};

/** Keeps with a failed test what was to be seen on the bed. */
async function testify(testbed: Testbed, after: number, info: TestInfo): Promise<void> {
  await attach(info, "screen.png", "image/png", await testbed.screenshot());
  await attach(info, "events.json", "application/json", JSON.stringify(await testbed.events({ after }), null, 2));
}

/** Attaches a file: what is attached without one is kept by some reporters alone. */
async function attach(info: TestInfo, name: string, contentType: string, content: Uint8Array | string): Promise<void> {
  const file = info.outputPath(name);
  await writeFile(file, content);
  await info.attach(`test bed: ${name}`, { path: file, contentType }); // copies it
  await rm(file);
}
