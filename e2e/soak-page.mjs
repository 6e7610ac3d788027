// What a soak measured, in words.

/** The parts of the way from the QR code that was read to the session, in their order: name, whose, from, until. */
const parts = [
  ["the phone dials the tunnel service and advertises", "ours", "qr_read", "advertising"],
  ["the browser hears it, dials the tunnel service; they shake hands", "Chromium", "advertising", "handshake_done"],
  ["the browser asks", "Chromium", "handshake_done", "request_received"],
  ["the phone asks its person, who agrees at once, and answers", "ours", "request_received", "reply_sent"],
  ["the browser closes its dialog, the page takes the answer", "Chromium", "reply_sent", "asked"],
  ["hitherd finishes the ceremony, as the browser measures its request", "ours", "asked", "answered"],
];

/** What there are aims for or what is good to know: name, and the time of a sign-in. */
const whole = [
  ["click to QR code read", (one) => one.qr_read - one.clicked],
  ["scan to signed in", (one) => one.answered - one.qr_read],
  ["of it ours", (one) => sum(one, "ours")],
  ["of it Chromium’s", (one) => sum(one, "Chromium")],
  ["scan to the account’s page shown", (one) => one.arrived - one.qr_read],
];

function sum(one, owner) {
  return parts.filter(([, whose]) => whose === owner).reduce((total, [, , from, until]) => total + one[until] - one[from], 0);
}

/** The value that p per cent are not above. */
export function percentile(values, p) {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(Math.floor((p / 100) * sorted.length), sorted.length - 1)] ?? Number.NaN;
}

function row(name, values, ...more) {
  const figures = [50, 90, 99, 100].map((p) => Math.round(percentile(values, p)));
  return `| ${[name, ...more, ...figures].join(" | ")} |`;
}

function met(ok) {
  return ok ? "met" : "**not met**";
}

/** The page of docs. Results have the moments of a sign-in, or an error. */
export function pageOf({ results, scenes, load, seconds, machine }) {
  const good = results.filter((one) => !one.error);
  const ours = percentile(good.map(whole[2][1]), 99);
  const failed = results.filter((one) => one.error).map((one) => `- sign-in ${one.number}: ${one.error.split("\n")[0]}`);
  return `# Benchmarks of the test bed

Signing in with a phone as often as it takes to see what happens once in a hundred times, measured by \`make soak-hybrid\`, which writes this
page. Each sign-in is a person's: \`/login\` of a hitherd, a click on the phone button, the QR code that an unmodified Chromium draws on the screen
of a [test bed](testbed.md), a phone in software that reads it from there, the fake radio, the bed's relay, the answer, the account's page; then
they sign out. ${scenes} scenes play at once, each with a bed, a browser and a hitherd of its own, all on this machine.

Measured on ${new Date().toISOString().slice(0, 10)} in ${Math.floor(seconds / 60)}m${seconds % 60}s: ${machine}. The load of the last minute was ${load.toFixed(2)} when it began.
Nothing here is asserted by a test.

| | aim | measured | |
| --- | --- | --- | --- |
| sign-ins that succeed, the first time | all | ${good.length} of ${results.length} | ${met(good.length === results.length)} |
| scan to signed in, what of it is ours, p99 | ≤ 500 ms | ${Math.round(ours)} ms | ${met(ours <= 500)} |

| time, ms | p50 | p90 | p99 | most |
| --- | --- | --- | --- | --- |
${whole.map(([name, time]) => row(name, good.map(time))).join("\n")}

From the click to the QR code are the page's begin, Chromium's dialog and the eye, which looks at the screen again and again. \`Scan\` is the moment at
which the phone has read the QR code, \`signed in\` the one at which the browser has hitherd's answer. In between, in order:

| time, ms | whose | p50 | p90 | p99 | most |
| --- | --- | --- | --- | --- | --- |
${parts.map(([name, whose, from, until]) => row(name, good.map((one) => one[until] - one[from]), whose)).join("\n")}

Times of phones are those of the bed's events, times of the browser its own; one clock. While Chromium is counted, the fake radio and the relay pass on
what is said: what a relay adds is in [benchmarks-relay.md](benchmarks-relay.md).
${failed.length ? `\nWhat failed:\n\n${failed.join("\n")}\n` : ""}`;
}
