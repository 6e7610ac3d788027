import assert from "node:assert/strict";
import { test } from "node:test";
import type { Credential } from "../../sdk/src/index.ts";
import { placeOf } from "./place.ts";

function made(backup_eligible: boolean, backup_state: boolean, ...transports: string[]): Credential {
  return { backup_eligible, backup_state, transports } as unknown as Credential;
}

const rows: [string, Credential, string | null, RegExp][] = [
  ["synced", made(true, true, "internal", "hybrid"), "platform", /^Synced/],
  ["not synced yet", made(true, false, "internal"), "platform", /^Not synced yet/],
  ["security key", made(false, false, "usb", "nfc"), "cross-platform", /security key/],
  ["phone", made(false, false, "internal", "hybrid"), "cross-platform", /phone or tablet/],
  ["this device", made(false, false, "internal"), "platform", /^Only on this device/],
  ["unknown", made(false, false), null, /^Only on this device/],
];

for (const [name, credential, attachment, words] of rows) {
  test(name, () => {
    const place = placeOf(credential, attachment);
    assert.match(place.words, words);
    assert.match(place.advice, /\.$/);
  });
}
