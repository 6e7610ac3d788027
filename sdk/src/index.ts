/**
 * Passkey sign-in for pages of the same origin as Hither: {@link createPasskey} and {@link signIn}. Both take the
 * options from the server, let the browser do its part, hand the answer back, and say what happened: with what the
 * server made of it, or with a {@link HitherError} whose code a program can act on.
 *
 * One ceremony runs at a time: a new one replaces the one that is running, which fails with the code "aborted".
 * That is how autofill makes room for a button, and why it fails in the same way while a button's ceremony runs.
 */
export { createPasskey, type CreatePasskeyOptions, type CreatedPasskey } from "./registration.ts";
export { signIn, type SignInOptions, type SignedIn } from "./authentication.ts";
export { HitherError, type BrowserErrorCode, type Ceremony, type HitherErrorCode, type ServerErrorCode } from "./errors.ts";
export type { Capabilities, Circumstances } from "./circumstances.ts";
export { advise, stuck, type Advice, type Step } from "./advice.ts";
export { Accepted, signalAccount, type SignalOptions } from "./signals.ts";
export { autofillAvailable, obstacle, supported } from "./support.ts";
export type { Account, Credential, Hint, Session, Use } from "./types.ts";
