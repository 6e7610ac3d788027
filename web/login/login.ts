import { obstacle, type SignInOptions, signIn } from "../../sdk/src/index.ts";
import { find, go } from "../shared/dom.ts";
import { Messages, press } from "../shared/message.ts";
import { ready, start } from "../shared/page.ts";
import { patience } from "../shared/patience.ts";
import { withPhone } from "../shared/phone.ts";
import { report } from "../shared/report.ts";
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

const here = find("#sign-in .primary", HTMLButtonElement);
const phone = find("#phone", HTMLButtonElement);
const key = find("#key", HTMLButtonElement);

/** The button that was pressed last. */
let last = here;

function showMore(): void {
  find("#more", HTMLDetailsElement).open = true;
  find("#more > summary", HTMLElement).focus();
}

const scan = () => press(phone);

function show(error: unknown): boolean {
  return report(messages, error, {
    try_again: last === phone ? scan : () => press(last),
    use_phone: scan,
    scan_again: scan,
    more_ways: showMore,
    reload: () => location.reload(),
  });
}

const autofill = new Autofill(leave, show);

async function ask(button: HTMLButtonElement, options: SignInOptions): Promise<void> {
  last = button;
  messages.clear();
  const sign = () => signIn({ ...options, late: patience() });
  try {
    await (button === phone ? withPhone(messages, scan, sign) : sign());
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
  void ask(here, known ? { name: known } : {});
});
phone.addEventListener("click", () => void ask(phone, { hints: ["hybrid"] }));
key.addEventListener("click", () => void ask(key, { hints: ["security-key"] }));

const missing = obstacle();
if (missing) {
  show(missing);
} else {
  autofill.start();
}
ready();
