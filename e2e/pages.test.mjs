import assert from "node:assert/strict";
import { scene } from "./scene.mjs";
import { shoot } from "./screenshots.mjs";

scene("pages: without script they say so and stay readable", async (stage) => {
  const plain = await stage.device({ authenticator: null, javaScriptEnabled: false });
  for (const path of ["/login", "/setup"]) {
    await plain.page.goto(`${stage.server.url}${path}`);
    await plain.page.locator("noscript p").waitFor(); // getByText does not look there
    assert.match(await plain.page.locator("noscript").innerText(), /Passkeys need JavaScript/);
    assert.equal(await plain.page.getByRole("button").count(), 0, "no button that does nothing");
  }
  await plain.page.goto(`${stage.server.url}/login`);
  await shoot(plain.page, "login-without-script", { script: false });
});

scene("pages: signing out, renaming and ending a session need no script", async (stage) => {
  const ada = await stage.administrator();
  const plain = await stage.device({ authenticator: null, javaScriptEnabled: false });
  await plain.context.addCookies(await ada.context.cookies());
  await plain.page.goto(`${stage.server.url}/account`);
  await plain.page.locator("summary", { hasText: "Rename" }).click();
  await plain.page.getByLabel("New name").fill("Without script");
  await plain.button("Save").click();
  await plain.page.getByText("The new name was saved.").waitFor();
  assert.equal((await ada.ask("/api/v1/credentials")).body.credentials[0].name, "Without script");
  await plain.button("Sign out").click();
  await plain.page.getByText("You are signed out.").waitFor();
  assert.equal((await ada.ask("/api/v1/me")).status, 401);
});

scene("pages: an address that does not exist", async (stage) => {
  const anyone = await stage.device({ authenticator: null });
  stage.expect(/status of 404/);
  const answer = await anyone.page.goto(`${stage.server.url}/nowhere`);
  assert.equal(answer.status(), 404);
  await anyone.page.getByRole("heading", { level: 1 }).waitFor();
  await shoot(anyone.page, "not-found");
});

scene("pages: the account is for signed-in people", async (stage) => {
  await stage.administrator();
  const stranger = await stage.device({ authenticator: null });
  await stranger.page.goto(`${stage.server.url}/account`);
  await stranger.at("/login", "Sign in");
  await stranger.go("/");
  await stranger.shoot("home");
});

scene("pages: strict headers, cookies and no secret in any address", async (stage) => {
  const ada = await stage.administrator();
  const answer = await ada.page.goto(`${stage.server.url}/account`);
  const policy = answer.headers()["content-security-policy"];
  assert.match(policy, /default-src 'none'/);
  assert.doesNotMatch(policy, /unsafe|\*|data:|https?:/);
  for (const cookie of await ada.context.cookies()) {
    assert.match(cookie.name, /^__Host-hither-/);
    assert.deepEqual(
      { secure: cookie.secure, httpOnly: cookie.httpOnly, sameSite: cookie.sameSite, path: cookie.path },
      { secure: true, httpOnly: true, sameSite: "Lax", path: "/" },
    );
  }
});
