import { HitherError } from "./errors.ts";

/** Whether this browser, on this page, can use passkeys at all. */
export function supported(): boolean {
  return (
    globalThis.isSecureContext === true &&
    typeof globalThis.PublicKeyCredential === "function" &&
    typeof globalThis.navigator?.credentials?.create === "function"
  );
}

/** Whether the browser can offer passkeys in a form field. */
export async function autofillAvailable(): Promise<boolean> {
  if (!supported() || typeof PublicKeyCredential.isConditionalMediationAvailable !== "function") {
    return false;
  }
  return PublicKeyCredential.isConditionalMediationAvailable().catch(() => false);
}

/** Throws when there are no passkeys here. */
export function demandSupport(): void {
  if (!supported()) {
    throw new HitherError("unsupported", "no passkeys in this browser, or the page did not come over https");
  }
}
