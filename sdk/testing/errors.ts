/**
 * What went wrong with a bed or a phone. Codes that are not listed come from hither itself; its sentence is in the
 * message.
 */
export type TestbedErrorCode =
  /** The program hither is not where it was looked for. */
  | "hither_missing"
  /** hither is there, and lacks something it needs; the message says what, and how to get it. */
  | "testbed_incomplete"
  /** `hither testbed serve` ended before it was ready, or was not ready in time. */
  | "testbed_failed"
  /** The bed does not answer: it was stopped, or its program ended. */
  | "testbed_gone"
  /** Testbed.attach() found no bed in the environment. */
  | "not_attached"
  /** The fixtures were used with another browser than Chromium. */
  | "browser_unsupported"
  /** The phone saw no QR code that none had scanned before. `screenshot` shows what was on the screen. */
  | "no_qr_code"
  /** The phone has read a QR code, and was not got as far as it should in time. */
  | "timeout"
  /** The phone scanned the QR code and advertised, and no browser came. */
  | "nobody_came"
  /** The browser came and hung up before it had an answer. */
  | "unanswered"
  /** The connection between browser and phone broke. */
  | "connection_lost"
  /** The phone hung up, as a fault would have it. */
  | "dropped"
  /** The browser was turned away at the tunnel service, as a fault would have it. */
  | "turned_away"
  /** The test had the phone hang up, or removed it. */
  | "hung_up"
  /** The test had the phone scan again before it had seen a QR code. */
  | "superseded"
  /** The phone asks nothing. */
  | "no_question"
  | (string & {});

/** What is known beside the code. */
export interface TestbedErrorDetails {
  /** The error below it. */
  cause?: unknown;
  /** Path of a picture of the bed's screen, taken when it happened. */
  screenshot?: string;
}

/** The one error of this package: `code` to act on, `message` to read. */
export class TestbedError extends Error {
  readonly code: TestbedErrorCode;
  readonly screenshot: string | undefined;

  constructor(code: TestbedErrorCode, message: string, details: TestbedErrorDetails = {}) {
    super(message, { cause: details.cause });
    this.name = "TestbedError";
    this.code = code;
    this.screenshot = details.screenshot;
  }
}
