import { HitherError } from "../../sdk/src/index.ts";
import type { Message } from "./message.ts";

/** What to check when a phone did not come through. */
const phoneSteps = [
  "Bluetooth is on, on this device and on the phone.",
  "Both are online.",
  "The phone is in the same room.",
  "You scan the QR code with the phone’s own camera app.",
];

/** Says in plain words what happened and what to do next; undefined when there is nothing to say. */
export function explain(error: unknown): Message | undefined {
  if (!(error instanceof HitherError)) {
    return unknown();
  }
  const registering = error.ceremony === "registration";
  switch (error.code) {
    case "aborted":
      return undefined;
    case "cancelled":
      return registering
        ? { title: "No passkey was created.", text: "Try again, or create it on a phone or tablet.", calm: true }
        : {
            title: "No passkey was used.",
            text: "Try again, or use a phone or tablet that has your passkey.",
            calm: true,
          };
    case "timed_out":
      return {
        title: registering ? "No passkey was created in time." : "No passkey came through in time.",
        text: "Try again. If you use a phone or tablet, check that:",
        steps: phoneSteps,
      };
    case "passkey_exists":
    case "credential_exists":
      return {
        title: "You already have a passkey here.",
        text: "This device or password manager holds one for this account. It can sign you in.",
        calm: true,
      };
    case "no_authenticator":
      return {
        title: "This device cannot keep a passkey yet.",
        text: "Set a screen lock in its settings (PIN, fingerprint or face) and try again, or use a phone or tablet.",
      };
    case "wrong_origin":
      return {
        title: "This page is not set up correctly.",
        text: `It is not your mistake. Tell the person who runs this service: the address ${location.origin} and the relying party ID do not fit.`,
      };
    case "unsupported":
      return {
        title: "This browser cannot use passkeys here.",
        text: "Use a current Chrome, Edge, Firefox or Safari, and an address that begins with https.",
      };
    default:
      return serverSays(error);
  }
}

function serverSays(error: HitherError): Message {
  switch (error.code) {
    case "unreachable":
      return { title: "The server did not answer.", text: "Check that you are online, then try again." };
    case "unavailable":
      return {
        title: "The server cannot do this at the moment.",
        text: `Nothing was changed. Try again in ${seconds(error, 10)}.`,
      };
    case "rate_limited":
      return { title: "Too many tries.", text: `Wait ${seconds(error, 60)}, then try again.` };
    case "credential_unknown":
      return {
        title: "This passkey is no longer known here.",
        text: error.forgotten
          ? "It was removed from its account. Your browser was told to forget it. Sign in with another one."
          : "It was removed from its account. Delete it in your password manager, and sign in with another one.",
      };
    case "authentication_failed":
      return {
        title: "That passkey could not sign you in.",
        text: "Try another one. If none works, ask the person who runs this service.",
      };
    case "registration_failed":
      return {
        title: "That passkey was not accepted.",
        text: "Try another device, another password manager or a security key.",
      };
    case "ceremony_expired":
    case "ceremony_invalid":
    case "ceremony_spent":
      return { title: "That took too long.", text: "Try again: it starts afresh." };
    case "name_taken":
      return { title: "That user name is taken.", text: "Choose another one." };
    case "name_invalid":
      return { title: "That name cannot be used.", text: error.message };
    case "invitation_invalid":
      return {
        title: "This link does not work any more.",
        text: "It was used before, it is too old, or a part of it is missing. Ask the person who sent it for a new one.",
      };
    case "signup_closed":
      return {
        title: "New accounts need an invitation.",
        text: "Ask the person who runs this service for a link.",
      };
    case "last_credential":
      return { title: "This is your last passkey.", text: "Add another one first." };
    case "not_found":
      return { title: "That is gone already.", text: "Load this page again to see what is there." };
    case "unauthenticated":
      return {
        title: "You are signed out.",
        text: "Your session has ended.",
        link: { href: "/login", text: "Sign in" },
      };
    default:
      return unknown(error.requestId);
  }
}

function unknown(requestId?: string): Message {
  return {
    title: "That did not work.",
    text:
      "Try again, or use another browser or device." +
      (requestId ? ` If you ask for help, say this number: ${requestId}` : ""),
  };
}

function seconds(error: HitherError, usual: number): string {
  const wait = Math.max(1, Math.ceil(error.retryAfter ?? usual));
  return wait === 1 ? "a second" : wait < 90 ? `${wait} seconds` : `${Math.ceil(wait / 60)} minutes`;
}
