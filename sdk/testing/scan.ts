import { setTimeout as sleep } from "node:timers/promises";
import type { Control } from "./control.ts";
import { TestbedError } from "./errors.ts";

/** How far a scan is. "ended" is after the answer, or instead of it. */
export type ScanState = "read" | "asked" | "answered" | "ended";

/** A scan as the control API has it. */
export interface WireScan {
  id: string;
  state: ScanState;
  error?: { code: string; detail: string };
  started_at: string;
  read_at: string;
  answered_at?: string;
}

/** What a scan was like when somebody last looked. */
export interface ScanStatus {
  state: ScanState;
  /** Why it ended without an answer, or after it. */
  error: { code: string; detail: string } | undefined;
  /** When the phone began to look for a QR code. */
  startedAt: Date;
  /** When it had read one. */
  readAt: Date;
  /** When its answer was on the way to the browser. */
  answeredAt: Date | undefined;
}

/** What a phone does about one QR code. It goes on by itself when {@link Phone.scan} did not wait for its end. */
export class Scan {
  /** How events call it. */
  readonly id: string;
  /** What it was like when {@link Phone.scan} resolved. */
  readonly first: ScanStatus;
  readonly #control: Control;
  readonly #path: string;

  /** Use {@link Phone.scan}. */
  constructor(control: Control, phone: string, wire: WireScan) {
    this.#control = control;
    this.#path = `${phone}/scans/${encodeURIComponent(wire.id)}`;
    this.id = wire.id;
    this.first = status(wire);
  }

  /** What it is like now. */
  async status(): Promise<ScanStatus> {
    return status(await this.#control.json<WireScan>("GET", this.#path));
  }

  /** Waits until the phone's answer is on the way to the browser. Fails with the reason when there will be none. */
  async answered({ timeout = 15_000 } = {}): Promise<ScanStatus> {
    const end = Date.now() + timeout;
    for (;;) {
      const now = await this.status();
      if (now.answeredAt) {
        return now;
      }
      if (now.state === "ended") {
        throw new TestbedError(now.error?.code ?? "unanswered", now.error?.detail ?? "the scan ended without an answer");
      }
      if (Date.now() > end) {
        throw new TestbedError("timeout", `the phone has not answered within ${timeout} ms: its scan is at "${now.state}"`);
      }
      await sleep(50);
    }
  }

  /** Ends it: the phone hangs up. */
  async hangUp(): Promise<void> {
    await this.#control.json("DELETE", this.#path);
  }
}

function status(wire: WireScan): ScanStatus {
  return {
    state: wire.state,
    error: wire.error,
    startedAt: new Date(wire.started_at),
    readAt: new Date(wire.read_at),
    answeredAt: wire.answered_at === undefined ? undefined : new Date(wire.answered_at),
  };
}
