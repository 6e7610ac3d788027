import type { TestbedErrorCode } from "./errors.ts";

/** Something that happened in a bed. */
export interface TestbedEvent {
  /** Counts from 1. The bed keeps the last 10,000. */
  id: number;
  time: Date;
  /** Id of the phone it happened to; "" when it was none. */
  phone: string;
  /** Id of the scan it belongs to; "" when it is none. */
  scan: string;
  /** What happened, such as qr_read, connected, advertising, handshake_done, request_received, asked, reply_sent, closed. */
  kind: string;
  detail: string;
}

/** An event as the control API has it. */
export interface WireEvent {
  id: number;
  time: string;
  phone: string;
  scan: string;
  kind: string;
  detail: string;
}

/** What the control API says of an event. */
export function eventOf({ id, time, phone, scan, kind, detail }: WireEvent): TestbedEvent {
  return { id, time: new Date(time), phone, scan, kind, detail };
}

/** What a scan was waiting for, given the kinds of what had happened in it, as a code and the end of a sentence. */
export function waiting(kinds: ReadonlySet<string>): [TestbedErrorCode, string] {
  if (!kinds.has("handshake_done")) {
    return ["nobody_came", "no browser had come to the phone that scanned its QR code: is it out of reach, or the radio off?"];
  }
  if (!kinds.has("request_received")) {
    return ["timeout", "the browser had come to the phone and asked nothing"];
  }
  if (kinds.has("asked") && !kinds.has("agreed") && !kinds.has("declined")) {
    return ["timeout", "the phone had asked its person, who said nothing: call agree() or decline(), or scan with until: \"asked\""];
  }
  return ["timeout", "the phone had not answered"];
}
