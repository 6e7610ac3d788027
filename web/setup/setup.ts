import { type CreatedPasskey, createPasskey, HitherError, obstacle } from "../../sdk/src/index.ts";
import { find } from "../shared/dom.ts";
import { Messages, press } from "../shared/message.ts";
import { ready, start } from "../shared/page.ts";
import { patience } from "../shared/patience.ts";
import { withPhone } from "../shared/phone.ts";
import { placeOf } from "../shared/place.ts";
import { report } from "../shared/report.ts";
import { look } from "./invitation.ts";

// First of all: the secret of the link leaves the address bar, and with it the history.
const token = location.hash.slice(1);
if (token) {
  history.replaceState(null, "", location.pathname + location.search);
}

// Another link, opened in this very tab, changes nothing but the fragment.
addEventListener("hashchange", () => location.reload());

start();
const messages = new Messages();
const panel = find("#setup", HTMLElement);
const form = find("#create", HTMLFormElement);
const name = find("#name", HTMLInputElement);
const displayName = find("#display-name", HTMLInputElement);
const done = find("#done", HTMLElement);
const closed = find("#closed", HTMLElement);
const here = find("#create .primary", HTMLButtonElement);
const phone = find("#phone", HTMLButtonElement);

/** The button that was pressed last. */
let last = here;

function show(part: HTMLElement): void {
  for (const one of [form, done, closed]) {
    one.hidden = one !== part;
  }
}

const scan = () => press(phone);

/** Shows what went wrong; a dead link leaves nothing to fill in. */
function fail(error: unknown): void {
  const said = report(messages, error, {
    try_again: last === phone ? scan : () => press(last),
    use_phone: scan,
    scan_again: scan,
    use_it: "/login",
    sign_in: "/login",
    reload: () => location.reload(),
  });
  if (!said) {
    return;
  }
  const code = error instanceof HitherError ? error.code : "failed";
  if (code === "invitation_invalid" || code === "signup_closed") {
    show(closed);
    document.querySelector("#closed-hint")?.remove();
  }
  if (code === "name_taken" || code === "name_invalid") {
    name.setAttribute("aria-invalid", "true");
    name.focus();
  }
}

/** Says what was made and where it lives. */
function celebrate(made: CreatedPasskey): void {
  const place = placeOf(made.credential, made.attachment);
  find("#done-person", HTMLElement).textContent = made.account.display_name || made.account.name;
  find("#done-passkey", HTMLElement).textContent = made.credential.name;
  find("#done-place", HTMLElement).textContent = place.words;
  find("#done-advice", HTMLElement).textContent = place.advice;
  messages.clear();
  show(done);
  const heading = find("h1", HTMLElement);
  heading.textContent = "Your passkey is ready";
  document.title = document.title.replace("Create your passkey", heading.textContent);
  heading.focus();
}

async function make(button: HTMLButtonElement): Promise<void> {
  last = button;
  if (!form.reportValidity()) {
    return;
  }
  messages.clear();
  name.removeAttribute("aria-invalid");
  const create = () =>
    createPasskey({
      name: name.value.trim(),
      ...(displayName.value.trim() && { displayName: displayName.value.trim() }),
      ...(token && { token }),
      ...(button === phone && { hints: ["hybrid"] as const }),
      late: patience(),
    });
  try {
    celebrate(await (button === phone ? withPhone(messages, scan, create) : create()));
  } catch (error) {
    fail(error);
  }
}

async function open(): Promise<void> {
  if (!token && (panel.dataset["signUp"] !== "open" || "signedIn" in panel.dataset)) {
    show(closed);
    return;
  }
  show(form);
  const missing = obstacle();
  if (missing) {
    fail(missing);
  } else if (token) {
    const invitation = await look(token);
    find("#administrator", HTMLElement).hidden = !invitation?.administrator;
    if (invitation?.name) {
      name.value = invitation.name;
      name.readOnly = true;
      find("#name-hint", HTMLElement).textContent = "Chosen by the person who invited you.";
    }
  }
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  void make(here);
});
phone.addEventListener("click", () => void make(phone));

open().catch(fail);
ready();
