// The error table of docs/errors.md, row by row: what a person reads, and that the way on leads on.
// The browser is made to fail by what it is given; its functions are replaced only where it cannot be made to.

import assert from "node:assert/strict";
import { audit } from "./axe.mjs";
import { builtIn, Tab } from "./browser.mjs";
import { scene } from "./scene.mjs";

/** A signed-out person at the sign-in page, whose authenticator nobody touches. */
async function atLogin(stage) {
  const ada = await stage.administrator();
  await ada.signOut();
  await ada.login();
  await ada.authenticator.present(false);
  return ada;
}

/** A person with a setup link and a name filled in. */
async function atSetup(stage, options) {
  const ada = await stage.device(options);
  await ada.go(await stage.server.firstLink());
  await ada.page.getByLabel("User name").fill("ada");
  return ada;
}

/** Makes the page call late what comes after so many seconds. */
function impatient(device, seconds) {
  return device.page.evaluate((text) => (document.documentElement.dataset.patience = text), String(seconds));
}

/** Changes the options of the next ceremony that the server begins. */
function tamper(device, change) {
  return device.page.route(
    "**/api/v1/*/begin",
    async (route) => {
      const response = await route.fetch();
      const json = await response.json();
      change(json.publicKey);
      await route.fulfill({ response, json });
    },
    { times: 1 },
  );
}

/** Makes the browser throw an error of this name, once somebody has asked it for something by a button. */
function throwing(device, name) {
  return device.page.evaluate((name) => {
    for (const verb of ["get", "create"]) {
      const real = CredentialsContainer.prototype[verb];
      CredentialsContainer.prototype[verb] = function (options) {
        return options.mediation === "conditional"
          ? real.call(this, options)
          : Promise.reject(new DOMException("words of the browser", name));
      };
    }
  }, name);
}

/** Answers a request of the page in the server's place, so many times. */
function answer(device, path, status, code, { headers = {}, times = 1 } = {}) {
  const body = JSON.stringify({ type: "about:blank", title: "Problem", status, code, request_id: "r-1" });
  return device.page.route(
    `**/api/v1${path}`,
    (route) => route.fulfill({ status, headers, contentType: "application/problem+json", body }),
    { times },
  );
}

/** Texts of the ways on in the message. */
function ways(device) {
  return device.page.locator(".message .steps > *").allTextContents();
}

/** Presses a way on in the message. */
function follow(device, name) {
  return device.page.locator(".message .steps").getByText(name, { exact: true }).click();
}

const focused = (device) => device.page.evaluate(() => document.activeElement?.textContent?.trim());

scene("errors: NotAllowedError soon, and each way on", async (stage) => {
  const ada = await atLogin(stage);
  await ada.authenticator.verified(false);
  await ada.authenticator.present(true);
  await ada.button("Sign in with a passkey").click();
  await ada.told("No passkey was used.");
  await ada.authenticator.present(false);
  assert.deepEqual(await ways(ada), ["Try again", "Use a phone or tablet", "More ways"]);
  await ada.shoot("error-cancelled");
  await audit(ada, "error-cancelled");

  await follow(ada, "More ways");
  await ada.button("Use a security key").waitFor();
  assert.equal(await focused(ada), "More ways", "the keyboard is where the person looks");
  await follow(ada, "Use a phone or tablet");
  await ada.told("Scan the QR code with your phone.");
  assert.equal(await focused(ada), "Use a phone or tablet");
  await ada.authenticator.verified(true);
  await ada.authenticator.present(true);
  await ada.button("Use a phone or tablet").click(); // a virtual authenticator looks up only when it is asked
  await ada.at("/account", "Your account");
});

scene("errors: NotAllowedError late", async (stage) => {
  const ada = await atLogin(stage);
  await impatient(ada, 0.5);
  await tamper(ada, (options) => (options.timeout = 700));
  await ada.button("Sign in with a passkey").click();
  await ada.told("No passkey came through in time.");
  assert.deepEqual(await ways(ada), ["Try again", "Use a phone or tablet", "More ways"]);
  await ada.shoot("error-timed-out");
  await audit(ada, "error-timed-out");
  await ada.autofilling(2);
  await ada.authenticator.present(true);
  await follow(ada, "Try again");
  await ada.at("/account", "Your account");
});

scene("errors: a phone that stays on connecting, then NotAllowedError late", async (stage) => {
  const ada = await atLogin(stage);
  await impatient(ada, 0.5);
  await tamper(ada, (options) => (options.timeout = 5_000));
  await ada.button("Use a phone or tablet").click();
  await ada.told("Scan the QR code with your phone.");
  await ada.told("If it stays at the QR code or at “Connecting”, cancel there and scan again.");
  assert.deepEqual(await ways(ada), ["Scan again"]);
  await ada.shoot("error-phone-stuck");
  await audit(ada, "error-phone-stuck");

  await ada.told("Your phone did not come through.");
  const list = await ada.page.locator(".checklist li").allTextContents();
  assert.match(list.join(" "), /Bluetooth.*online.*same room.*camera app/);
  assert.deepEqual(await ways(ada), ["Scan again", "More ways"]);
  await ada.shoot("error-phone-timed-out");
  await audit(ada, "error-phone-timed-out");
  await ada.autofilling(2);
  await ada.authenticator.present(true);
  await follow(ada, "Scan again");
  await ada.at("/account", "Your account");
});

scene("errors: NotAllowedError at setup, soon and late, here and on a phone", async (stage) => {
  const ada = await atSetup(stage);
  await ada.authenticator.present(false);
  await impatient(ada, 0.5);
  await tamper(ada, (options) => (options.timeout = 700));
  await ada.button("Create a passkey").click();
  await ada.told("No passkey was created in time.");
  assert.deepEqual(await ways(ada), ["Try again", "Use a phone or tablet"]);
  await ada.shoot("error-setup-timed-out");
  await audit(ada, "error-setup-timed-out");
  await tamper(ada, (options) => (options.timeout = 700));
  await follow(ada, "Use a phone or tablet");
  await ada.told("Your phone did not come through.");
  await ada.authenticator.present(true);
  assert.deepEqual(await ways(ada), ["Scan again"]);
  await ada.button("Create a passkey").click(); // the virtual phone is built in, so it does not count as one here
  await ada.page.getByRole("link", { name: "Go to your account" }).waitFor();
});

scene("errors: no screen lock", async (stage) => {
  const ada = await atSetup(stage, { authenticator: { ...builtIn, hasUserVerification: false, isUserVerified: false } });
  await ada.button("Create a passkey").click();
  await ada.told("This device offers no screen lock for passkeys.");
  await ada.shoot("error-no-screen-lock");
  await audit(ada, "error-no-screen-lock");
  await ada.authenticator.take();
  await ada.tab.plug(); // now it has one
  await follow(ada, "Try again");
  await ada.page.getByRole("link", { name: "Go to your account" }).waitFor();
});

scene("errors: ConstraintError and NotSupportedError, where an authenticator cannot", async (stage) => {
  const ada = await atSetup(stage);
  for (const name of ["ConstraintError", "NotSupportedError"]) {
    await throwing(ada, name);
    await ada.button("Create a passkey").click();
    await ada.told("This device cannot keep your passkey.");
    await ada.page.reload(); // the page forgets the link's secret, by design
    await ada.go(await stage.server.firstLink());
    await ada.page.getByLabel("User name").fill("ada");
  }
  await ada.authenticator.take(); // a device without any
  await throwing(ada, "ConstraintError");
  await ada.button("Create a passkey").click();
  await ada.told("This device offers no screen lock for passkeys.");
});

scene("errors: InvalidStateError, and the passkey that is there signs in", async (stage) => {
  const ada = await stage.administrator();
  await ada.button("Add a passkey").click(); // the browser itself: excludeCredentials names it
  await ada.told("You already have a passkey here.");
  assert.deepEqual(await ways(ada), ["Use a phone or tablet"]);

  const link = await stage.server.invite();
  await ada.signOut();
  await ada.go(link);
  await ada.page.getByLabel("User name").fill("grace");
  await throwing(ada, "InvalidStateError"); // a new account excludes nothing
  await ada.button("Create a passkey").click();
  await ada.told("You already have a passkey here.");
  await ada.shoot("error-passkey-exists");
  await audit(ada, "error-passkey-exists");
  await ada.authenticator.present(true);
  await follow(ada, "Sign in with it");
  await ada.at("/account", "Your account");
});

scene("errors: SecurityError has plain words here and the exact cause in the console", async (stage) => {
  const ada = await atLogin(stage);
  const said = ada.page.waitForEvent("console", (message) => message.text().includes("may not use the relying party ID"));
  await tamper(ada, (options) => (options.rpId = "elsewhere.example"));
  stage.expect(/origin http:\/\/localhost:\d+ may not use the relying party ID elsewhere\.example/);
  await ada.button("Sign in with a passkey").click();
  await ada.told("This page is not set up correctly.");
  await said;
  assert.deepEqual(await ways(ada), [], "nothing that the person could press would help");
  assert.doesNotMatch(await ada.page.locator("[role=alert]").innerText(), /relying party|origin/i);
  await ada.shoot("error-wrong-origin");
  await audit(ada, "error-wrong-origin");
});

scene("errors: what a password manager throws", async (stage) => {
  const ada = await atLogin(stage);
  await throwing(ada, "UnknownError");
  stage.expect(/could not complete the ceremony/);
  await ada.button("Sign in with a passkey").click();
  await ada.told("Your browser could not finish this.");
  await ada.shoot("error-failed");
  await audit(ada, "error-failed");
});

scene("errors: two ceremonies at once, ours", async (stage) => {
  const ada = await atLogin(stage);
  await ada.button("Sign in with a passkey").click();
  await ada.page.waitForFunction(() => globalThis.asked.length === 2);
  await ada.button("Sign in with a passkey").click(); // AbortError for the first: nothing to say
  await ada.page.waitForFunction(() => globalThis.asked.length === 3);
  assert.equal((await ada.page.locator("[role=status], [role=alert]").allTextContents()).join(""), "");
  await ada.authenticator.present(true);
  await ada.page.getByText("More ways").click();
  await ada.button("Use a security key").click();
  await ada.at("/account", "Your account");
});

scene("errors: two ceremonies at once, one of another script", async (stage) => {
  const ada = await stage.administrator();
  await ada.authenticator.present(false);
  await ada.page.evaluate(() => {
    const other = { challenge: new Uint8Array(32), rpId: "localhost", timeout: 60_000 };
    navigator.credentials.get({ publicKey: other }).catch(() => {});
  });
  await ada.button("Add a passkey").click();
  await ada.told("Your browser is busy with another request.");
  await ada.shoot("error-busy");
  await audit(ada, "error-busy");
  await follow(ada, "Try again");
  await ada.page.waitForFunction(() => document.activeElement?.id === "here");
});

scene("errors: two ceremonies at once, in two tabs", async (stage) => {
  const ada = await atLogin(stage);
  const second = await Tab.open(ada.context);
  const copy = await second.share(ada.authenticator, 100);
  await copy.present(false);
  await second.page.goto(`${stage.server.url}/login`);
  await second.page.getByRole("button", { name: "Sign in with a passkey" }).click();
  await second.page.waitForFunction(() => globalThis.asked.some((one) => one.mediation === "optional"));
  await ada.page.bringToFront();
  await ada.authenticator.present(true);
  await ada.button("Sign in with a passkey").click();
  await ada.at("/account", "Your account");
  // What the second tab had begun ended with the first one's sign-in: it begins again by itself.
  await second.page.bringToFront();
  await copy.present(true);
  await second.page.getByRole("button", { name: "Sign in with a passkey" }).click();
  await second.page.waitForURL((url) => url.pathname === "/account");
});

scene("errors: a browser without passkeys", async (stage) => {
  const old = await stage.device({ authenticator: null });
  await old.page.addInitScript(() => delete globalThis.PublicKeyCredential);
  await old.go("/login");
  await old.told("This browser cannot use passkeys.");
  await old.shoot("error-unsupported");
  await audit(old, "error-unsupported");
  await old.go(await stage.server.firstLink());
  await old.told("This browser cannot use passkeys.");
  await old.page.getByLabel("User name").fill("ada");
  await old.button("Create a passkey").click();
  await old.told("This browser cannot use passkeys.");
});

scene("errors: a page that came by plain http", async (stage) => {
  const far = await stage.device({ authenticator: null });
  // A name that is not the loopback's: no address of this machine is an unprotected one to a browser.
  await far.context.route("http://id.example/**", async (route) => {
    const { pathname } = new URL(route.request().url());
    await route.fulfill({ response: await route.fetch({ url: stage.server.url + pathname }) });
  });
  stage.expect(/request to another site: http:\/\/id\.example/);
  stage.expect(/origin http:\/\/id\.example is no secure context/);
  stage.expect(/Cross-Origin-Opener-Policy header has been ignored/);
  await far.go("http://id.example/login");
  await far.told("This page is not protected.");
  await far.shoot("error-insecure");
  await audit(far, "error-insecure");
});

scene("errors: an expired ceremony begins again by itself", async (stage) => {
  const ada = await atSetup(stage);
  stage.expect(/status of 400/);
  await answer(ada, "/registration/finish", 400, "ceremony_expired");
  await ada.button("Create a passkey").click();
  await ada.page.getByRole("link", { name: "Go to your account" }).click();
  await ada.at("/account", "Your account");
  await ada.signOut();
  await ada.login();
  await answer(ada, "/authentication/finish", 400, "ceremony_expired");
  await ada.button("Sign in with a passkey").click();
  await ada.at("/account", "Your account");
});

scene("errors: a server that cannot, that is asked too often, and that is wrong", async (stage) => {
  const ada = await atLogin(stage);
  const rows = [
    [503, "unavailable", "7", "Nothing was changed. Try again in 7 seconds."],
    [429, "rate_limited", "42", "Wait 42 seconds, then try again."],
    [500, "internal", "", "say this number: r-1"],
  ];
  for (const [status, code, wait, words] of rows) {
    stage.expect(new RegExp(`status of ${status}`));
    await answer(ada, "/authentication/begin", status, code, { headers: wait ? { "Retry-After": wait } : {} });
    await ada.button("Sign in with a passkey").click();
    await ada.told(words);
    await ada.shoot(`error-${code.replaceAll("_", "-")}`);
    await audit(ada, `error-${code.replaceAll("_", "-")}`);
  }
});

scene("errors: the back button", async (stage) => {
  const ada = await atLogin(stage);
  await ada.button("Use a phone or tablet").click();
  await ada.told("Scan the QR code");
  await ada.go("/"); // leaves in the middle of a ceremony
  await ada.page.goBack();
  await ada.at("/login", "Sign in");
  await ada.autofilling();
  assert.equal((await ada.page.locator("[role=status]").allTextContents()).join(""), "", "a page of its own again");
  await ada.authenticator.present(true);
  await ada.button("Sign in with a passkey").click();
  await ada.at("/account", "Your account");
  await ada.authenticator.present(false);
  await ada.page.goBack();
  await ada.at("/login", "Sign in");
  await ada.page.getByText("You are signed in as").waitFor();
});

scene("errors: a reload at each step", async (stage) => {
  const ada = await atSetup(stage);
  await ada.page.reload();
  await ada.page.getByText("open it again where you got it").waitFor();
  await ada.go(await stage.server.firstLink());
  await ada.page.getByLabel("User name").fill("ada");
  await ada.authenticator.present(false);
  const begun = ada.page.waitForResponse("**/registration/begin");
  await ada.button("Create a passkey").click();
  await begun;
  await ada.page.reload(); // in the middle
  await ada.go(await stage.server.firstLink());
  await ada.authenticator.present(true);
  await ada.page.getByLabel("User name").fill("ada");
  await ada.button("Create a passkey").click();
  await ada.page.getByRole("link", { name: "Go to your account" }).waitFor();
  await ada.page.reload(); // done already
  await ada.page.getByText("You add and remove passkeys in your account.").waitFor();
  await ada.go("/account");
  await ada.signOut();
  await ada.page.reload();
  await ada.ready();
  await ada.page.reload(); // while autofill waits
  await ada.ready();
  await ada.login();
  await ada.authenticator.present(false);
  await ada.button("Sign in with a passkey").click();
  await ada.page.waitForFunction(() => globalThis.asked.length === 2);
  await ada.page.reload(); // while the button's ceremony runs
  await ada.signIn();
  await ada.page.reload();
  await ada.at("/account", "Your account");
});

scene("errors: a session that ended elsewhere, and the way back", async (stage) => {
  const ada = await stage.administrator();
  const answered = await ada.context.request.post(`${stage.server.url}/api/v1/logout`, {
    headers: { Origin: stage.server.url },
  });
  assert.equal(answered.status(), 204);
  stage.expect(/status of 40[13]/);
  await ada.authenticator.present(false);
  await ada.button("Add a passkey").click();
  await ada.told("You are signed out.");
  await ada.shoot("error-signed-out");
  await audit(ada, "error-signed-out");
  await follow(ada, "Sign in");
  await ada.at("/login", "Sign in");
});
