// A test bed for the scenes of a file, or why there is none.

import { buildSdk } from "../sdk.mjs";
import { tool } from "../server.mjs";

/** Starts a bed with the hither to test. */
export async function startBed() {
  if (!buildSdk()) {
    throw new Error("the SDK is not built: npm ci in sdk/, or make e2e-hybrid");
  }
  const { Testbed } = await import("../../sdk/dist/testing/index.js"); // as strangers get it
  return Testbed.start({ hither: await tool(), chromium: process.env.HITHER_TEST_CHROMIUM });
}

/** Which program this error is the lack of, in one line. Throws what is no lack of a program, and where CI is set. */
export function lack(error) {
  if (process.env.CI || !["ENOENT", "testbed_incomplete"].includes(error.code)) {
    throw error;
  }
  return `${error.path ?? /^FAILED +([^:]+)/m.exec(error.message)?.[1]} is missing: make deps installs it`;
}
