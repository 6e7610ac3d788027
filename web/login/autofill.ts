import { autofillAvailable, HitherError, signIn } from "../../sdk/src/index.ts";

/** Ceremonies that end sooner than this, and so many in a row, did not wait for anybody. */
const soon = 2_000;
const tooMany = 3;

/** Milliseconds until the next try when the server could not be asked. */
const pause = 30_000;

/** Keeps passkeys on offer in the form field for as long as the page is open. */
export class Autofill {
  readonly #signedIn: () => void;
  readonly #failed: (error: unknown) => void;
  #running = false;
  #soon = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(signedIn: () => void, failed: (error: unknown) => void) {
    this.#signedIn = signedIn;
    this.#failed = failed;
    addEventListener("online", () => {
      if (this.#timer !== undefined) {
        this.start();
      }
    });
  }

  /** Begins to wait for a passkey; does nothing while it waits already. */
  start(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (!this.#running) {
      this.#running = true;
      void this.#wait();
    }
  }

  async #wait(): Promise<void> {
    const start = Date.now();
    try {
      if (await autofillAvailable()) {
        await signIn({ mode: "autofill" });
        this.#signedIn();
      }
    } catch (error) {
      this.#running = false;
      this.#after(error, Date.now() - start);
    }
  }

  #after(error: unknown, waited: number): void {
    const known = error instanceof HitherError ? error : undefined;
    if (known?.code === "aborted") {
      return; // a button was pressed, and its owner starts us again
    }
    const away = ["unreachable", "unavailable", "rate_limited"].includes(known?.code ?? "");
    const picked = known?.ceremony !== undefined && known.circumstances === undefined; // the browser did its part
    if (picked || (!away && waited >= soon)) {
      this.#failed(error); // else nobody has done anything yet that could fail
    }
    this.#soon = waited < soon ? this.#soon + 1 : 0;
    if (away) {
      this.#timer = setTimeout(() => this.start(), pause);
    } else if (this.#soon < tooMany) {
      this.start();
    }
  }
}
