import { createPasskey, type Hint } from "../../sdk/src/index.ts";
import { request } from "../../sdk/src/request.ts";
import { confirmed } from "../shared/confirm.ts";
import { find, go } from "../shared/dom.ts";
import { explain } from "../shared/failure.ts";
import { Messages } from "../shared/message.ts";
import { ready, start } from "../shared/page.ts";
import { withPhone } from "../shared/phone.ts";

start();
const messages = new Messages();
const account = find("#person", HTMLElement).dataset["name"] ?? "";

/** Does something to the account, then shows the account as it is now. */
async function perform(action: () => Promise<string>): Promise<void> {
  messages.clear();
  try {
    go(await confirmed(account, messages, action));
  } catch (error) {
    const message = explain(error);
    if (message) {
      messages.show(message);
    } else {
      messages.clear();
    }
  }
}

async function add(hints: Hint[]): Promise<string> {
  const create = () => createPasskey({ hints });
  const made = await (hints.includes("hybrid") ? withPhone(messages, create) : create());
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
  await request(`/credentials/${encodeURIComponent(id)}`, { method: "DELETE" });
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
    void perform(() => remove(chosen));
  }
});
find("#here", HTMLButtonElement).addEventListener("click", () => void perform(() => add([])));
find("#phone", HTMLButtonElement).addEventListener("click", () => void perform(() => add(["hybrid"])));
document.querySelector("#end-others")?.addEventListener("click", () => void perform(endOthers));
ready();
