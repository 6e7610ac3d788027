import assert from "node:assert/strict";
import { test } from "node:test";
import { assertion, begun, FakeBrowser, problem, settle, untilAborted } from "./testing.ts";

/** As much of an element as this one uses. */
class FakeElement extends EventTarget {
  readonly children: FakeElement[] = [];
  readonly attributes = new Map<string, string>();
  textContent = "";
  hidden = false;
  focused = 0;

  attachShadow(): FakeElement & { adoptedStyleSheets: unknown[] } {
    return Object.assign(this, { adoptedStyleSheets: [] });
  }
  append(...more: FakeElement[]): void {
    this.children.push(...more);
  }
  replaceChildren(...more: FakeElement[]): void {
    this.children.splice(0, this.children.length, ...more);
  }
  setAttribute(name: string, value: string): void {
    this.attributes.set(name, value);
  }
  getAttribute(name: string): string | null {
    return this.attributes.get(name) ?? null;
  }
  hasAttribute(name: string): boolean {
    return this.attributes.has(name);
  }
  focus(): void {
    this.focused++;
  }
  click(): void {
    this.dispatchEvent(new Event("click"));
  }
  /** Everything that it says. */
  get words(): string {
    return [this.textContent, ...this.children.map((one) => one.words)].join(" ").trim();
  }
}

const begin = "/api/v1/authentication/begin";
const finish = "/api/v1/authentication/finish";

/** An element in a page, with what it told the page. */
async function scene(attributes: Record<string, string> = {}) {
  const browser = FakeBrowser.install();
  browser.answers[begin] = begun("c");
  browser.answers[finish] = { body: { account: { name: "ada" } } };
  const fakes = {
    HTMLElement: FakeElement,
    CSSStyleSheet: class {
      replaceSync(): void {}
    },
    customElements: { get: () => undefined, define() {} },
    document: Object.assign(new EventTarget(), { createElement: () => new FakeElement() }),
  };
  for (const [name, value] of Object.entries(fakes)) {
    Object.defineProperty(globalThis, name, { value, configurable: true });
  }
  const { HitherSignIn } = await import("./element.ts");
  const element = new HitherSignIn();
  const told: unknown[] = [];
  element.addEventListener("hither-signed-in", (event) => told.push(event.detail.account.name));
  element.addEventListener("hither-error", (event) => told.push(event.detail.code));
  for (const [name, value] of Object.entries(attributes)) {
    element.setAttribute(name, value);
  }
  element.attributeChangedCallback();
  element.connectedCallback();
  const [status, buttons] = (element as unknown as FakeElement).children as [FakeElement, FakeElement];
  const [here, phone] = buttons.children as [FakeElement, FakeElement];
  const press = (words: string) => status.children.at(-1)?.children.find((one) => one.textContent === words)?.click();
  return { browser, element, status, here, phone, told, press };
}

test("the button signs in, and the page hears of it", async () => {
  const { browser, element, status, phone, told } = await scene({ base: "/id/api/v1" });
  browser.answers["/id/api/v1/authentication/begin"] = begun("c");
  browser.answers["/id/api/v1/authentication/finish"] = { body: { account: { name: "grace" } } };
  browser.get = () => Promise.resolve(assertion());
  assert.equal(phone.hidden, true);
  element.start();
  await settle();
  assert.deepEqual(told, ["grace"]);
  assert.equal(status.words, "You are signed in.");
  assert.equal(status.getAttribute("role"), "status");
});

test("an error is said, told, and has the ways on that there are", async () => {
  const { here, status, told, press } = await scene();
  here.click();
  await settle();
  assert.deepEqual(told, ["cancelled"]);
  assert.match(status.words, /No passkey was used\..*Try again$/, "no phone button, no phone");
  press("Try again");
  await settle();
  assert.deepEqual(told, ["cancelled", "cancelled"]);
  assert.equal(here.focused, 1);
});

test("of two ways to the same button one is offered", async () => {
  const { browser, phone, status } = await scene({ phone: "" });
  browser.get = () => Promise.reject(new DOMException("", "NotAllowedError"));
  phone.click();
  await settle();
  assert.match(status.words, /phone or tablet that has yours\. Scan again$/);
});

test("a phone that is stuck, and one that does not come", async () => {
  const { browser, phone, status, told } = await scene({ phone: "", late: "5" });
  let refuse: (() => void) | undefined;
  let hints: unknown;
  browser.get = (options) => {
    hints = options.publicKey.hints;
    return new Promise((_, reject) => (refuse = () => reject(new DOMException("", "NotAllowedError"))));
  };
  assert.equal(phone.hidden, false);
  phone.click();
  // The browser's part began after the wait, so it must last a little longer to be late.
  const since = performance.now();
  for (const end = since + 5_000; !status.words.includes("Connecting") || performance.now() < since + 50; ) {
    assert.ok(performance.now() < end);
    await settle();
  }
  assert.deepEqual(hints, ["hybrid"]);
  refuse?.();
  await settle();
  assert.deepEqual(told, ["phone_timed_out"]);
  assert.match(status.words, /did not come through.*Bluetooth.*Scan again$/);
});

test("autofill waits, says what failed, and waits again", async () => {
  const { browser, told, status } = await scene();
  assert.equal(browser.requests.length, 0, "not unasked");
  const filled = await scene({ autofill: "" });
  let picks = 0;
  filled.browser.answers[finish] = problem(401, "credential_unknown");
  filled.browser.get = (options) => (picks++ === 0 ? Promise.resolve(assertion()) : untilAborted(options.signal));
  await settle();
  assert.deepEqual(filled.told, ["credential_unknown"]);
  assert.equal(picks, 2);
  assert.deepEqual([told, status.words], [[], ""]);
});

test("an element that leaves the page ends its ceremony without a word", async () => {
  const { browser, element, here, told, status } = await scene();
  browser.get = (options) => untilAborted(options.signal);
  here.click();
  await settle();
  element.disconnectedCallback();
  await settle();
  assert.deepEqual([told, status.words], [[], ""]);
});
