const minute = 60_000;
const hour = 60 * minute;
const day = 24 * hour;

/** Writes every time of the page in the person's own zone; the server writes UTC. */
export function localise(now: number = Date.now()): void {
  for (const element of document.querySelectorAll("time")) {
    const at = Date.parse(element.dateTime);
    if (Number.isNaN(at)) {
      continue;
    }
    const full = absolute(at);
    element.title = full;
    element.textContent = recent(now - at) ?? full;
  }
}

function absolute(at: number): string {
  const language = document.documentElement.lang;
  const own = navigator.languages.filter((one) => one.startsWith(language)); // en-GB and en-US write dates differently
  return new Intl.DateTimeFormat([...own, language], { dateStyle: "medium", timeStyle: "short" }).format(at);
}

/** "5 minutes ago", for what is less than a day old. */
export function recent(age: number, language: string = document.documentElement.lang): string | undefined {
  // A few seconds into the future is a clock that differs, not a prophecy.
  if (age < -minute || age >= day) {
    return undefined;
  }
  if (age < minute) {
    return "just now";
  }
  const words = new Intl.RelativeTimeFormat(language, { numeric: "always" });
  return age < hour ? words.format(-Math.floor(age / minute), "minute") : words.format(-Math.floor(age / hour), "hour");
}
