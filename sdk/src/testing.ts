import type { Circumstances } from "./circumstances.ts";

/** A browser and a server for tests, as little of each as the package needs. */

/** A request that reached the fake server. */
export interface Received {
  method: string;
  path: string;
  init: RequestInit;
  body: unknown;
}

export interface Answer {
  status?: number;
  body?: unknown;
  headers?: Record<string, string>;
}

export type Ceremony = (options: {
  publicKey: { challenge: ArrayBuffer; timeout?: number; hints?: string[]; [member: string]: unknown };
  signal: AbortSignal;
  mediation?: string;
}) => Promise<unknown>;

export class FakeBrowser {
  /** Requests in the order in which they came. */
  readonly requests: Received[] = [];
  /** Credential ids that the page told the browser to forget. */
  readonly forgotten: unknown[] = [];
  /** Answers by path; a list is used up one by one, its last for ever. */
  readonly answers: Record<string, Answer | Answer[] | Error> = {};
  /** What the browser says that it can do. */
  capabilities: Record<string, boolean> = { userVerifyingPlatformAuthenticator: true, hybridTransport: true };
  create: Ceremony = () => Promise.reject(new DOMException("", "NotAllowedError"));
  get: Ceremony = () => Promise.reject(new DOMException("", "NotAllowedError"));

  /** Makes one and puts it in the place of the real thing. */
  static install(): FakeBrowser {
    const browser = new FakeBrowser();
    browser.#install();
    return browser;
  }

  #install(): void {
    const PublicKeyCredential = Object.assign(() => {}, {
      isConditionalMediationAvailable: () => Promise.resolve(true),
      getClientCapabilities: () => Promise.resolve(this.capabilities),
      isUserVerifyingPlatformAuthenticatorAvailable: () =>
        Promise.resolve(this.capabilities["userVerifyingPlatformAuthenticator"] === true),
      signalUnknownCredential: (options: unknown) => {
        this.forgotten.push(options);
        return Promise.resolve();
      },
    });
    const globals = {
      isSecureContext: true,
      PublicKeyCredential,
      location: new URL("https://id.example/login"),
      navigator: {
        credentials: {
          create: (options: Parameters<Ceremony>[0]) => this.create(options),
          get: (options: Parameters<Ceremony>[0]) => this.get(options),
        },
      },
      fetch: (path: string, init: RequestInit) => this.#serve(path, init),
    };
    for (const [name, value] of Object.entries(globals)) {
      Object.defineProperty(globalThis, name, { value, configurable: true, writable: true });
    }
  }

  /** The bodies of the requests to a path. */
  bodies(path: string): unknown[] {
    return this.requests.filter((one) => one.path === path).map((one) => one.body);
  }

  async #serve(path: string, init: RequestInit): Promise<Response> {
    init.signal?.throwIfAborted();
    const body: unknown = init.body === undefined ? undefined : JSON.parse(String(init.body));
    this.requests.push({ method: init.method ?? "GET", path, init, body });
    let answer = this.answers[path];
    if (Array.isArray(answer)) {
      answer = answer.length > 1 ? answer.shift() : answer[0];
    }
    if (answer === undefined || answer instanceof Error) {
      throw answer ?? new TypeError(`nothing answers ${path}`);
    }
    const status = answer.status ?? 200;
    const text = status === 204 ? null : JSON.stringify(answer.body ?? {});
    return new Response(text, { status, headers: answer.headers ?? {} });
  }
}

/** The circumstances of a refusal that was late after a second, as far as a test does not say otherwise. */
export function circumstances(other: Partial<Circumstances> = {}): Circumstances {
  return {
    elapsed: 10,
    late: 1_000,
    waiting: false,
    phone: false,
    hinted: false,
    capabilities: { screenLock: true, hybrid: true },
    origin: "https://id.example",
    rpId: "id.example",
    ...other,
  };
}

/** A problem document as the server writes it. */
export function problem(status: number, code: string): Answer {
  return { status, body: { status, code, detail: `detail of ${code}`, request_id: "r-1" } };
}

/** Bytes of a text. */
export function bytes(text: string): ArrayBuffer {
  return new TextEncoder().encode(text).buffer as ArrayBuffer;
}

/** Waits for the abort of a ceremony, as a browser does. */
export function untilAborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    const stop = () => reject(new DOMException("", "AbortError"));
    if (signal.aborted) {
      stop();
    }
    signal.addEventListener("abort", stop);
  });
}

/** Lets everything happen that only waits for its turn. */
export async function settle(): Promise<void> {
  for (let i = 0; i < 50; i++) {
    await Promise.resolve();
  }
  await new Promise<void>((resolve) => setImmediate(resolve));
}

/** A new passkey as a password manager without toJSON hands it out. */
export function attestation(): object {
  return {
    id: "aWQ",
    rawId: bytes("id"),
    type: "public-key",
    authenticatorAttachment: "platform",
    getClientExtensionResults: () => ({ credProps: { rk: true } }),
    response: {
      clientDataJSON: bytes("client data"),
      attestationObject: bytes("attestation"),
      getTransports: () => ["internal", "hybrid"],
    },
  };
}

/** A signature by a passkey, without toJSON. */
export function assertion(): object {
  return {
    id: "aWQ",
    rawId: bytes("id"),
    type: "public-key",
    authenticatorAttachment: "cross-platform",
    getClientExtensionResults: () => ({}),
    response: {
      clientDataJSON: bytes("client data"),
      authenticatorData: bytes("authenticator data"),
      signature: bytes("signature"),
      userHandle: bytes("handle"),
    },
  };
}

/** What the server answers to a begin. */
export function begun(ceremony: string): Answer {
  return {
    body: {
      ceremony,
      publicKey: {
        challenge: "Y2hhbGxlbmdl",
        rpId: "id.example",
        rp: { id: "id.example", name: "Example" },
        user: { id: "aGFuZGxl", name: "ada", displayName: "Ada" },
        pubKeyCredParams: [{ type: "public-key", alg: -7 }],
        timeout: 300_000,
      },
    },
  };
}
