// A scene: people with devices, a server of their own, and nothing that a page must not do.

import assert from "node:assert/strict";
import path from "node:path";
import { after, test } from "node:test";
import { builtIn, launch, Tab } from "./browser.mjs";
import { folder, shoot, usual } from "./screenshots.mjs";
import { Server } from "./server.mjs";

let browser;

/** One browser for all scenes of a file. */
async function theBrowser() {
  browser ??= launch();
  return browser;
}

after(async () => {
  if (browser) {
    await (await browser).close();
  }
});

/** Longest time that a scene waits for a page to show something. */
const patience = 10_000;

/** Plays one scene. Settings are HITHER_… variables of its server. */
export function scene(name, play, { settings = {} } = {}) {
  test(name, { timeout: 90_000 }, async () => {
    const stage = new Stage(await theBrowser(), await Server.start(settings));
    try {
      await play(stage);
      stage.judge();
    } catch (error) {
      await stage.witness(name);
      throw error;
    } finally {
      await stage.close();
    }
  });
}

/** What a scene plays on: a server of its own, and devices of people. */
export class Stage {
  #browser;
  #contexts = [];
  #wrong = [];
  #expected = [];

  constructor(browser, server) {
    this.#browser = browser;
    this.server = server;
  }

  /** A device of somebody, with an authenticator in it. */
  async device({ authenticator = builtIn, ...options } = {}) {
    return Device.open(this, await this.profile(options), authenticator);
  }

  /** A browser profile of its own, with nothing in it. */
  async profile(options) {
    const context = await this.#browser.newContext({ viewport: usual, colorScheme: "light", ...options });
    this.#contexts.push(context);
    context.setDefaultTimeout(patience);
    await this.#watch(context);
    return context;
  }

  /** A console error or failed request that belongs to the scene. */
  expect(pattern) {
    this.#expected.push(pattern);
  }

  async #watch(context) {
    const note = (text) => this.#wrong.push(text);
    await context.addInitScript(() => {
      addEventListener("securitypolicyviolation", (event) => {
        console.error(`policy violation: ${event.violatedDirective} ${event.blockedURI}`);
      });
      // What pages ask the browser for, for Device.asked.
      globalThis.asked = [];
      const get = globalThis.CredentialsContainer?.prototype.get;
      if (get) {
        CredentialsContainer.prototype.get = function (options) {
          globalThis.asked.push({
            mediation: options?.mediation ?? "optional",
            hints: options?.publicKey?.hints ?? [],
            allowed: options?.publicKey?.allowCredentials?.length ?? 0,
            verification: options?.publicKey?.userVerification,
          });
          return get.call(this, options);
        };
      }
    });
    context.on("request", (request) => {
      const url = new URL(request.url());
      if (url.protocol.startsWith("http") && url.origin !== this.server.url) {
        note(`request to another site: ${request.url()}`);
      }
    });
    context.on("console", (message) => {
      if (message.type() === "error" || message.type() === "warning") {
        note(`console ${message.type()} on ${message.page()?.url() ?? "a page"}: ${message.text()}`);
      }
    });
    context.on("weberror", (error) => note(`uncaught: ${error.error()}`));
  }

  /** Fails when a page did what it must not do. */
  judge() {
    const unexpected = this.#wrong.filter((text) => !this.#expected.some((pattern) => pattern.test(text)));
    assert.deepEqual(unexpected, [], "what pages did unasked");
    for (const pattern of this.#expected) {
      assert.ok(
        this.#wrong.some((text) => pattern.test(text)),
        `${pattern} was expected and did not happen`,
      );
    }
  }

  /** Says what there was to see when the scene failed, and keeps pictures of it. */
  async witness(scene) {
    for (const [i, context] of this.#contexts.entries()) {
      for (const [j, page] of context.pages().entries()) {
        const file = path.join(folder, `failed-${scene.replaceAll(/\W+/g, "-")}-${i}-${j}.png`);
        await page.screenshot({ path: file }).catch(() => {});
        console.error(`${scene}: ${page.url()} is in ${file}`);
      }
    }
    for (const text of this.#wrong) {
      console.error(`${scene}: ${text}`);
    }
  }

  async close() {
    for (const context of this.#contexts) {
      await context.close();
    }
    await this.server.stop();
  }

  /** The first administrator, on a device of their own, at /account. */
  async administrator(options) {
    const device = await this.device(options);
    await device.create(await this.server.firstLink(), "ada", "Ada Lovelace");
    return device;
  }
}

/** A person at a device: one profile, one tab, one authenticator to begin with. */
export class Device {
  constructor(stage, context, tab, authenticator) {
    this.stage = stage;
    this.context = context;
    this.tab = tab; // { page }, where there are no virtual authenticators
    this.page = tab.page;
    this.authenticator = authenticator;
  }

  static async open(stage, context, options) {
    const tab = await Tab.open(context);
    const authenticator = options ? await tab.plug(options) : undefined;
    return new Device(stage, context, tab, authenticator);
  }

  /** Goes to a path of the server, or to a whole address, and waits until its buttons work. */
  async go(where) {
    await this.page.goto(new URL(where, this.stage.server.url).href);
    await this.ready();
  }

  async ready() {
    await this.page.locator("html[data-ready]").waitFor({ state: "attached" });
  }

  heading(name) {
    return this.page.getByRole("heading", { name, exact: true, level: 1 });
  }

  button(name) {
    return this.page.getByRole("button", { name, exact: true });
  }

  /** Waits for a page of this heading whose address is this path. */
  async at(path, heading) {
    await this.page.waitForURL((url) => url.pathname === path);
    await this.heading(heading).waitFor();
    await this.ready();
  }

  /** Follows a link to /setup and makes a passkey there, then goes on to the account. */
  async create(link, name, displayName) {
    await this.go(link);
    await this.page.getByLabel("User name").fill(name);
    await this.page.getByLabel("Your name").fill(displayName);
    await this.button("Create a passkey").click();
    await this.page.getByRole("link", { name: "Go to your account" }).click();
    await this.at("/account", "Your account");
  }

  /** What this page has asked navigator.credentials.get for. */
  asked() {
    return this.page.evaluate(() => globalThis.asked);
  }

  /**
   * Opens the sign-in page and waits until autofill waits. Nobody touches the authenticator meanwhile: a virtual one
   * answers at once, without anybody choosing it from the field.
   */
  async login(authenticator = this.authenticator) {
    await authenticator?.present(false);
    await this.go("/login");
    await this.autofilling();
    await authenticator?.present(true);
  }

  /** Waits until the browser process has begun to offer passkeys in the field, if it can, for the nth time. */
  async autofilling(times = 1) {
    if (!(await this.page.evaluate(() => PublicKeyCredential.isConditionalMediationAvailable()))) {
      return; // security keys alone
    }
    await this.page.waitForFunction(
      (times) => globalThis.asked.filter((one) => one.mediation === "conditional").length >= times,
      times,
    );
    // Answered by the same end of the same pipe, so after the request has arrived.
    await this.page.evaluate(() => PublicKeyCredential.isConditionalMediationAvailable());
  }

  /** Signs in with the button. */
  async signIn(authenticator = this.authenticator) {
    await this.login(authenticator);
    await this.button("Sign in with a passkey").click();
    await this.at("/account", "Your account");
  }

  /** Signs out; nobody touches the authenticator, or autofill would sign in again. */
  async signOut(authenticator = this.authenticator) {
    await authenticator?.present(false);
    await this.button("Sign out").click();
    await this.page.getByText("You are signed out.").waitFor();
    await this.ready();
  }

  /** Waits for the words in the page's message. */
  async told(words) {
    await this.page.locator("[role=status], [role=alert]").filter({ hasText: words }).waitFor();
  }

  /** Asks the API as this browser: the status of the answer. */
  async ask(path) {
    const answer = await this.context.request.get(new URL(path, this.stage.server.url).href);
    return { status: answer.status(), body: await answer.json().catch(() => undefined) };
  }

  shoot(name, options) {
    return shoot(this.page, name, options);
  }
}
