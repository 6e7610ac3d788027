import type { Circumstances } from "./circumstances.ts";
import { type BrowserErrorCode, HitherError } from "./errors.ts";
import { exceptionName, originMessage, refusedBy } from "./exception.ts";

/** Says what an exception of `navigator.credentials.create` means under these circumstances. */
export function identifyRegistrationError(error: unknown, circumstances: Circumstances): HitherError {
  const { capabilities } = circumstances;
  const fail = (code: BrowserErrorCode, message: string) =>
    new HitherError(code, message, { cause: error, ceremony: "registration", circumstances });
  switch (exceptionName(error)) {
    case "AbortError":
      // WebAuthn L3 §5.1.3.1, §5.6: somebody's AbortController.
      return fail("aborted", "another ceremony took over");
    case "NotAllowedError":
      // WebAuthn L3 §5.1.3.1, §14.5.1: one error for many causes, on purpose, so that pages learn nothing of
      // people who do not consent. Only the circumstances tell them apart.
      return fail(...refusedBy(circumstances));
    case "InvalidStateError":
      // WebAuthn L3 §5.1.3.1, §6.3.2 step 3: excludeCredentials names a passkey of this authenticator.
      return fail("passkey_exists", "the authenticator holds a passkey of this account");
    case "ConstraintError":
      // WebAuthn L3 §5.1.3.1, §6.3.2 steps 4 and 5: no authenticator can store a discoverable credential, or
      // none can verify its person. The second is what happens to people: their device has no screen lock.
      return capabilities.screenLock === true
        ? fail("no_authenticator", "no authenticator here stores discoverable credentials and verifies its person")
        : fail("no_screen_lock", "no authenticator here can verify its person");
    case "NotSupportedError":
      // WebAuthn L3 §5.1.3.1, §6.3.2 step 2: no algorithm in common. Android says it too where there is no
      // screen lock.
      return capabilities.screenLock === false
        ? fail("no_screen_lock", "this device does not verify its person")
        : fail("no_authenticator", "no authenticator here knows an algorithm that the server takes");
    case "SecurityError":
      // WebAuthn L3 §5.1.3 steps 6 to 8, §5.1.3.1: the effective domain is no domain, or the relying party ID is
      // not the domain or a registrable suffix of it.
      return fail("wrong_origin", originMessage(circumstances));
    case "OperationError":
      // Not in the specification: Chromium's word for a second request beside one that is not ours.
      return fail("busy", "the browser is busy with another ceremony");
    default:
      // UnknownError, NotReadableError, EncodingError, TypeError, and what password managers throw.
      return fail("failed", "the browser could not complete the ceremony");
  }
}
