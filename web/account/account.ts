import { Accepted, createPasskey, HitherError, signalAccount } from "../../sdk/src/index.ts";
import { request } from "../../sdk/src/request.ts";
import { confirmed } from "../shared/confirm.ts";
import { find, go } from "../shared/dom.ts";
import { Messages, press } from "../shared/message.ts";
import { ready, start } from "../shared/page.ts";
import { patience } from "../shared/patience.ts";
import { withPhone } from "../shared/phone.ts";
import { report } from "../shared/report.ts";

start();
const messages = new Messages();
const account = find("#person", HTMLElement).dataset["name"] ?? "";

const here = find("#here", HTMLButtonElement);
const phone = find("#phone", HTMLButtonElement);

const scan = () => press(phone);

/** Does something to the account on behalf of a button, then shows the account as it is now. */
async function perform(button: Element | null, action: () => Promise<string>): Promise<void> {
  messages.clear();
  try {
    go(await confirmed(account, messages, action));
  } catch (error) {
    fail(error, button === phone ? scan : () => {
      if (button instanceof HTMLElement) {
        button.focus(); // the message goes, and the button in it that was pressed
      }
      void perform(button, action);
    });
  }
}

function fail(error: unknown, again: () => void): void {
  const adding = error instanceof HitherError && error.ceremony === "registration";
  const said = report(messages, error, {
    try_again: again,
    ...(adding && { use_phone: scan, scan_again: scan }),
    sign_in: "/login",
    reload: () => location.reload(),
  });
  if (!said) {
    messages.clear();
  }
}

async function add(button: HTMLButtonElement): Promise<string> {
  const create = () => createPasskey({ hints: button === phone ? ["hybrid"] : [], late: patience() });
  const made = await (button === phone ? withPhone(messages, scan, create) : create());
  return `/account?notice=added#passkey-${made.credential.id}`;
}

const dialog = find("#remove", HTMLDialogElement);
let chosen = "";

function ask(button: HTMLElement): void {
  chosen = button.dataset["remove"] ?? "";
  find("#remove-name", HTMLElement).textContent = button.dataset["name"] ?? "";
  dialog.returnValue = "keep"; // Escape leaves the last value in place
  dialog.showModal();
}

async function remove(id: string): Promise<string> {
  const accepted = await Accepted.load(); // now: with the passkey that opened it, this session ends
  await request(`/credentials/${encodeURIComponent(id)}`, { method: "DELETE" });
  await accepted?.tell(id);
  return "/account?notice=removed";
}

async function endOthers(): Promise<string> {
  await request("/sessions", { method: "DELETE" });
  return "/account?notice=sessions_ended";
}

for (const button of document.querySelectorAll<HTMLElement>("[data-remove]")) {
  button.addEventListener("click", () => ask(button));
}
dialog.addEventListener("close", () => {
  if (dialog.returnValue === "remove") {
    void perform(document.activeElement, () => remove(chosen)); // a closed dialog gives the focus back
  }
});
for (const button of [here, phone]) {
  button.addEventListener("click", () => void perform(button, () => add(button)));
}
const others = document.querySelector("#end-others");
others?.addEventListener("click", () => void perform(others, endOthers));
ready();
void signalAccount(); // whatever led here: a sign-in, a new passkey, a removed one, another name
