import { again } from "./again.ts";
import { type Asked, gather } from "./circumstances.ts";
import { HitherError, type HitherErrorCode } from "./errors.ts";
import { forget } from "./forget.ts";
import { identifyRegistrationError } from "./identify-registration.ts";
import { creationOptions, registrationJSON } from "./json.ts";
import { request, sessionKind } from "./request.ts";
import { claim } from "./running.ts";
import { demandSupport } from "./support.ts";
import type { Account, Credential, Hint, Session } from "./types.ts";

export interface CreatePasskeyOptions {
  /** User name of the account to be. Leave it out when signed in: the passkey is then added to that account. */
  name?: string;
  /** What the person is called; the user name when absent. */
  displayName?: string;
  /** From a setup or invitation link. */
  token?: string;
  /** Which kind of authenticator to offer first. */
  hints?: Hint[];
  /** Address of the API; "/api/v1" when absent. That of another origin must have this page's in related_origins. */
  base?: string;
  /** Milliseconds from which on a refusal of the browser counts as late, "timed_out"; 30,000 when absent. */
  late?: number;
  /** Ends the ceremony with the code "aborted". */
  signal?: AbortSignal;
}

export interface CreatedPasskey {
  account: Account;
  credential: Credential;
  /** "platform", "cross-platform", or null when the browser does not say. */
  attachment: string | null;
  /** With a new account: it is signed in. */
  session?: Session;
}

interface Begun {
  ceremony: string;
  publicKey: PublicKeyCredentialCreationOptionsJSON;
}

/** Creates a passkey: for a new account, or another one for the person who is signed in. */
export async function createPasskey(options: CreatePasskeyOptions = {}): Promise<CreatedPasskey> {
  demandSupport();
  const { signal, release } = claim(false, options.signal);
  try {
    return await again(signal, () => register(options, signal));
  } finally {
    release();
  }
}

async function register(options: CreatePasskeyOptions, signal: AbortSignal): Promise<CreatedPasskey> {
  const { base, name, displayName, token } = options;
  const begun = await request<Begun>("/registration/begin", {
    base,
    signal,
    body: { name, display_name: displayName, token }, // members that are undefined are left out
  });
  const credential = await create(prefer(begun.publicKey, options.hints), options, signal);
  try {
    // What the authenticator made counts from here on, so another ceremony no longer ends this one.
    const finished = await request<Omit<CreatedPasskey, "attachment">>("/registration/finish", {
      base,
      ceremony: "registration",
      body: { ceremony: begun.ceremony, credential: registrationJSON(credential), session: sessionKind(base) },
    });
    return { ...finished, attachment: credential.authenticatorAttachment };
  } catch (error) {
    throw await forget(error, refused, begun.publicKey.rp.id, credential.id);
  }
}

/**
 * Answers after which the server does not hold what the authenticator made. "credential_exists" and
 * "ceremony_spent" are not among them: there it may.
 */
const refused: HitherErrorCode[] = [
  "ceremony_expired",
  "ceremony_invalid",
  "credential_limit",
  "invitation_invalid",
  "name_invalid",
  "name_taken",
  "registration_failed",
  "signup_closed",
];

function prefer(json: PublicKeyCredentialCreationOptionsJSON, hints?: Hint[]): PublicKeyCredentialCreationOptionsJSON {
  if (!hints?.length) {
    return json;
  }
  const preferred = { ...json, hints };
  if (!hints.includes("client-device")) {
    // For browsers that know no hints; WebAuthn L3 §5.8.7 asks for both.
    preferred.authenticatorSelection = { ...json.authenticatorSelection, authenticatorAttachment: "cross-platform" };
  }
  return preferred;
}

async function create(
  json: PublicKeyCredentialCreationOptionsJSON,
  { hints, late }: CreatePasskeyOptions,
  signal: AbortSignal,
): Promise<PublicKeyCredential> {
  const asked: Asked = { since: performance.now(), late, waiting: false, hints, rpId: json.rp.id };
  try {
    const credential = await navigator.credentials.create({ publicKey: creationOptions(json), signal });
    if (!credential) {
      throw new TypeError("the browser made nothing");
    }
    return credential as PublicKeyCredential;
  } catch (error) {
    const circumstances = await gather(asked);
    if (signal.aborted) {
      // Whatever the browser made of it, and also when the next ceremony began while this one was explained.
      throw new HitherError("aborted", "another ceremony took over", { cause: error, ceremony: "registration" });
    }
    throw identifyRegistrationError(error, circumstances);
  }
}
