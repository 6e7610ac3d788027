import type { Credential } from "../../sdk/src/index.ts";

/** Where a passkey that was just made lives, and what follows from it. web/words.go tells the same of older ones. */
export interface Place {
  words: string;
  advice: string;
}

export function placeOf(credential: Credential, attachment: string | null): Place {
  const has = (...transports: string[]) => transports.some((one) => credential.transports.includes(one));
  if (credential.backup_state) {
    return {
      words: "Synced: your password manager brings it to your other devices.",
      advice: "You can sign in with it on every device that uses the same password manager.",
    };
  }
  if (credential.backup_eligible) {
    return {
      words: "Not synced yet: your password manager can copy it to your other devices.",
      advice: "Switch on syncing in your password manager, or add a second passkey on another device.",
    };
  }
  const advice = "If you lose it, this passkey is lost too. Add a second one somewhere else soon.";
  if (has("usb", "nfc", "ble", "smart-card") && !has("internal")) {
    return { words: "On your security key.", advice };
  }
  if (attachment === "cross-platform" && has("hybrid")) {
    return { words: "On your phone or tablet only.", advice };
  }
  return { words: "Only on this device.", advice };
}
