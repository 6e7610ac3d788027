/**
 * Tests of sign-in by phone, without a phone: a real Chromium shows its QR code on a screen that nobody sees, a phone
 * in software scans it, they meet, and the page gets a real answer. {@link hither} is for Playwright; {@link Testbed}
 * and {@link Phone} are for everything else. Needs Linux and the program `hither`.
 */
export { Testbed, type Air, type EventOptions } from "./testbed.ts";
export { type TestbedEvent } from "./events.ts";
export {
  Phone,
  type Consent,
  type Fault,
  type Manner,
  type Page,
  type Passkey,
  type PhoneOptions,
  type Question,
  type ScanOptions,
} from "./phone.ts";
export { Scan, type ScanState, type ScanStatus } from "./scan.ts";
export { TestbedError, type TestbedErrorCode, type TestbedErrorDetails } from "./errors.ts";
export { type TestbedEnvironment, type TestbedOptions } from "./program.ts";
export { hither, type Hither, type HitherFixtures, type HitherWorkerFixtures } from "./fixtures.ts";
