import type { Circumstances } from "./circumstances.ts";
import type { BrowserErrorCode } from "./errors.ts";

/** The name of an exception, or "" of what is none. */
export function exceptionName(error: unknown): string {
  return typeof error === "object" && error !== null && "name" in error ? String(error.name) : "";
}

/** Milliseconds in which nobody can have read a question, let alone answered it. */
const atOnce = 250;

/** What a NotAllowedError likely means: its code, and words for a log. */
export function refusedBy(circumstances: Circumstances): [BrowserErrorCode, string] {
  const { elapsed, late, waiting, phone, hinted, capabilities } = circumstances;
  // A phone has a screen lock of its own, and may answer faster than people do.
  if (!waiting && !hinted && elapsed < atOnce && capabilities.screenLock === false) {
    return ["no_screen_lock", "the browser refused without a question, on a device that does not verify its person"];
  }
  if (waiting || elapsed < late) {
    return ["cancelled", "the browser ended the ceremony soon"];
  }
  return phone
    ? ["phone_timed_out", "the browser ended the ceremony late, while it showed a QR code"]
    : ["timed_out", "the browser ended the ceremony late"];
}

/** The exact cause of a SecurityError, for the operator. */
export function originMessage({ origin, rpId }: Circumstances): string {
  return `the page's origin ${origin} may not use the relying party ID ${rpId ?? "of its host"}`;
}
