import type { Messages } from "./message.ts";

/** Milliseconds after which somebody with a phone in hand is likely stuck: browsers show no error for that. */
const stuck = 30_000;

/** Says what happens while a phone or tablet is asked. */
export async function withPhone<T>(messages: Messages, ceremony: () => Promise<T>): Promise<T> {
  messages.tell({
    title: "Scan the QR code with your phone.",
    text: "Your browser shows it, perhaps after you choose “phone or tablet”. Use the phone’s camera. Bluetooth must be on, on both.",
  });
  const timer = setTimeout(() => {
    messages.tell({
      title: "Still connecting?",
      text: "Then cancel in your browser’s window, check that Bluetooth is on and both are online, and scan again.",
    });
  }, stuck);
  try {
    return await ceremony();
  } finally {
    clearTimeout(timer);
  }
}
