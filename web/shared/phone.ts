import { stuck } from "../../sdk/src/index.ts";
import type { Messages } from "./message.ts";
import { patience } from "./patience.ts";

/** Says what happens while a phone or tablet is asked, and what to do when it does not come through. */
export async function withPhone<T>(messages: Messages, again: () => void, ceremony: () => Promise<T>): Promise<T> {
  messages.tellBeside({
    title: "Scan the QR code with your phone.",
    text: "Your browser shows it, perhaps after you choose “phone or tablet”. Use the phone’s camera. Bluetooth must be on, on both.",
  });
  const timer = setTimeout(() => messages.tellBeside(stuck, { scan_again: again }), patience());
  try {
    return await ceremony();
  } finally {
    clearTimeout(timer);
  }
}
