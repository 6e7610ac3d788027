import { HitherError } from "./errors.ts";

/** The ceremony that this document runs. A browser allows one at a time. */
let running: { controller: AbortController; waiting: boolean } | undefined;

/** A ceremony's claim on the browser. */
export interface Claim {
  /** Fires when another ceremony takes over, or when the caller's signal does. */
  readonly signal: AbortSignal;
  /** Gives the claim back. */
  release(): void;
}

/**
 * Ends the ceremony that is running and claims the browser for a new one. One that only waits, as autofill does,
 * never ends one that somebody asked for: it throws "aborted" instead.
 */
export function claim(waiting: boolean, outside?: AbortSignal): Claim {
  if (waiting && running && !running.waiting) {
    throw new HitherError("aborted", "another ceremony is running");
  }
  running?.controller.abort();
  const controller = new AbortController();
  const mine = { controller, waiting };
  running = mine;
  const forward = () => controller.abort();
  if (outside?.aborted) {
    forward();
  }
  outside?.addEventListener("abort", forward);
  return {
    signal: controller.signal,
    release() {
      outside?.removeEventListener("abort", forward);
      if (running === mine) {
        running = undefined;
      }
    },
  };
}
