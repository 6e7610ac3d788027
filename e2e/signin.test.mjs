import assert from "node:assert/strict";
import { scene } from "./scene.mjs";

/** A signed-out person at the sign-in page. */
async function atLogin(stage) {
  const ada = await stage.administrator();
  await ada.signOut();
  await ada.login();
  return ada;
}

/** Presses the button, and lets go of the authenticator as soon as the server has answered: autofill begins again. */
async function refused(device) {
  await device.login();
  const answer = device.page.waitForResponse("**/api/v1/authentication/finish");
  await device.button("Sign in with a passkey").click();
  assert.equal((await answer).status(), 401);
  await device.authenticator.present(false);
}

scene("sign in: autofill, without a click and without a user name", async (stage) => {
  const ada = await stage.administrator();
  await ada.signOut();
  await ada.authenticator.present(true);
  await ada.page.goto(`${stage.server.url}/login`);
  await ada.at("/account", "Your account");
  assert.equal((await ada.ask("/api/v1/me")).body.account.name, "ada");
});

scene("sign in: autofill is on offer from the first moment", async (stage) => {
  const ada = await atLogin(stage);
  assert.deepEqual(await ada.asked(), [{ mediation: "conditional", hints: [], allowed: 0, verification: "required" }]);
  assert.match(await ada.page.getByLabel("User name").getAttribute("autocomplete"), /\bwebauthn$/);
});

scene("sign in: the button", async (stage) => {
  const ada = await atLogin(stage);
  await ada.shoot("login");
  await ada.button("Sign in with a passkey").click();
  await ada.at("/account", "Your account");
});

scene("sign in: the button with a user name", async (stage) => {
  const ada = await atLogin(stage);
  await ada.page.getByLabel("User name").fill("ada");
  const request = ada.page.waitForRequest("**/api/v1/authentication/begin");
  await ada.button("Sign in with a passkey").click();
  assert.deepEqual((await request).postDataJSON(), { name: "ada" });
  await ada.at("/account", "Your account");
});

scene("sign in: a name that nobody has is asked for like any other", async (stage) => {
  await stage.administrator();
  const stranger = await stage.device();
  for (const name of ["ada", "nobody"]) {
    await stranger.login();
    await stranger.page.getByLabel("User name").fill(name);
    await stranger.button("Sign in with a passkey").click();
    await stranger.page.waitForFunction(() => globalThis.asked.length > 1);
    const last = (await stranger.asked()).find((one) => one.mediation !== "conditional");
    // A name that nobody has seems to have one to three passkeys, another number on each server.
    const { allowed, ...rest } = last;
    assert.deepEqual(rest, { mediation: "optional", hints: [], verification: "required" }, name);
    assert.ok(name === "ada" ? allowed === 1 : allowed >= 1 && allowed <= 3, `${name}: ${allowed}`);
    // What the browser does then depends on the transports that are listed: it gives up or waits for a phone or key.
  }
});

scene("sign in: the phone button asks for a phone", async (stage) => {
  const ada = await atLogin(stage);
  await ada.authenticator.present(false);
  await ada.button("Use a phone or tablet").click();
  await ada.told("Scan the QR code with your phone.");
  await ada.page.waitForFunction(() => globalThis.asked.length > 1);
  assert.deepEqual((await ada.asked())[1], { mediation: "optional", hints: ["hybrid"], allowed: 0, verification: "required" });
  await ada.shoot("login-phone");
  await ada.authenticator.present(true); // the virtual authenticator stands for the phone
  await ada.button("Use a phone or tablet").click(); // a second press replaces the first, and says nothing about it
  await ada.at("/account", "Your account");
});

scene("sign in: more ways", async (stage) => {
  const ada = await atLogin(stage);
  await ada.page.getByText("More ways").click();
  await ada.shoot("login-more-ways");
});

scene("sign in: cancelled, a message and a next step", async (stage) => {
  const ada = await stage.administrator();
  await ada.signOut();
  await ada.authenticator.take(); // no passkey here
  await ada.go("/login");
  const empty = await ada.tab.plug();
  await ada.button("Sign in with a passkey").click();
  await ada.told("No passkey was used.");
  await ada.told("Try again, or use a phone or tablet");
  await ada.shoot("login-cancelled");
  await empty.take();
  await ada.authenticator.put();
  await ada.signIn();
});

scene("sign in: a person who is not verified is told the same, and may try again", async (stage) => {
  const ada = await atLogin(stage);
  await ada.authenticator.verified(false);
  await ada.button("Sign in with a passkey").click();
  await ada.told("No passkey was used.");
  await ada.authenticator.present(false); // or the autofill that begins again would be faster
  await ada.authenticator.verified(true);
  await ada.autofilling(2);
  await ada.authenticator.present(true);
  await ada.button("Sign in with a passkey").click();
  await ada.at("/account", "Your account");
});

scene("sign in: keyboard only", async (stage) => {
  const ada = await atLogin(stage);
  const focused = () => ada.page.evaluate(() => document.activeElement?.textContent?.trim());
  for (let presses = 0; (await focused()) !== "Sign in with a passkey"; presses++) {
    assert.ok(presses < 10, "ten presses of Tab do not lead to the button");
    await ada.page.keyboard.press("Tab");
  }
  await ada.shoot("login-focus");
  await ada.page.keyboard.press("Tab");
  assert.equal(await focused(), "Use a phone or tablet");
  await ada.page.keyboard.press("Tab");
  assert.equal(await focused(), "More ways");
  await ada.page.keyboard.press("Enter");
  await ada.page.getByText("Is your passkey lost?").waitFor();
  await ada.page.keyboard.press("Shift+Tab");
  await ada.page.keyboard.press("Shift+Tab");
  await ada.page.keyboard.press("Enter");
  await ada.at("/account", "Your account");
});

scene("sign in: the field's Enter key signs in", async (stage) => {
  const ada = await atLogin(stage);
  await ada.page.getByLabel("User name").fill("ada");
  await ada.page.keyboard.press("Enter");
  await ada.at("/account", "Your account");
});

scene("sign in: a removed passkey that the browser still has", async (stage) => {
  const ada = await stage.administrator();
  const [held] = await ada.authenticator.credentials();
  // A second passkey first, or the first could not be removed.
  await ada.authenticator.take();
  await ada.tab.plug({ ...ada.authenticator.options, transport: "usb" });
  await ada.button("Add a passkey").click();
  await ada.told("The passkey was added.");
  await ada.ready();
  const { body } = await ada.ask("/api/v1/credentials");
  const first = body.credentials.find((one) => one.current);
  await ada.page.locator(`[data-remove="${first.id}"]`).click(); // the one that opened this session
  await ada.button("Remove passkey").click();
  await ada.page.waitForURL((url) => url.pathname === "/login");

  const stale = await stage.device();
  await stale.authenticator.add(held);
  stage.expect(/status of 401/);
  await refused(stale);
  await stale.told("This passkey is no longer known here.");
  assert.deepEqual(await stale.authenticator.credentials(), [], "the browser was told to forget it");
  await stale.shoot("login-unknown-passkey");
});

scene("sign in: a copied authenticator gives itself away by its counter", async (stage) => {
  const ada = await stage.administrator();
  const [passkey] = await ada.authenticator.credentials();
  const busy = await stage.device();
  await busy.authenticator.add({ ...passkey, signCount: 1000 });
  await busy.signIn();
  const thief = await stage.device();
  await thief.authenticator.add(passkey);
  stage.expect(/status of 401/);
  await refused(thief);
  await thief.told("That passkey could not sign you in.");
  assert.equal((await thief.authenticator.credentials()).length, 1, "a passkey that merely failed is not forgotten");
  assert.equal((await thief.ask("/api/v1/me")).status, 401);
  await thief.shoot("login-refused");
});
