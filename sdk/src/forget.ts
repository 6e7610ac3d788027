import { HitherError, type HitherErrorCode } from "./errors.ts";

/**
 * Tells the browser to forget a passkey when the server's refusal says for certain that it does not hold it: some
 * password managers remove it for good. Returns the error, marked as forgotten when the browser was told.
 * WebAuthn L3 §5.1.10.
 */
export async function forget(
  error: unknown,
  certain: HitherErrorCode[],
  rpId: string | undefined,
  credentialId: string,
): Promise<unknown> {
  if (!(error instanceof HitherError) || !certain.includes(error.code)) {
    return error;
  }
  if (typeof PublicKeyCredential.signalUnknownCredential !== "function") {
    return error;
  }
  try {
    await PublicKeyCredential.signalUnknownCredential({ rpId: rpId ?? location.hostname, credentialId });
    error.forgotten = true;
  } catch {
    // The refusal matters more than what could not be tidied up after it.
  }
  return error;
}
