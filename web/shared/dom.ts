/** Finds an element that the template promises. */
export function find<T extends Element>(selector: string, kind: new () => T): T {
  const found = document.querySelector(selector);
  if (!(found instanceof kind)) {
    throw new Error(`this page has no ${selector}`);
  }
  return found;
}

/** Makes an element with text in it, never markup. */
export function make(tag: string, text: string, className = ""): HTMLElement {
  const element = document.createElement(tag);
  element.textContent = text;
  element.className = className;
  return element;
}

/** The page that a path of this origin names; `otherwise` for whatever else a text may be. */
export function local(path: string, otherwise: string): URL {
  try {
    const target = new URL(path, location.origin);
    if (path.startsWith("/") && target.origin === location.origin) {
      return target;
    }
  } catch {
    // no address at all
  }
  return new URL(otherwise, location.origin);
}

/** Loads a page of ours afresh, also when it differs from this one in its fragment alone. */
export function go(path: string): void {
  const target = local(path, "/");
  if (target.pathname === location.pathname) {
    history.replaceState(null, "", target);
    location.reload();
  } else {
    location.assign(target);
  }
}
