import { find, make } from "./dom.ts";

/** What a page tells a person: what happened, and what to do next. */
export interface Message {
  title: string;
  text?: string;
  steps?: string[];
  link?: { href: string; text: string };
  /** Nothing is wrong: somebody changed their mind. */
  calm?: boolean;
}

/** The page's two areas for messages. At most one of them says something. */
export class Messages {
  readonly #status = find("[role=status]", HTMLElement);
  readonly #alert = find("[role=alert]", HTMLElement);

  /** Says what goes on. */
  tell(message: Message): void {
    this.clear();
    this.#status.append(...parts(message));
  }

  /** Says what went wrong. */
  show(message: Message): void {
    this.clear();
    const area = message.calm ? this.#status : this.#alert;
    area.append(...parts(message));
    area.scrollIntoView({ block: "nearest" });
  }

  clear(): void {
    this.#status.replaceChildren();
    this.#alert.replaceChildren();
  }
}

function parts(message: Message): HTMLElement[] {
  const all = [make("p", message.title, "title")];
  if (message.text) {
    all.push(make("p", message.text));
  }
  if (message.steps) {
    const list = make("ul", "");
    list.append(...message.steps.map((step) => make("li", step)));
    all.push(list);
  }
  if (message.link) {
    const link = make("a", message.link.text) as HTMLAnchorElement;
    link.href = message.link.href;
    const line = make("p", "");
    line.append(link);
    all.push(line);
  }
  return all;
}
