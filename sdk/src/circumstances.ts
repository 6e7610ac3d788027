/** What is known about a ceremony that the browser refused: all that tells one cause of an error from another. */
export interface Circumstances {
  /** Milliseconds that the browser's part took. */
  elapsed: number;
  /** Milliseconds from which on a refusal counts as late. */
  late: number;
  /** The ceremony only waited in a form field, for however long: its time says nothing. */
  waiting: boolean;
  /** A QR code was likely on screen: a phone was asked for, or nothing else here could have answered. */
  phone: boolean;
  /** A phone was asked for, by the hint "hybrid". */
  hinted: boolean;
  /** What this browser can do. */
  capabilities: Capabilities;
  /** Origin of the page. */
  origin: string;
  /** Relying party ID of the ceremony; undefined when the options named none. */
  rpId: string | undefined;
}

/** What the browser says that it can do; a member that it does not speak of is undefined. */
export interface Capabilities {
  /** This device verifies people by its screen lock, for passkeys of its own. */
  screenLock: boolean | undefined;
  /** Phones and tablets can be asked by QR code. */
  hybrid: boolean | undefined;
}

/** A refusal after so many milliseconds is more likely a phone that never came near than a change of mind. */
export const usuallyLate = 30_000;

/** Longest time that a browser may take to say what it can do: an error must not wait for its explanation. */
const patience = 1_000;

/** Asks the browser what it can do (WebAuthn L3 §5.1.7, and §5.1.8 for browsers before it). Never fails. */
export async function capabilities(): Promise<Capabilities> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const unknown = { screenLock: undefined, hybrid: undefined };
  const late = new Promise<Capabilities>((resolve) => {
    timer = setTimeout(() => resolve(unknown), patience);
  });
  try {
    return await Promise.race([ask(), late]);
  } catch {
    return unknown;
  } finally {
    clearTimeout(timer);
  }
}

async function ask(): Promise<Capabilities> {
  if (typeof PublicKeyCredential.getClientCapabilities === "function") {
    const all = await PublicKeyCredential.getClientCapabilities();
    return { screenLock: all["userVerifyingPlatformAuthenticator"], hybrid: all["hybridTransport"] };
  }
  return { screenLock: await PublicKeyCredential.isUserVerifyingPlatformAuthenticatorAvailable(), hybrid: undefined };
}

/** What a ceremony knows of itself. */
export interface Asked {
  /** performance.now() when the browser was asked. */
  since: number;
  /** Milliseconds; {@link usuallyLate} when absent. */
  late: number | undefined;
  waiting: boolean;
  hints: readonly string[] | undefined;
  rpId: string | undefined;
}

/** Gathers the circumstances at the moment in which the browser has refused. */
export async function gather(asked: Asked): Promise<Circumstances> {
  const elapsed = performance.now() - asked.since; // first: what follows takes time too
  const able = await capabilities();
  const hinted = asked.hints?.includes("hybrid") ?? false;
  return {
    elapsed,
    late: asked.late ?? usuallyLate,
    waiting: asked.waiting,
    phone: asked.hints?.length ? hinted : able.screenLock === false && able.hybrid !== false,
    hinted,
    capabilities: able,
    origin: location.origin,
    rpId: asked.rpId,
  };
}
