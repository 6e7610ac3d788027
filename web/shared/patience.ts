import { usuallyLate } from "../../sdk/src/circumstances.ts";

/**
 * Milliseconds after which somebody with a phone in hand is likely stuck, and a refusal counts as late. The template
 * writes it, in seconds.
 */
export function patience(): number {
  const seconds = Number(document.documentElement.dataset["patience"]);
  return seconds > 0 ? seconds * 1_000 : usuallyLate;
}
