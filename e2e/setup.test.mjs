import assert from "node:assert/strict";
import { scene } from "./scene.mjs";

scene("setup: the first administrator makes a passkey with the link", async (stage) => {
  const link = await stage.server.firstLink();
  const ada = await stage.device();

  await ada.go("/");
  await ada.shoot("home-first-run");

  await ada.go(link);
  await ada.heading("Create your passkey").waitFor();
  assert.equal(await ada.page.evaluate(() => location.href), `${stage.server.url}/setup`, "the secret stays in the address bar");
  assert.equal(await ada.page.evaluate(() => history.length), 3, "blank page, home, setup");
  await ada.shoot("setup");

  await ada.page.getByLabel("User name").fill("ada");
  await ada.page.getByLabel("Your name").fill("Ada Lovelace");
  await ada.button("Create a passkey").click();
  await ada.page.getByRole("link", { name: "Go to your account" }).waitFor();
  await ada.shoot("setup-done");
  await ada.page.getByRole("link", { name: "Go to your account" }).click();
  await ada.at("/account", "Your account");
  await ada.page.getByText("Administrator").waitFor();

  const [credential, ...others] = await ada.authenticator.credentials();
  assert.equal(others.length, 0);
  assert.equal(credential.isResidentCredential, true, "the passkey is discoverable");
  assert.equal(credential.rpId, "localhost");

  const me = await ada.ask("/api/v1/me");
  assert.equal(me.status, 200);
  assert.equal(me.body.account.administrator, true);
  assert.equal(me.body.session.user_verified, true);

  // The used link makes nobody else.
  const mallory = await stage.device();
  stage.expect(/status of 403/);
  await mallory.go(link);
  await mallory.told("This link does not work any more.");
  await mallory.shoot("setup-used-link");
  assert.deepEqual(await mallory.authenticator.credentials(), []);

  await stage.server.restart();
  assert.doesNotMatch(stage.server.output, /^setup /m, "with an administrator there is no setup link");
});

scene("setup: of two visitors with the link one becomes the administrator", async (stage) => {
  const link = await stage.server.firstLink();
  const [ada, eve] = [await stage.device(), await stage.device()];
  for (const [device, name] of [[ada, "ada"], [eve, "eve"]]) {
    await device.go(link);
    await device.page.getByLabel("User name").fill(name);
  }
  await ada.button("Create a passkey").click();
  await ada.page.getByRole("link", { name: "Go to your account" }).waitFor();
  stage.expect(/status of 403/);
  await eve.button("Create a passkey").click();
  await eve.told("This link does not work any more.");
  assert.equal((await eve.ask("/api/v1/me")).status, 401);
});

scene("setup: a page without a link says whom to ask", async (stage) => {
  await stage.administrator();
  const stranger = await stage.device();
  await stranger.go("/setup");
  await stranger.page.getByText("you need a link").waitFor();
  await stranger.shoot("setup-closed");
  stage.expect(/status of 403/);
  await stranger.go("/setup#mistyped-or-cut-off");
  await stranger.told("This link does not work any more.");
});

scene("setup: create with invitation", async (stage) => {
  const ada = await stage.administrator();
  const link = await stage.server.invite("grace");
  assert.match(link, new RegExp(`^${stage.server.url}/setup#`));

  const grace = await stage.device();
  await grace.go(link);
  const name = grace.page.getByLabel("User name");
  await grace.page.waitForFunction(() => document.querySelector("#name").value === "grace");
  assert.equal(await name.isEditable(), false, "the invitation chose the name");
  await grace.shoot("setup-invitation");
  await grace.page.getByLabel("Your name").fill("Grace Hopper");
  await grace.button("Create a passkey").click();
  await grace.page.getByRole("link", { name: "Go to your account" }).click();
  await grace.at("/account", "Your account");
  await grace.shoot("account-one-passkey");

  const me = await grace.ask("/api/v1/me");
  assert.equal(me.body.account.name, "grace");
  assert.equal(me.body.account.administrator, false);
  assert.equal((await ada.ask("/api/v1/me")).body.account.name, "ada", "the other person is who she was");

  const late = await stage.device();
  stage.expect(/status of 403/);
  await late.go(link);
  await late.told("This link does not work any more.");
});

scene(
  "setup: anybody, where sign-up is open; a taken name is told and can be changed",
  async (stage) => {
    await stage.administrator();
    const eve = await stage.device();
    await eve.go("/login");
    await eve.page.getByRole("link", { name: "Create an account" }).click();
    await eve.at("/setup", "Create your passkey");
    await eve.page.getByLabel("User name").fill("ADA");
    stage.expect(/status of 409/);
    await eve.button("Create a passkey").click();
    await eve.told("That user name is taken.");
    await eve.shoot("setup-name-taken");
    await eve.page.getByLabel("User name").fill("eve");
    await eve.button("Create a passkey").click();
    await eve.page.getByRole("link", { name: "Go to your account" }).click();
    await eve.at("/account", "Your account");
  },
  { settings: { HITHER_SIGNUP: "open" } },
);

scene("setup: a cancelled ceremony shows a message and can be tried again", async (stage) => {
  const ada = await stage.device();
  await ada.go(await stage.server.firstLink());
  await ada.page.getByLabel("User name").fill("ada");
  await ada.authenticator.verified(false);
  await ada.button("Create a passkey").click();
  await ada.told("No passkey was created.");
  await ada.shoot("setup-cancelled");
  await ada.authenticator.verified(true);
  await ada.button("Create a passkey").click();
  await ada.page.getByRole("link", { name: "Go to your account" }).waitFor();
});
