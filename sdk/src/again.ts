import { HitherError } from "./errors.ts";

/**
 * Runs a ceremony, and once more when the server says that what was begun no longer counts: it expired while the
 * person looked for a phone, or another tab signed in meanwhile.
 */
export async function again<T>(signal: AbortSignal, ceremony: () => Promise<T>): Promise<T> {
  try {
    return await ceremony();
  } catch (error) {
    const stale =
      error instanceof HitherError && (error.code === "ceremony_expired" || error.code === "ceremony_invalid");
    if (!stale || signal.aborted) {
      throw error;
    }
    return ceremony();
  }
}
