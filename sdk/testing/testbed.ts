import { Control } from "./control.ts";
import { TestbedError } from "./errors.ts";
import { eventOf, type TestbedEvent, type WireEvent } from "./events.ts";
import { Phone, type PhoneOptions, type WirePhone } from "./phone.ts";
import { Program, type TestbedEnvironment, type TestbedOptions } from "./program.ts";

/** What the radio between browser and phones is like. */
export interface Air {
  /** Whether the browser's Bluetooth is on; it is without it. */
  power?: boolean;
  /** How many times each advert is sent without being heard; -1: it never is. */
  lose?: number;
  /** How many times more each hearing is reported. */
  repeat?: number;
  /** How long after a phone began to advertise it is first heard, in milliseconds. */
  delay?: number;
  /** Whether each advert is heard with one bit wrong. */
  corrupt?: boolean;
}

/** Which events to ask for. */
export interface EventOptions {
  /** Only those that came after the event of this id. */
  after?: number;
  /** How long to wait when there are none yet, in milliseconds; not at all without it. */
  wait?: number;
}

/** A screen, a radio, a tunnel service and phones in software: everything beside the browser that a sign-in by phone needs. */
export class Testbed {
  /**
   * Path of a Chromium that lives on this bed. It stands in for Chromium wherever one is started: `executablePath` of
   * Playwright and Puppeteer, `goog:chromeOptions.binary` of WebDriver. It always has a window.
   */
  readonly executablePath: string;
  /** The variables of the bed, by their names, for programs that shall live on it. */
  readonly environment: TestbedEnvironment;
  readonly #control: Control;
  readonly #program: Program | undefined;

  private constructor(environment: TestbedEnvironment, program?: Program) {
    this.environment = environment;
    this.executablePath = environment["HITHER_TESTBED_CHROMIUM"] ?? "";
    this.#program = program;
    this.#control = new Control(environment["HITHER_TESTBED_URL"]!, environment["HITHER_TESTBED_TOKEN"] ?? "", async () =>
      program ? program.inquest() : "",
    );
  }

  /**
   * Starts a bed of its own with `hither testbed serve`. It ends with {@link stop}, and with this process at the
   * latest. Fails with hither_missing, testbed_incomplete or testbed_failed.
   */
  static async start(options: TestbedOptions = {}): Promise<Testbed> {
    const program = await Program.start(options);
    if (!program.environment["HITHER_TESTBED_URL"]) {
      await program.stop();
      throw new TestbedError("testbed_failed", "hither testbed serve named no HITHER_TESTBED_URL: is it of another version?");
    }
    return new Testbed(program.environment, program);
  }

  /**
   * Takes the bed that this program was started on with `hither testbed run`. Fails with not_attached when there is
   * none, and with testbed_gone when it has ended.
   */
  static async attach(environment: Readonly<Record<string, string | undefined>> = process.env): Promise<Testbed> {
    if (!URL.canParse(environment["HITHER_TESTBED_URL"] ?? "")) {
      throw new TestbedError(
        "not_attached",
        "HITHER_TESTBED_URL names no test bed: start this program with `hither testbed run -- COMMAND`, or use Testbed.start()",
      );
    }
    const bed = new Testbed(variables(environment));
    await bed.#control.json("GET", "/v1/bed");
    return bed;
  }

  /** Ends a bed that was started here, with everything in it. One that was attached lives on. */
  async stop(): Promise<void> {
    await this.#program?.stop();
  }

  /** Makes a phone, without any passkey. */
  async phone({ results, ...options }: PhoneOptions = {}): Promise<Phone> {
    const wire = await this.#control.json<WirePhone>("POST", "/v1/phones", { body: options });
    return new Phone(this.#control, wire, results);
  }

  /** Sets what the radio is like from now on; what is not named is as on a good day. */
  async air({ delay, ...air }: Air = {}): Promise<void> {
    await this.#control.json("PUT", "/v1/air", { body: { ...air, ...(delay !== undefined && { delay_ms: delay }) } });
  }

  /** What has happened in the bed, in order. */
  async events({ after = 0, wait = 0 }: EventOptions = {}): Promise<TestbedEvent[]> {
    const path = `/v1/events?after=${after}&wait_ms=${wait}`;
    const { events } = await this.#control.json<{ events: WireEvent[] }>("GET", path, { wait });
    return events.map(eventOf);
  }

  /** The whole screen with everything on it, the browser's own windows too, as a PNG. */
  async screenshot(): Promise<Uint8Array> {
    return this.#control.bytes("GET", "/v1/screen.png");
  }
}

/** The variables that matter to a program on a bed. */
function variables(environment: Readonly<Record<string, string | undefined>>): TestbedEnvironment {
  const ours = /^(HITHER_TESTBED_.*|DISPLAY|XAUTHORITY|DBUS_(SYSTEM|SESSION)_BUS_ADDRESS)$/;
  const entries = Object.entries(environment).filter(([name, value]) => ours.test(name) && value !== undefined);
  return Object.fromEntries(entries) as TestbedEnvironment;
}
