import assert from "node:assert/strict";
import { securityKey, synced } from "./browser.mjs";
import { scene } from "./scene.mjs";

/** Adds a second passkey on a security key; the first authenticator is put away for that moment. */
async function addSecond(device) {
  await device.authenticator.take();
  const key = await device.tab.plug(securityKey);
  await device.button("Add a passkey").click();
  await device.told("The passkey was added.");
  await device.ready();
  return key;
}

/** Waits until something is so. */
async function until(so) {
  for (const end = Date.now() + 10_000; !(await so()); ) {
    assert.ok(Date.now() < end, "it does not happen");
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

const rows = (device) => device.page.locator('section[aria-labelledby="passkeys"] li.row');
const names = async (device) => (await device.ask("/api/v1/credentials")).body.credentials.map((one) => one.name);

scene("account: second passkey", async (stage) => {
  const ada = await stage.administrator();
  assert.equal(await rows(ada).count(), 1);
  const key = await addSecond(ada);
  assert.equal(await rows(ada).count(), 2);
  assert.equal(new URL(ada.page.url()).search, "", "the notice has left the address bar");
  assert.equal((await key.credentials()).length, 1);
  await ada.shoot("account-two-passkeys");

  // It signs in as the same person.
  await ada.signOut(key);
  await ada.signIn(key);
  assert.equal((await ada.ask("/api/v1/me")).body.account.name, "ada");
});

scene("account: a passkey for this device is not made twice", async (stage) => {
  const ada = await stage.administrator();
  await ada.button("Add a passkey").click();
  await ada.told("You already have a passkey here.");
  await ada.shoot("account-exists");
  assert.equal(await rows(ada).count(), 1);
});

scene("account: a synced passkey says where it lives", async (stage) => {
  const ada = await stage.administrator({ authenticator: synced });
  await rows(ada).first().getByText("Synced").waitFor();
  await ada.shoot("account-synced");
});

scene("account: rename", async (stage) => {
  const ada = await stage.administrator();
  await ada.page.locator("summary", { hasText: "Rename" }).click();
  const field = ada.page.getByLabel("New name");
  await ada.shoot("account-rename");
  await field.fill("Laptop <at> home & “away”");
  await ada.button("Save").click();
  await ada.told("The new name was saved.");
  assert.deepEqual(await names(ada), ["Laptop <at> home & “away”"]);
  await rows(ada).getByText("Laptop <at> home & “away”", { exact: false }).first().waitFor();
});

scene("account: remove, and the sessions that it opened end", async (stage) => {
  const ada = await stage.administrator();
  const [first] = await ada.authenticator.credentials();
  const key = await addSecond(ada);

  // The first passkey opens a session in another browser.
  const other = await stage.device();
  await other.authenticator.add(first);
  await other.signIn();

  // The security key signs in here, and removes the other one.
  await ada.signOut(key);
  await ada.signIn(key);
  assert.equal((await other.ask("/api/v1/me")).status, 200);
  const { body } = await ada.ask("/api/v1/credentials");
  const target = body.credentials.find((one) => !one.current);
  await ada.page.locator(`[data-remove="${target.id}"]`).click();
  await ada.page.getByRole("dialog").waitFor();
  await ada.shoot("account-remove-question", { fullPage: false });
  await ada.button("Keep it").click();
  assert.equal(await rows(ada).count(), 2, "kept");
  await ada.page.locator(`[data-remove="${target.id}"]`).click();
  await ada.button("Remove passkey").click();
  await ada.told("The passkey was removed");
  assert.equal(await rows(ada).count(), 1);
  assert.equal((await ada.ask("/api/v1/me")).status, 200, "this session stays");
  assert.equal((await other.ask("/api/v1/me")).status, 401, "the session of the removed passkey has ended");
  stage.expect(/status of 401/);
  await other.button("Add a passkey").click();
  await other.told("You are signed out.");
  await other.shoot("account-session-ended");
  await other.page.locator("main").getByRole("link", { name: "Sign in" }).click();
  await other.at("/login", "Sign in");
});

scene("account: password managers hear which passkeys count, and their person's names", async (stage) => {
  const ada = await stage.administrator();
  const [held] = await ada.authenticator.credentials();
  const key = await addSecond(ada);
  // A password manager with an old name of hers.
  const manager = await ada.tab.plug();
  await manager.add({ ...held, userName: "augusta", userDisplayName: "Augusta King" });
  const names = async () => (await manager.credentials()).map((one) => one.userName);
  assert.deepEqual(await names(), ["augusta"]);
  await ada.go("/account");
  await until(async () => (await names()).join() === "ada");

  // The passkey that opened this session: it goes, and the session with it.
  await ada.page.locator(`[data-remove]`).first().waitFor();
  const { body } = await ada.ask("/api/v1/credentials");
  const first = body.credentials.find((one) => one.current);
  await key.present(false); // or autofill would sign in at once
  await ada.page.locator(`[data-remove="${first.id}"]`).click();
  await ada.button("Remove passkey").click();
  await ada.at("/login", "Sign in");
  assert.deepEqual(await manager.credentials(), []);
  assert.equal((await key.credentials()).length, 1, "what counts stays");
});

scene("account: the last passkey cannot be removed", async (stage) => {
  const ada = await stage.administrator();
  assert.equal(await ada.button("Remove").isDisabled(), true);
  await ada.page.getByText("This is your last passkey.").waitFor();
  const { body } = await ada.ask("/api/v1/credentials");
  const refused = await ada.context.request.delete(`${stage.server.url}/api/v1/credentials/${body.credentials[0].id}`, {
    headers: { Origin: stage.server.url },
  });
  assert.equal(refused.status(), 409);
  assert.equal((await refused.json()).code, "last_credential");
  assert.equal((await names(ada)).length, 1);
});

scene("account: a change that needs a fresh sign-in asks for it, then goes on", async (stage) => {
  const ada = await stage.administrator();
  // Five minutes are long: the first answer is what the server says after them.
  let asked = 0;
  await ada.context.route("**/api/v1/registration/begin", (route) => {
    asked++;
    return asked > 1
      ? route.continue()
      : route.fulfill({
          status: 403,
          contentType: "application/problem+json",
          body: JSON.stringify({ type: "about:blank", title: "Forbidden", status: 403, code: "step_up_required" }),
        });
  });
  stage.expect(/status of 403/);
  const confirm = ada.page.waitForRequest("**/api/v1/authentication/begin");
  await ada.button("Add a passkey").click();
  assert.deepEqual((await confirm).postDataJSON(), { name: "ada" });
  await ada.told("You already have a passkey here."); // the repeated request got as far as the authenticator
  assert.equal(asked, 2, "repeated once");
  assert.equal((await ada.ask("/api/v1/me")).status, 200);
});
