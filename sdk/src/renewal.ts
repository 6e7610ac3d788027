/** How long a ceremony lasts when its options do not say, in milliseconds. */
const usual = 300_000;

/**
 * Aborts a waiting ceremony a little before it runs out. A computer that slept past that moment stops no timer, so
 * the clock is looked at again whenever the page comes back into view.
 */
export class Renewal {
  readonly #controller = new AbortController();
  readonly #outside: AbortSignal;
  readonly #at: number;
  readonly #timer: ReturnType<typeof setTimeout>;
  #due = false;

  constructor(outside: AbortSignal, lifetime: number = usual) {
    const patience = lifetime * 0.9;
    this.#outside = outside;
    this.#at = Date.now() + patience;
    this.#timer = setTimeout(this.#renew, patience);
    outside.addEventListener("abort", this.#forward);
    globalThis.document?.addEventListener("visibilitychange", this.#look);
    if (outside.aborted) {
      this.#forward();
    }
  }

  /** Fires when it is time, or with the signal from outside. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Whether it was time, rather than the signal from outside. */
  get due(): boolean {
    return this.#due;
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#outside.removeEventListener("abort", this.#forward);
    globalThis.document?.removeEventListener("visibilitychange", this.#look);
  }

  readonly #forward = (): void => this.#controller.abort();

  readonly #look = (): void => {
    if (Date.now() >= this.#at) {
      this.#renew();
    }
  };

  readonly #renew = (): void => {
    this.#due = true;
    this.#controller.abort();
  };
}
