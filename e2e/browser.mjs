// Finds and starts Chromium, and gives it authenticators.

import { accessSync, constants } from "node:fs";
import path from "node:path";
import { chromium } from "playwright-core";

/** Path of the browser, or an error of one line. */
export function browserPath() {
  const given = process.env.HITHER_TEST_CHROMIUM;
  if (given) {
    return given;
  }
  for (const name of ["chromium", "chromium-browser", "google-chrome"]) {
    for (const folder of (process.env.PATH ?? "").split(path.delimiter)) {
      const file = path.join(folder, name);
      try {
        accessSync(file, constants.X_OK);
        return file;
      } catch {
        // not here
      }
    }
  }
  throw new Error("no chromium on the path: run make deps, or set HITHER_TEST_CHROMIUM");
}

/** Starts the browser, with more arguments if need be. */
export function launch(more = []) {
  return chromium.launch({
    executablePath: browserPath(),
    headless: !process.env.HITHER_TEST_SHOW,
    args: [
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
      ...more,
      ...(process.getuid?.() === 0 ? ["--no-sandbox"] : []),
    ],
  });
}

/** The authenticator in a laptop or phone: discoverable, verifies its person. */
export const builtIn = {
  protocol: "ctap2",
  ctap2Version: "ctap2_1",
  transport: "internal",
  hasResidentKey: true,
  hasUserVerification: true,
  isUserVerified: true,
  automaticPresenceSimulation: true,
};

/** A security key with a fingerprint reader. */
export const securityKey = { ...builtIn, transport: "usb" };

/** A passkey provider that syncs. */
export const synced = { ...builtIn, defaultBackupEligibility: true, defaultBackupState: true };

/**
 * A page with authenticators. They belong to the page, as Chromium's debugging protocol has it; share()
 * copies one to another page, credentials and all.
 */
export class Tab {
  constructor(page, session) {
    this.page = page;
    this.session = session;
  }

  static async open(context) {
    const page = await context.newPage();
    const session = await context.newCDPSession(page);
    await session.send("WebAuthn.enable", { enableUI: false });
    return new Tab(page, session);
  }

  /** Plugs an authenticator in. */
  async plug(options = builtIn) {
    const { authenticatorId } = await this.session.send("WebAuthn.addVirtualAuthenticator", { options });
    return new Authenticator(this, authenticatorId, options);
  }

  /** Plugs in a copy of an authenticator of another tab; its counters are ahead by that much. */
  async share(authenticator, ahead) {
    const copy = await this.plug(authenticator.options);
    for (const credential of await authenticator.credentials()) {
      await copy.add({ ...credential, signCount: credential.signCount + ahead });
    }
    return copy;
  }
}

/** A virtual authenticator of a tab. */
export class Authenticator {
  #tab;
  #kept = [];

  constructor(tab, id, options) {
    this.#tab = tab;
    this.id = id;
    this.options = options;
  }

  #send(method, more = {}) {
    return this.#tab.session.send(`WebAuthn.${method}`, { authenticatorId: this.id, ...more });
  }

  async credentials() {
    const { credentials } = await this.#send("getCredentials");
    return credentials;
  }

  add(credential) {
    return this.#send("addCredential", { credential });
  }

  /** Whether its person touches it when asked. While nobody does, ceremonies wait. */
  present(enabled) {
    return this.#send("setAutomaticPresenceSimulation", { enabled });
  }

  /** Whether its person passes the fingerprint reader or PIN. */
  verified(isUserVerified) {
    return this.#send("setUserVerified", { isUserVerified });
  }

  /** Takes it away; put() brings it back with what it holds. */
  async take() {
    this.#kept = await this.credentials();
    await this.#send("removeVirtualAuthenticator");
  }

  async put() {
    const again = await this.#tab.plug(this.options);
    this.id = again.id;
    for (const credential of this.#kept) {
      await this.add(credential);
    }
  }
}
