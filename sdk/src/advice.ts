import { HitherError } from "./errors.ts";

/** What a page can offer as a way on. */
export type Step =
  /** Do the same again. */
  | "try_again"
  /** Run the ceremony with the hint "hybrid": a QR code for a phone or tablet. */
  | "use_phone"
  /** Show the ways that are not on screen: a security key, help. */
  | "more_ways"
  /** The same, for somebody whose phone did not come through. */
  | "scan_again"
  /** Go to the sign-in page. */
  | "sign_in"
  /** Sign in with the passkey that turned out to be there. */
  | "use_it"
  /** Load the page again. */
  | "reload";

/** What to tell a person: what happened, and what to do next. English. */
export interface Advice {
  /** What happened, in a sentence. */
  title: string;
  /** What to do next. */
  text: string;
  /** What to check, where a phone was expected. */
  checklist?: readonly string[];
  /** Ways on, the best first; a page offers those that it has. */
  steps: readonly Step[];
  /** Nothing is wrong: somebody changed their mind, or there is nothing to do. */
  calm?: boolean;
}

/** What to check when a phone does not come through. */
export const phoneChecklist: readonly string[] = [
  "Bluetooth is on, on this device and on the phone. They need no pairing.",
  "Both are online.",
  "The phone is in the same room.",
  "You scan the QR code with the phone’s own camera app.",
];

/** What to say while a phone is awaited for so long that it is likely stuck: browsers show no error for that. */
export const stuck: Advice = {
  title: "Still waiting for your phone?",
  text: "If your browser says to follow the steps on your device, look at the phone. If it stays at the QR code or at “Connecting”, cancel there and scan again. Check these first:",
  checklist: phoneChecklist,
  steps: ["scan_again"],
  calm: true,
};

/** Says in plain words what an error means and what to do next; undefined when there is nothing to say. */
export function advise(error: unknown): Advice | undefined {
  if (!(error instanceof HitherError)) {
    return unknown();
  }
  const registering = error.ceremony === "registration";
  switch (error.code) {
    case "aborted":
      return undefined;
    case "cancelled":
      // Nobody can tell from outside whether the person changed their mind or had no passkey here.
      if (error.circumstances?.hinted) {
        return {
          title: registering ? "No passkey was created." : "No passkey was used.",
          text: registering
            ? "It was cancelled, or the phone cannot keep one. Scan again, or use another phone or tablet."
            : "It was cancelled, or the phone has no passkey for this service. Scan again, with the phone or tablet that has yours.",
          steps: ["scan_again", "more_ways"],
          calm: true,
        };
      }
      return {
        title: registering ? "No passkey was created." : "No passkey was used.",
        text: registering
          ? "Try again, or create it on a phone or tablet."
          : "Try again, or use a phone or tablet that has your passkey.",
        steps: ["try_again", "use_phone", "more_ways"],
        calm: true,
      };
    case "timed_out":
      return {
        title: registering ? "No passkey was created in time." : "No passkey came through in time.",
        text: "Your browser stopped waiting. Have your device or security key at hand, then try again.",
        steps: ["try_again", "use_phone", "more_ways"],
      };
    case "phone_timed_out":
      return {
        title: "Your phone did not come through.",
        text: "Check these, then scan a new QR code:",
        checklist: phoneChecklist,
        steps: ["scan_again", "more_ways"],
      };
    case "passkey_exists":
    case "credential_exists":
      if (error.circumstances?.hinted) {
        return {
          title: "Your phone has a passkey here already.",
          text: "It holds one for this account, which can sign you in. Another phone or tablet can hold a second one.",
          steps: ["use_it", "use_phone"],
          calm: true,
        };
      }
      return {
        title: "You already have a passkey here.",
        text: "This device or password manager holds one for this account. It can sign you in.",
        steps: ["use_it", "use_phone"],
        calm: true,
      };
    case "no_screen_lock":
      return {
        title: "This device offers no screen lock for passkeys.",
        text: "Set one in its settings (PIN, fingerprint or face), or a PIN for your security key, then try again. Or use a phone or tablet that has one.",
        steps: ["try_again", "use_phone", "more_ways"],
      };
    case "no_authenticator":
      return {
        title: registering ? "This device cannot keep your passkey." : "This device cannot use your passkey.",
        text: "Try another device, another password manager or another security key, or use a phone or tablet.",
        steps: ["use_phone", "try_again", "more_ways"],
      };
    case "busy":
      return {
        title: "Your browser is busy with another request.",
        text: "Finish or close the passkey window that is still open, then try again.",
        steps: ["try_again"],
      };
    case "wrong_origin":
      return {
        title: "This page is not set up correctly.",
        text: `It is not your mistake, and trying again will not help. Tell the person who runs this service that passkeys do not work at ${location.origin}.`,
        steps: [],
      };
    case "insecure":
      return {
        title: "This page is not protected.",
        text: "It came without https, and browsers use passkeys on protected pages only. Open it under its address that begins with https, or ask the person who runs this service for that address.",
        steps: [],
      };
    case "unsupported":
      return {
        title: "This browser cannot use passkeys.",
        text: "Open this page in an up-to-date Chrome, Edge, Firefox or Safari. If it is one, it may be too old, or passkeys are switched off in its settings.",
        steps: [],
      };
    case "failed":
      return {
        title: "Your browser could not finish this.",
        text: "Try again. If it happens again, use a phone or tablet, or another browser.",
        steps: ["try_again", "use_phone", "more_ways"],
      };
    default:
      return serverSays(error);
  }
}

function serverSays(error: HitherError): Advice {
  switch (error.code) {
    case "unreachable":
      return {
        title: "The server did not answer.",
        text: "Check that you are online, then try again.",
        steps: ["try_again"],
      };
    case "unavailable":
      return {
        title: "The server cannot do this at the moment.",
        text: `Nothing was changed. Try again in ${wait(error, 10)}.`,
        steps: ["try_again"],
      };
    case "rate_limited":
      return { title: "Too many tries.", text: `Wait ${wait(error, 60)}, then try again.`, steps: ["try_again"] };
    case "credential_unknown":
      return {
        title: "This passkey is no longer known here.",
        text: error.forgotten
          ? "It was removed from its account. Your browser was told to forget it; a phone offers it until you delete it there. Sign in with another one."
          : "It was removed from its account. Delete it in your password manager, and sign in with another one.",
        steps: ["try_again", "use_phone", "more_ways"],
      };
    case "authentication_failed":
      return {
        title: "That passkey could not sign you in.",
        text: "Try another one. If none works, ask the person who runs this service.",
        steps: ["try_again", "use_phone", "more_ways"],
      };
    case "registration_failed":
      return {
        title: "That passkey was not accepted.",
        text: "Try another device, another password manager or a security key.",
        steps: ["try_again", "use_phone"],
      };
    case "ceremony_expired":
    case "ceremony_invalid":
    case "ceremony_spent":
      return { title: "That took too long.", text: "Try again: it starts afresh.", steps: ["try_again"] };
    case "name_taken":
      return { title: "That user name is taken.", text: "Choose another one.", steps: [] };
    case "name_invalid":
      return { title: "That name cannot be used.", text: error.message, steps: [] };
    case "invitation_invalid":
      return {
        title: "This link does not work any more.",
        text: "It was used before, it is too old, or a part of it is missing. Ask the person who sent it for a new one.",
        steps: [],
      };
    case "signup_closed":
      return {
        title: "New accounts need an invitation.",
        text: "Ask the person who runs this service for a link.",
        steps: [],
      };
    case "credential_limit":
      return { title: "This account has as many passkeys as it can have.", text: "Remove one first.", steps: [] };
    case "last_credential":
      return { title: "This is your last passkey.", text: "Add another one first.", steps: [] };
    case "not_found":
      return {
        title: "That is gone already.",
        text: "Load this page again to see what is there.",
        steps: ["reload"],
      };
    case "unauthenticated":
      return { title: "You are signed out.", text: "Your session has ended.", steps: ["sign_in"] };
    case "step_up_required":
      return {
        title: "Please confirm that it is you.",
        text: "Your last sign-in was a while ago, and this change needs a fresh one.",
        steps: ["try_again", "sign_in"],
      };
    default:
      return unknown(error.requestId);
  }
}

function unknown(requestId?: string): Advice {
  return {
    title: "That did not work.",
    text:
      "Try again, or use another browser or device." +
      (requestId ? ` If you ask for help, say this number: ${requestId}` : ""),
    steps: ["try_again"],
  };
}

function wait(error: HitherError, usual: number): string {
  const seconds = Math.max(1, Math.ceil(error.retryAfter ?? usual));
  return seconds === 1 ? "a second" : seconds < 90 ? `${seconds} seconds` : `${Math.ceil(seconds / 60)} minutes`;
}
