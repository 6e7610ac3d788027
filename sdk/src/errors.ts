import type { Circumstances } from "./circumstances.ts";

/** The two ceremonies of WebAuthn. */
export type Ceremony = "registration" | "authentication";

/** What went wrong between the page, the browser and the authenticator. docs/errors.md is the whole table. */
export type BrowserErrorCode =
  /** Another ceremony took over, or the caller's signal fired. Show nothing. */
  | "aborted"
  /** The browser refused soon: the person cancelled, or had no passkey here. */
  | "cancelled"
  /** The browser refused late: nobody answered in time. */
  | "timed_out"
  /** The browser refused late, and a QR code was on screen: a phone was expected and never came near. */
  | "phone_timed_out"
  /** The authenticator holds a passkey of this account already. */
  | "passkey_exists"
  /** Nothing here verifies its person: no screen lock, or a security key without a PIN. */
  | "no_screen_lock"
  /** No authenticator here can do what is asked. */
  | "no_authenticator"
  /** The browser is busy with a ceremony that is none of ours: another script of the page, or an extension. */
  | "busy"
  /** The page's origin and the relying party ID do not fit: the operator's mistake. */
  | "wrong_origin"
  /** The page did not come over https, nor from localhost. */
  | "insecure"
  /** The browser knows no passkeys. */
  | "unsupported"
  /** Nothing came back from the server. */
  | "unreachable"
  /** Something else in the browser; `cause` has it. */
  | "failed";

/** What the server answered: the `code` of its problem document. */
export type ServerErrorCode =
  | "authentication_failed"
  | "body_malformed"
  | "body_too_large"
  | "ceremony_expired"
  | "ceremony_invalid"
  | "ceremony_spent"
  | "credential_exists"
  | "credential_limit"
  | "credential_unknown"
  | "cross_site"
  | "headers_too_large"
  | "internal"
  | "invitation_invalid"
  | "last_credential"
  | "method_not_allowed"
  | "misdirected"
  | "name_invalid"
  | "name_taken"
  | "not_found"
  | "rate_limited"
  | "registration_failed"
  | "signup_closed"
  | "step_up_required"
  | "unauthenticated"
  | "unavailable"
  | "unsupported_media_type";

export type HitherErrorCode = BrowserErrorCode | ServerErrorCode;

/** What is known beside the code. */
export interface HitherErrorDetails {
  /** The error of the browser or the network. */
  cause?: unknown;
  /** Which ceremony failed; absent when the browser had no part in it yet. */
  ceremony?: Ceremony;
  /** Under which circumstances the browser refused, when it is what failed. */
  circumstances?: Circumstances;
  /** HTTP status of the server's answer. */
  status?: number;
  /** Names the request in the server's log. */
  requestId?: string;
  /** Seconds to wait before trying again. */
  retryAfter?: number;
}

/** The one error of this package: `code` to act on, `message` for a log, never a secret. */
export class HitherError extends Error {
  readonly code: HitherErrorCode;
  readonly ceremony: Ceremony | undefined;
  readonly circumstances: Circumstances | undefined;
  readonly status: number | undefined;
  readonly requestId: string | undefined;
  readonly retryAfter: number | undefined;
  /** The server does not hold the passkey, and the browser was told to forget it. */
  forgotten = false;

  constructor(code: HitherErrorCode, message: string, details: HitherErrorDetails = {}) {
    super(message, { cause: details.cause });
    this.name = "HitherError";
    this.code = code;
    this.ceremony = details.ceremony;
    this.circumstances = details.circumstances;
    this.status = details.status;
    this.requestId = details.requestId;
    this.retryAfter = details.retryAfter;
  }
}
