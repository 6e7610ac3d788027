import { HitherError } from "./errors.ts";

/** Whether this browser, on this page, can use passkeys at all. */
export function supported(): boolean {
  return obstacle() === undefined;
}

/** What keeps passkeys from this page: undefined when nothing does. */
export function obstacle(): HitherError | undefined {
  if (globalThis.isSecureContext !== true) {
    // WebAuthn L3 §5.1 and §13.4.6 (W3C Secure Contexts): the whole interface is absent then, whatever the browser.
    return new HitherError("insecure", `the page's origin ${location.origin} is no secure context`);
  }
  if (
    typeof globalThis.PublicKeyCredential !== "function" ||
    typeof globalThis.navigator?.credentials?.create !== "function"
  ) {
    return new HitherError("unsupported", "this browser has no PublicKeyCredential");
  }
  return undefined;
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
  const error = obstacle();
  if (error) {
    throw error;
  }
}
