/**
 * `<hither-sign-in>`: the buttons of a sign-in page, and what went wrong, in one element. Importing this module
 * defines it. It needs no inline style and makes no markup from text, so it works under a strict content security
 * policy and with Trusted Types.
 */
import { advise, stuck, type Advice, type Step } from "./advice.ts";
import { signIn, type SignedIn } from "./authentication.ts";
import { usuallyLate } from "./circumstances.ts";
import { HitherError } from "./errors.ts";
import { autofillAvailable } from "./support.ts";

const labels: Partial<Record<Step, string>> = {
  try_again: "Try again",
  use_phone: "Use a phone or tablet",
  scan_again: "Scan again",
};

const css = `
  :host { display: block; }
  :host([hidden]) { display: none; }
  div { display: grid; gap: 0.75rem; }
  button { font: inherit; min-block-size: 2.75rem; padding: 0.5rem 1rem; cursor: pointer; }
  [part~="primary"] { font-weight: 600; }
  p, ul { margin: 0 0 0.5rem; }
  [part="message"] { display: block; }
  [part="title"] { font-weight: 600; }
  [part="steps"] { display: flex; flex-wrap: wrap; gap: 0.5rem; }
  [part="message"] > :last-child { margin-block-end: 1rem; }
`;

let sheet: CSSStyleSheet | undefined;

/** One sheet for all elements of the document; constructed ones need no permission of the policy. */
function style(): CSSStyleSheet {
  if (!sheet) {
    sheet = new CSSStyleSheet();
    sheet.replaceSync(css);
  }
  return sheet;
}

/** Detail of "hither-signed-in". */
export type SignedInEvent = CustomEvent<SignedIn>;
/** Detail of "hither-error". */
export type ErrorEvent = CustomEvent<HitherError>;

/**
 * Attributes: `base` (address of the API, "/api/v1"), `autofill` (passkeys in the page's own
 * `<input autocomplete="username webauthn">`), `phone` (a second button for phones and tablets), `late`
 * (milliseconds, see {@link signIn}). Events, which bubble: `hither-signed-in` with what the server answered,
 * `hither-error` with the {@link HitherError}. Parts to style: button, primary, phone, message, title, steps.
 */
export class HitherSignIn extends HTMLElement {
  readonly #status = make("div", "", "message");
  readonly #here = make("button", "Sign in with a passkey", "button primary");
  readonly #phone = make("button", labels.use_phone ?? "", "button phone");
  #last = this.#here;
  #left = new AbortController();

  static readonly observedAttributes = ["phone"];

  constructor() {
    super();
    const root = this.attachShadow({ mode: "open", delegatesFocus: true });
    root.adoptedStyleSheets = [style()];
    this.#status.setAttribute("role", "status"); // there, and empty, from the start: a screen reader hears it change
    const buttons = make("div", "", "buttons");
    buttons.append(this.#here, this.#phone);
    root.append(this.#status, buttons);
    this.#here.addEventListener("click", () => void this.#press(this.#here));
    this.#phone.addEventListener("click", () => void this.#press(this.#phone));
    this.#phone.hidden = true;
  }

  connectedCallback(): void {
    this.#left = new AbortController();
    void this.#wait();
  }

  disconnectedCallback(): void {
    this.#left.abort();
  }

  attributeChangedCallback(): void {
    this.#phone.hidden = !this.hasAttribute("phone");
  }

  /** Starts the ceremony of the first button, as a click does. */
  start(): void {
    this.#here.click();
  }

  get #options(): { signal: AbortSignal; base?: string; late: number } {
    const base = this.getAttribute("base");
    const late = Number(this.getAttribute("late"));
    return { signal: this.#left.signal, late: late > 0 ? late : usuallyLate, ...(base && { base }) };
  }

  async #press(button: HTMLElement): Promise<void> {
    this.#last = button;
    const { signal } = this.#left;
    const options = this.#options;
    const phone = button === this.#phone;
    this.#status.replaceChildren();
    const timer = phone ? setTimeout(() => this.#say(stuck), options.late) : undefined;
    try {
      this.#done(await signIn({ ...options, ...(phone && { hints: ["hybrid"] as const }) }));
    } catch (error) {
      this.#fail(error);
      if (!(error instanceof HitherError && error.code === "aborted") && signal === this.#left.signal) {
        void this.#wait(); // it made room for the button
      }
    } finally {
      clearTimeout(timer);
    }
  }

  /** Keeps passkeys on offer in the form field until somebody picks one. */
  async #wait(): Promise<void> {
    const { signal } = this.#left;
    if (!this.hasAttribute("autofill") || !(await autofillAvailable()) || signal.aborted) {
      return;
    }
    try {
      this.#done(await signIn({ ...this.#options, mode: "autofill" }));
    } catch (error) {
      if (error instanceof HitherError && error.ceremony && !error.circumstances) {
        this.#fail(error); // a passkey was picked; else nobody has done anything yet that could fail
        void this.#wait(); // others stay on offer
      }
    }
  }

  #done(signedIn: SignedIn): void {
    this.#status.replaceChildren(make("p", "You are signed in.", "title"));
    this.#tell("hither-signed-in", signedIn);
  }

  #fail(error: unknown): void {
    const advice = advise(error);
    if (advice) {
      this.#say(advice);
      this.#tell("hither-error", error);
    }
  }

  #tell(name: string, detail: unknown): void {
    this.dispatchEvent(new CustomEvent(name, { detail, bubbles: true, composed: true }));
  }

  #say(advice: Advice): void {
    const all = [make("p", advice.title, "title"), make("p", advice.text)];
    if (advice.checklist) {
      const list = make("ul", "");
      list.append(...advice.checklist.map((line) => make("li", line)));
      all.push(list);
    }
    // Of two that press the same button, the better one.
    const known = advice.steps.filter((step) => labels[step]);
    const steps = known
      .filter((step, i) => known.findIndex((other) => this.#target(other) === this.#target(step)) === i)
      .flatMap((step) => this.#way(step));
    if (steps.length) {
      const row = make("div", "", "steps");
      row.append(...steps);
      all.push(row);
    }
    this.#status.replaceChildren(...all);
  }

  #target(step: Step): HTMLElement {
    return step === "try_again" ? this.#last : this.#phone;
  }

  #way(step: Step): HTMLElement[] {
    const label = labels[step];
    const target = this.#target(step);
    if (!label || target.hidden) {
      return [];
    }
    const button = make("button", label, "button");
    button.addEventListener("click", () => {
      target.focus(); // the message and its buttons go
      target.click();
    });
    return [button];
  }
}

function make(tag: string, text: string, part = ""): HTMLElement {
  const element = document.createElement(tag);
  element.textContent = text;
  if (part) {
    element.setAttribute("part", part);
  }
  if (tag === "button") {
    element.setAttribute("type", "button");
  }
  return element;
}

declare global {
  interface HTMLElementTagNameMap {
    "hither-sign-in": HitherSignIn;
  }
  interface HTMLElementEventMap {
    "hither-signed-in": SignedInEvent;
    "hither-error": ErrorEvent;
  }
}

if (!customElements.get("hither-sign-in")) {
  customElements.define("hither-sign-in", HitherSignIn);
}
