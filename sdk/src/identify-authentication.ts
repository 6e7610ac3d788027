import type { Circumstances } from "./circumstances.ts";
import { type BrowserErrorCode, HitherError } from "./errors.ts";
import { exceptionName, originMessage, refusedBy } from "./exception.ts";

/** Says what an exception of `navigator.credentials.get` means under these circumstances. */
export function identifyAuthenticationError(error: unknown, circumstances: Circumstances): HitherError {
  const { capabilities } = circumstances;
  const fail = (code: BrowserErrorCode, message: string) =>
    new HitherError(code, message, { cause: error, ceremony: "authentication", circumstances });
  switch (exceptionName(error)) {
    case "AbortError":
      // WebAuthn L3 §5.1.4.3, §5.6: somebody's AbortController.
      return fail("aborted", "another ceremony took over");
    case "NotAllowedError":
      // WebAuthn L3 §5.1.4.3, §14.5.2: one error for many causes, on purpose: no page may learn whether there is
      // a passkey here. Only the circumstances tell them apart.
      return fail(...refusedBy(circumstances));
    case "NotSupportedError":
    case "ConstraintError":
      // Not in WebAuthn L3 §5.1.4.3: Android says it where there is no screen lock, some password managers where
      // they cannot verify their person (§6.3.3 step 5 would have it a NotAllowedError).
      return capabilities.screenLock === true
        ? fail("no_authenticator", "no authenticator here can do what is asked")
        : fail("no_screen_lock", "this device does not verify its person");
    case "SecurityError":
      // WebAuthn L3 §5.1.4.1 steps 5 to 7, §5.1.4.3: the effective domain is no domain, or the relying party ID is
      // not the domain or a registrable suffix of it.
      return fail("wrong_origin", originMessage(circumstances));
    case "OperationError":
      // Not in the specification: Chromium's word for a second request beside one that is not ours.
      return fail("busy", "the browser is busy with another ceremony");
    default:
      // UnknownError, NotReadableError, EncodingError, TypeError, and what password managers throw. An
      // InvalidStateError has no meaning here.
      return fail("failed", "the browser could not complete the ceremony");
  }
}
