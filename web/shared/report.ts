import { advise, HitherError } from "../../sdk/src/index.ts";
import type { Messages, Ways } from "./message.ts";

/** What the person who runs the service has to see: people can do nothing about it. */
const operators = new Set(["wrong_origin", "insecure", "failed"]);

/** Shows an error and its ways on; false when there is nothing to say. */
export function report(messages: Messages, error: unknown, ways: Ways): boolean {
  if (!(error instanceof HitherError) || operators.has(error.code)) {
    // oxlint-disable-next-line no-console -- the exact cause is for the operator, and nothing in it is secret
    console.error(error);
  }
  const advice = advise(error);
  if (!advice) {
    return false;
  }
  messages.show(advice, ways);
  return true;
}
