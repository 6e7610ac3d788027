import { localise } from "./time.ts";

/** What every page does: times in the person's own zone, and a notice that a reload does not repeat. */
export function start(): void {
  localise();
  const address = new URL(location.href);
  if (address.searchParams.has("notice")) {
    address.searchParams.delete("notice");
    history.replaceState(null, "", address);
  }
  // A page that comes back from the browser's memory may show what is no longer so, and its ceremony is gone.
  addEventListener("pageshow", (event) => {
    if (event.persisted) {
      location.reload();
    }
  });
}

/** Tells that every button works from now on. */
export function ready(): void {
  document.documentElement.dataset["ready"] = "";
}
