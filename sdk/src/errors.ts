/** The two ceremonies of WebAuthn. */
export type Ceremony = "registration" | "authentication";

/** What went wrong between the page, the browser and the authenticator. */
export type BrowserErrorCode =
  /** Another ceremony took over, or the caller's signal fired. Show nothing. */
  | "aborted"
  /** The browser refused within half a minute: the person cancelled, or had no passkey here. */
  | "cancelled"
  /** The browser refused after more than half a minute: time ran out, or a phone never came near. */
  | "timed_out"
  /** The authenticator holds a passkey of this account already. */
  | "passkey_exists"
  /** No authenticator here can do what is asked; often there is no screen lock. */
  | "no_authenticator"
  /** The page's origin and the relying party ID do not fit: the operator's mistake. */
  | "wrong_origin"
  /** The browser knows no passkeys, or the page did not come over https. */
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
  /** Milliseconds that the browser's part took, when it is what failed. */
  elapsed?: number;
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
  readonly elapsed: number | undefined;
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
    this.elapsed = details.elapsed;
    this.status = details.status;
    this.requestId = details.requestId;
    this.retryAfter = details.retryAfter;
  }
}

/** A refusal after so many milliseconds is more likely a phone that never came near than a change of mind. */
const late = 30_000;

/** Says what an exception of `navigator.credentials` means, after so many milliseconds. */
export function identify(error: unknown, ceremony: Ceremony, elapsed: number, signal: AbortSignal): HitherError {
  if (error instanceof HitherError) {
    return error;
  }
  const fail = (code: BrowserErrorCode, message: string) =>
    new HitherError(code, message, { cause: error, ceremony, elapsed });
  const name = nameOf(error);
  if (signal.aborted || name === "AbortError") {
    return fail("aborted", "another ceremony took over");
  }
  switch (name) {
    case "NotAllowedError":
      // WebAuthn L3 §14.5.1: one error for many causes, on purpose; only the time taken tells them apart.
      return elapsed < late
        ? fail("cancelled", "the browser ended the ceremony soon")
        : fail("timed_out", "the browser ended the ceremony late");
    case "InvalidStateError":
      if (ceremony === "registration") {
        return fail("passkey_exists", "the authenticator holds a passkey of this account");
      }
      break;
    case "NotSupportedError":
    case "ConstraintError":
      return fail("no_authenticator", "no authenticator here can do what is asked");
    case "SecurityError":
      return fail("wrong_origin", "the origin of this page and the relying party ID do not fit");
  }
  return fail("failed", "the browser could not complete the ceremony");
}

function nameOf(error: unknown): string {
  return typeof error === "object" && error !== null && "name" in error ? String(error.name) : "";
}
