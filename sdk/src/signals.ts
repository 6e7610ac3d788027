import { request } from "./request.ts";
import { supported } from "./support.ts";
import type { Account, Credential } from "./types.ts";

/** Longest time that telling the browser may take, in milliseconds: nobody waits for it. */
const patience = 1_000;

export interface SignalOptions {
  /** Address of the API; "/api/v1" when absent. */
  base?: string;
}

/** What the server answers to GET /me, as far as it matters here. */
interface Me {
  account: Account;
  signal: { rp_id: string; user_id: string };
}

/**
 * What the server holds of the signed-in person, to be told to the browser, so that password managers offer what
 * signs in, under the name that the account has now, and hide the rest. WebAuthn L3 §5.1.10.
 */
export class Accepted {
  readonly #me: Me;
  readonly #ids: readonly string[];

  private constructor(me: Me, ids: readonly string[]) {
    this.#me = me;
    this.#ids = ids;
  }

  /** Asks the server; undefined when the browser cannot be told, nobody is signed in, or the server is away. */
  static async load({ base }: SignalOptions = {}): Promise<Accepted | undefined> {
    if (!supported() || typeof PublicKeyCredential.signalAllAcceptedCredentials !== "function") {
      return undefined;
    }
    try {
      const how = { base, method: "GET" } as const;
      const [me, { credentials }] = await Promise.all([
        request<Me>("/me", how),
        request<{ credentials: Credential[] }>("/credentials", how),
      ]);
      return new Accepted(me, credentials.map((one) => one.id));
    } catch {
      return undefined; // tidying up can wait for another day
    }
  }

  /** Tells the browser, without a passkey that has been removed since. Resolves to whether it listened. */
  async tell(removed?: string): Promise<boolean> {
    const { account, signal } = this.#me;
    const person = { rpId: signal.rp_id, userId: signal.user_id };
    try {
      await within(
        Promise.all([
          PublicKeyCredential.signalAllAcceptedCredentials({
            ...person,
            allAcceptedCredentialIds: this.#ids.filter((id) => id !== removed),
          }),
          PublicKeyCredential.signalCurrentUserDetails?.({
            ...person,
            name: account.name,
            displayName: account.display_name,
          }),
        ]),
      );
      return true;
    } catch {
      return false;
    }
  }
}

/**
 * Tells the browser which passkeys of the signed-in person count, and the person's names. For a page that people
 * reach after they signed in, or changed something. Never fails; resolves to whether the browser listened.
 */
export async function signalAccount(options: SignalOptions = {}): Promise<boolean> {
  const accepted = await Accepted.load(options);
  return (await accepted?.tell()) ?? false;
}

async function within<T>(promise: Promise<T>): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error("the browser does not answer")), patience);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
