import { again } from "./again.ts";
import { type Asked, gather } from "./circumstances.ts";
import { HitherError } from "./errors.ts";
import { forget } from "./forget.ts";
import { identifyAuthenticationError } from "./identify-authentication.ts";
import { authenticationJSON, requestOptions } from "./json.ts";
import { Renewal } from "./renewal.ts";
import { request, sessionKind } from "./request.ts";
import { claim } from "./running.ts";
import { demandSupport } from "./support.ts";
import type { Account, Hint, Session } from "./types.ts";

export interface SignInOptions {
  /**
   * "modal" (the default) asks at once. "autofill" waits, for hours if need be, until the person picks a passkey in
   * a field with autocomplete="username webauthn".
   */
  mode?: "modal" | "autofill";
  /** User name, where it is known: to confirm who is there. */
  name?: string;
  /** Which kind of authenticator to offer first. */
  hints?: Hint[];
  /** Address of the API; "/api/v1" when absent. That of another origin must have this page's in related_origins. */
  base?: string;
  /** Milliseconds from which on a refusal of the browser counts as late, "timed_out"; 30,000 when absent. */
  late?: number;
  /** Ends the ceremony with the code "aborted". */
  signal?: AbortSignal;
}

export interface SignedIn {
  account: Account;
  credential: { id: string; name: string };
  session: Session;
  /** "platform", "cross-platform", or null when the browser does not say. */
  attachment: string | null;
}

interface Begun {
  ceremony: string;
  publicKey: PublicKeyCredentialRequestOptionsJSON;
}

/** Signs in with a passkey. */
export async function signIn(options: SignInOptions = {}): Promise<SignedIn> {
  demandSupport();
  const { signal, release } = claim(options.mode === "autofill", options.signal);
  try {
    return await again(signal, () => authenticate(options, signal));
  } finally {
    release();
  }
}

async function authenticate(options: SignInOptions, signal: AbortSignal): Promise<SignedIn> {
  const { begun, credential } = await (options.mode === "autofill" ? wait(options, signal) : ask(options, signal));
  try {
    // The passkey has been used: another ceremony no longer ends this one.
    const finished = await request<Omit<SignedIn, "attachment">>("/authentication/finish", {
      base: options.base,
      ceremony: "authentication",
      body: { ceremony: begun.ceremony, credential: authenticationJSON(credential), session: sessionKind(options.base) },
    });
    return { ...finished, attachment: credential.authenticatorAttachment };
  } catch (error) {
    throw await forget(error, ["credential_unknown"], begun.publicKey.rpId, credential.id);
  }
}

interface Answered {
  begun: Begun;
  credential: PublicKeyCredential;
}

async function ask(options: SignInOptions, signal: AbortSignal): Promise<Answered> {
  const begun = await begin(options, signal);
  return { begun, credential: await get(begun, options, { signal }) };
}

/** Keeps a ceremony open in the form field, and begins another whenever it is about to run out. */
async function wait(options: SignInOptions, signal: AbortSignal): Promise<Answered> {
  for (;;) {
    const begun = await begin(options, signal);
    const renewal = new Renewal(signal, begun.publicKey.timeout);
    try {
      return { begun, credential: await get(begun, options, { signal: renewal.signal, mediation: "conditional" }) };
    } catch (error) {
      if (!renewal.due || signal.aborted) {
        throw error;
      }
    } finally {
      renewal.stop();
    }
  }
}

function begin(options: SignInOptions, signal: AbortSignal): Promise<Begun> {
  return request<Begun>("/authentication/begin", { base: options.base, signal, body: { name: options.name } }).then(
    (begun) => (options.hints?.length ? { ...begun, publicKey: { ...begun.publicKey, hints: options.hints } } : begun),
  );
}

async function get(
  begun: Begun,
  { hints, late }: SignInOptions,
  how: { signal: AbortSignal; mediation?: "conditional" },
): Promise<PublicKeyCredential> {
  const waiting = how.mediation === "conditional";
  const asked: Asked = { since: performance.now(), late, waiting, hints, rpId: begun.publicKey.rpId };
  try {
    const credential = await navigator.credentials.get({ ...how, publicKey: requestOptions(begun.publicKey) });
    if (!credential) {
      throw new TypeError("the browser gave nothing");
    }
    return credential as PublicKeyCredential;
  } catch (error) {
    const circumstances = await gather(asked);
    if (how.signal.aborted) {
      // Whatever the browser made of it, and also when the next ceremony began while this one was explained.
      throw new HitherError("aborted", "another ceremony took over", { cause: error, ceremony: "authentication" });
    }
    throw identifyAuthenticationError(error, circumstances);
  }
}
