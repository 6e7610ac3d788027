import { HitherError, type SignInOptions, signIn, supported } from "../../sdk/src/index.ts";
import { find, go } from "../shared/dom.ts";
import { explain } from "../shared/failure.ts";
import { Messages } from "../shared/message.ts";
import { ready, start } from "../shared/page.ts";
import { withPhone } from "../shared/phone.ts";
import { Autofill } from "./autofill.ts";

start();
const messages = new Messages();
const panel = find("#login", HTMLElement);
const name = find("#name", HTMLInputElement);

/** Leaves for where the server said. */
function leave(): void {
  messages.tell({ title: "You are signed in.", text: "One moment…" });
  go(panel.dataset["returnTo"] ?? "/account");
}

/** Shows what went wrong; false when there is nothing to say. */
function show(error: unknown): boolean {
  const message = explain(error);
  if (!message) {
    return false;
  }
  if (message.calm) {
    message.text += " There are more ways below.";
  }
  messages.show(message);
  return true;
}

const autofill = new Autofill(leave, show);

async function press(options: SignInOptions): Promise<void> {
  messages.clear();
  try {
    await (options.hints?.includes("hybrid") ? withPhone(messages, () => signIn(options)) : signIn(options));
    leave();
  } catch (error) {
    if (show(error)) {
      autofill.start(); // it made room for the button
    }
  }
}

find("#sign-in", HTMLFormElement).addEventListener("submit", (event) => {
  event.preventDefault();
  const known = name.value.trim();
  void press(known ? { name: known } : {});
});
find("#phone", HTMLButtonElement).addEventListener("click", () => void press({ hints: ["hybrid"] }));
find("#key", HTMLButtonElement).addEventListener("click", () => void press({ hints: ["security-key"] }));

if (supported()) {
  autofill.start();
} else {
  show(new HitherError("unsupported", "no passkeys here"));
}
ready();
