import assert from "node:assert/strict";
import { Tab } from "./browser.mjs";
import { scene } from "./scene.mjs";

scene("session: sign out", async (stage) => {
  const ada = await stage.administrator();
  assert.equal((await ada.ask("/api/v1/me")).status, 200);
  await ada.signOut();
  await ada.shoot("signed-out");
  assert.equal((await ada.ask("/api/v1/me")).status, 401);
  await ada.page.goBack();
  await ada.page.waitForFunction(() => !document.body.textContent.includes("Ada Lovelace"));
});

scene("session: two tabs share a session", async (stage) => {
  const ada = await stage.administrator();
  const second = await Tab.open(ada.context);
  await second.page.goto(`${stage.server.url}/account`);
  await second.page.getByRole("heading", { name: "Your account" }).waitFor();
  await second.page.getByRole("button", { name: "Sign out", exact: true }).click();
  await second.page.getByText("You are signed out.").waitFor();
  stage.expect(/status of 40[13]/);
  await ada.button("Add a passkey").click(); // the first tab has not heard of it
  await ada.told("You are signed out.");
});

scene("session: two tabs wait for a passkey at once, and either may sign in", async (stage) => {
  const ada = await stage.administrator();
  await ada.signOut();
  await ada.login();
  const second = await Tab.open(ada.context);
  const copy = await second.share(ada.authenticator, 100);
  await copy.present(false);
  await second.page.goto(`${stage.server.url}/login`);
  await second.page.locator("html[data-ready]").waitFor({ state: "attached" });
  // The tab that was opened first acts last: its ceremony is still good.
  await ada.page.bringToFront();
  await ada.button("Sign in with a passkey").click();
  await ada.at("/account", "Your account");
  await second.page.bringToFront();
  await copy.present(true);
  await second.page.getByRole("button", { name: "Sign in with a passkey" }).click();
  await second.page.waitForURL((url) => url.pathname === "/account");
  assert.equal((await ada.ask("/api/v1/me")).status, 200);
});

scene("session: survives a restart of the server", async (stage) => {
  const ada = await stage.administrator();
  await stage.server.restart();
  await ada.go("/account");
  await ada.heading("Your account").waitFor();
  assert.equal((await ada.ask("/api/v1/me")).body.account.name, "ada");
});

scene("session: a page that was open across a restart signs in", async (stage) => {
  const ada = await stage.administrator();
  await ada.signOut();
  await ada.login();
  await stage.server.restart();
  await ada.button("Sign in with a passkey").click();
  await ada.at("/account", "Your account");
});

scene("session: a server that is away is named, and the page recovers", async (stage) => {
  const ada = await stage.administrator();
  await ada.signOut();
  await ada.login();
  await stage.server.end();
  stage.expect(/ERR_CONNECTION_REFUSED/);
  await ada.button("Sign in with a passkey").click();
  await ada.told("The server did not answer.");
  await ada.shoot("login-server-away");
  await stage.server.restart();
  await ada.button("Sign in with a passkey").click();
  await ada.at("/account", "Your account");
});

scene("session: ended elsewhere", async (stage) => {
  const ada = await stage.administrator();
  const [passkey] = await ada.authenticator.credentials();
  const other = await stage.device();
  await other.authenticator.add(passkey);
  await other.signIn();

  await ada.go("/");
  await ada.page.getByRole("heading", { name: "Where you are signed in" }).waitFor();
  await ada.shoot("home-signed-in");
  await ada.button("End").click();
  await ada.told("The session has ended.");
  assert.equal((await other.ask("/api/v1/me")).status, 401);
  stage.expect(/status of 401/);
  await other.button("Add a passkey").click();
  await other.told("You are signed out.");
  await other.page.reload();
  await other.page.waitForURL((url) => url.pathname === "/login");
});

scene("session: end all others", async (stage) => {
  const ada = await stage.administrator();
  const [passkey] = await ada.authenticator.credentials();
  const others = [];
  for (let i = 0; i < 2; i++) {
    const other = await stage.device();
    await other.authenticator.add({ ...passkey, signCount: 100 * (i + 1) }); // or its counter would give the copy away
    await other.signIn();
    others.push(other);
  }
  await ada.go("/account");
  await ada.button("End all other sessions").click();
  await ada.told("All other sessions have ended.");
  for (const other of others) {
    assert.equal((await other.ask("/api/v1/me")).status, 401);
  }
  assert.equal((await ada.ask("/api/v1/me")).status, 200);
});
