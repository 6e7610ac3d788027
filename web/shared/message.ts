import type { Advice, Step } from "../../sdk/src/index.ts";
import { find, make } from "./dom.ts";

/**
 * Where a step leads: an address of ours, or what happens. A page leaves out what it does not have, and of steps that
 * lead to the very same only the best is shown.
 */
export type Ways = Partial<Record<Step, string | (() => void)>>;

const labels: Record<Step, string> = {
  try_again: "Try again",
  use_phone: "Use a phone or tablet",
  scan_again: "Scan again",
  more_ways: "More ways",
  sign_in: "Sign in",
  use_it: "Sign in with it",
  reload: "Load this page again",
};

/** What a page tells of its own accord: no step has to follow. */
export type News = Pick<Advice, "title"> & Partial<Advice>;

/** The page's two areas for messages. At most one of them says something. */
export class Messages {
  readonly #status = find("[role=status]", HTMLElement);
  readonly #alert = find("[role=alert]", HTMLElement);

  /** Says what goes on. */
  tell(news: News, ways: Ways = {}): void {
    this.clear();
    this.#status.append(...parts(news, ways));
  }

  /** The same while the browser's own window stands in front of the page: beside it, where there is room. */
  tellBeside(news: News, ways: Ways = {}): void {
    this.tell(news, ways);
    this.#status.classList.add("beside");
  }

  /** Says what went wrong, and offers the ways on that the page has. */
  show(advice: Advice, ways: Ways): void {
    this.clear();
    const area = advice.calm ? this.#status : this.#alert;
    area.append(...parts(advice, ways));
    area.scrollIntoView({ block: "nearest" });
  }

  clear(): void {
    this.#status.classList.remove("beside");
    this.#status.replaceChildren();
    this.#alert.replaceChildren();
  }
}

function parts(news: News, ways: Ways): HTMLElement[] {
  const all = [make("p", news.title, "title")];
  if (news.text) {
    all.push(make("p", news.text));
  }
  if (news.checklist) {
    const list = make("ul", "", "checklist");
    list.append(...news.checklist.map((line) => make("li", line)));
    all.push(list);
  }
  const steps = (news.steps ?? [])
    .filter((step, i, offered) => offered.findIndex((other) => ways[other] === ways[step]) === i)
    .flatMap((step) => way(labels[step], ways[step]));
  if (steps.length) {
    const row = make("p", "", "steps");
    row.append(...steps);
    all.push(row);
  }
  return all;
}

function way(label: string, where: Ways[Step]): HTMLElement[] {
  if (where === undefined) {
    return [];
  }
  if (typeof where === "string") {
    const link = make("a", label, "button small") as HTMLAnchorElement;
    link.href = where;
    return [link];
  }
  const button = make("button", label, "small") as HTMLButtonElement;
  button.type = "button";
  button.addEventListener("click", where);
  return [button];
}

/** Presses a button of the page, as the person would: the message and its own buttons go, so the focus moves there. */
export function press(button: HTMLElement): void {
  button.focus();
  button.click();
}
