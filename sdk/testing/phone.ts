import { mkdtemp, mkdir, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import type { Control } from "./control.ts";
import { TestbedError } from "./errors.ts";
import { Scan, type ScanState, type WireScan } from "./scan.ts";
import { waiting, type WireEvent } from "./events.ts";

/** What a new phone shall be like. */
export interface PhoneOptions {
  /** What events call it. */
  name?: string;
  /** Whether its passkeys leave it: backed_up without it, as phones do. */
  backup?: "device_bound" | "backup_eligible" | "backed_up";
  /** Whether its passkeys count their signatures; they do not without it. */
  counting?: boolean;
  /** Folder for pictures of the screen when a scan fails; without it a new one for temporary files. */
  results?: string;
}

/** How a phone's person answers: at once with yes or no, or as the test says when it is asked. */
export type Manner = "agree" | "decline" | "ask";

/** Something that goes wrong with a phone, until it is told otherwise. `hither testbed` documents each. */
export type Fault =
  | "no_advert"
  | "wrong_key"
  | "advert_suffix"
  | "tunnel_404"
  | "tunnel_410"
  | "tunnel_503"
  | "drop_connection"
  | "drop_handshake"
  | "drop_request"
  /** The phone answers requests with this status of CTAP, such as ctap_0x27. */
  | `ctap_0x${string}`
  /** The person takes this long, such as slow_user_3s. */
  | `slow_user_${string}`
  | "declines"
  | "wrong_pin"
  | "uv_cleared"
  | "be_flipped"
  | "counter_back"
  | (string & {});

/** A page of Playwright or Puppeteer, as far as a phone must know it. */
export interface Page {
  /** Puts the page where the screen shows it. */
  bringToFront(): Promise<unknown>;
}

/** How a phone scans. */
export interface ScanOptions {
  /**
   * What to wait for: "read" is that the phone has read a QR code, "asked" that its person is asked, "answered" that
   * its answer is on the way to the browser. "answered" without it.
   */
  until?: Exclude<ScanState, "ended">;
  /** How long to wait for it, in milliseconds; 15,000 without it. */
  timeout?: number;
  /** A QR code's text that the phone is handed, in place of the one on the screen. */
  text?: string;
}

/** A passkey that a phone holds. */
export interface Passkey {
  id: string;
  rpId: string;
  userName: string;
  userDisplayName: string;
  createdAt: Date;
}

/** What a phone asks its person. */
export interface Question {
  /** What the person would agree to: a passkey, one in place of another, that there is one already, that there is none. */
  action: "create" | "replace" | "excluded" | "sign_in" | "nothing";
  rpId: string;
  /** What the page calls itself; "" when it does not say. */
  rpName: string;
  /** Whose passkeys there are, the newest first. */
  accounts: { name: string; displayName: string }[];
}

/** A yes. */
export interface Consent {
  /** Which of the question's accounts; the first without it. */
  account?: number;
  /** Whether the phone recognised its person; it did without it. */
  verified?: boolean;
}

interface WirePasskey {
  id: string;
  rp_id: string;
  user_name: string;
  user_display_name: string;
  created_at: string;
}

/** A phone as the control API has it. */
export interface WirePhone {
  id: string;
  name: string;
  answer: Manner;
  faults: string[];
  passkeys: WirePasskey[];
}

interface WireQuestion {
  action: Question["action"];
  rp_id: string;
  rp_name: string;
  accounts: { name: string; display_name: string }[];
}

/** How long a phone waits for what is about to happen, in milliseconds. */
const patience = 15_000;

/** A phone in software that scans the QR code on the bed's screen. It is unlocked, and its person agrees to everything. */
export class Phone {
  /** How the control API calls it. */
  readonly id: string;
  readonly name: string;
  readonly #control: Control;
  readonly #results: string | undefined;
  #manner: Manner;
  #pictures = 0;

  /** Use {@link Testbed.phone}. */
  constructor(control: Control, wire: WirePhone, results?: string) {
    this.#control = control;
    this.id = wire.id;
    this.name = wire.name;
    this.#manner = wire.answer;
    this.#results = results;
  }

  /**
   * Brings the page to the front, waits for a QR code that no phone of this bed has scanned, scans it, and resolves
   * when the phone has answered the browser: with a passkey, or with a no when it declines. Click first, then scan.
   *
   * Fails with no_qr_code when none is there in time; the message names a picture of the screen. Fails with the
   * reason when the phone cannot answer: nobody_came, unanswered, or what a fault does, such as dropped.
   */
  async scan(page?: Page, { until = "answered", timeout = patience, text }: ScanOptions = {}): Promise<Scan> {
    await page?.bringToFront();
    try {
      const body = { until, timeout_ms: timeout, ...(text !== undefined && { text }) };
      const wire = await this.#control.json<WireScan>("POST", `${this.#path}/scans`, { body, wait: timeout });
      if (wire.error && !wire.answered_at) {
        throw new TestbedError(wire.error.code, wire.error.detail);
      }
      return new Scan(this.#control, this.#path, wire);
    } catch (error) {
      throw await this.#illustrated(await this.#explained(error, timeout));
    }
  }

  /** Sets how the person answers from now on: "agree" and "decline" at once, "ask" waits for agree() or decline(). */
  async answers(manner: Manner): Promise<void> {
    await this.#control.json("PATCH", this.#path, { body: { answer: manner } });
    this.#manner = manner;
  }

  /** With answers("ask"), waits for a question and says yes to it; otherwise agrees to everything from now on. */
  async agree(consent: Consent = {}): Promise<void> {
    return this.#manner === "ask" ? this.#answer({ agree: true, ...consent }) : this.answers("agree");
  }

  /** With answers("ask"), waits for a question and says no to it; otherwise declines everything from now on. */
  async decline(): Promise<void> {
    return this.#manner === "ask" ? this.#answer({ agree: false }) : this.answers("decline");
  }

  /** Waits for the question that the phone asks its person, with answers("ask"). Fails with no_question. */
  async question({ timeout = patience } = {}): Promise<Question> {
    const where = `${this.#path}/question?wait_ms=${timeout}`;
    const wire = await this.#control.json<WireQuestion>("GET", where, { wait: timeout });
    return {
      action: wire.action,
      rpId: wire.rp_id,
      rpName: wire.rp_name,
      accounts: wire.accounts.map((one) => ({ name: one.name, displayName: one.display_name })),
    };
  }

  /** Sets what goes wrong from now on, in place of what did; nothing without an argument. */
  async faults(...faults: Fault[]): Promise<void> {
    await this.#control.json("PATCH", this.#path, { body: { faults } });
  }

  /** The passkeys that the phone holds. */
  async passkeys(): Promise<Passkey[]> {
    const wire = await this.#control.json<WirePhone>("GET", this.#path);
    return wire.passkeys.map((one) => ({
      id: one.id,
      rpId: one.rp_id,
      userName: one.user_name,
      userDisplayName: one.user_display_name,
      createdAt: new Date(one.created_at),
    }));
  }

  /** Deletes a passkey on the phone, as its person does in the settings; all of them without an argument. */
  async forget(passkey?: Passkey | string): Promise<void> {
    const gone = passkey === undefined ? await this.passkeys() : [passkey];
    for (const one of gone) {
      const id = typeof one === "string" ? one : one.id;
      await this.#control.json("DELETE", `${this.#path}/passkeys/${encodeURIComponent(id)}`);
    }
  }

  /** Switches the phone off for ever: its scans end, its passkeys are gone. */
  async remove(): Promise<void> {
    await this.#control.json("DELETE", this.#path);
  }

  get #path(): string {
    return `/v1/phones/${encodeURIComponent(this.id)}`;
  }

  async #answer(answer: object): Promise<void> {
    await this.question();
    await this.#control.json("POST", `${this.#path}/answer`, { body: answer });
  }

  /** Says of a scan that was not in time what it was waiting for. */
  async #explained(error: unknown, timeout: number): Promise<unknown> {
    if (!(error instanceof TestbedError) || error.code !== "timeout") {
      return error;
    }
    const { events } = await this.#control.json<{ events: WireEvent[] }>("GET", "/v1/events");
    const scan = events.findLast((one) => one.phone === this.id && one.scan !== "")?.scan;
    const [code, what] = waiting(new Set(events.filter((one) => one.scan === scan).map((one) => one.kind)));
    return new TestbedError(code, `after ${timeout} ms ${what}`, { cause: error.cause });
  }

  /** Adds what was on the screen to an error of a scan. */
  async #illustrated(error: unknown): Promise<unknown> {
    if (!(error instanceof TestbedError) || error.code === "testbed_gone") {
      return error;
    }
    try {
      const file = await this.#picture();
      const who = error.message.startsWith("testbed: ") ? "" : `${this.name}: `; // else it says so itself
      const message = `${who}${error.message}\nThis was on the screen: ${file}`;
      return new TestbedError(error.code, message, { cause: error.cause, screenshot: file });
    } catch {
      return error; // What went wrong first is what matters.
    }
  }

  async #picture(): Promise<string> {
    const picture = await this.#control.bytes("GET", "/v1/screen.png");
    const folder = this.#results ?? (await mkdtemp(path.join(tmpdir(), "hither-testbed-")));
    await mkdir(folder, { recursive: true });
    this.#pictures += 1;
    const file = path.join(folder, `screen-${this.id.replaceAll(/\W+/g, "-")}-${this.#pictures}.png`);
    await writeFile(file, picture);
    return file;
  }
}
