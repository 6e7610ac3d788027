import { HitherError, signIn } from "../../sdk/src/index.ts";
import type { Messages } from "./message.ts";
import { patience } from "./patience.ts";

/** Does what needs a fresh sign-in: when the server asks for one, the person confirms, and it is done again. */
export async function confirmed<T>(account: string, messages: Messages, action: () => Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (error) {
    if (!(error instanceof HitherError) || error.code !== "step_up_required") {
      throw error;
    }
  }
  messages.tell({
    title: "Please confirm that it is you.",
    text: "Your last sign-in was a while ago. Use one of your passkeys, then this goes on by itself.",
  });
  await signIn({ name: account, late: patience() });
  messages.clear();
  return action();
}
