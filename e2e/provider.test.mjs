// Names of passkey providers: what a person sees of them.

import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import path from "node:path";
import { synced } from "./browser.mjs";
import { scene } from "./scene.mjs";

/** The model that Chromium's virtual authenticators claim to be. */
const model = "01020304-0506-0708-0102-030405060708";

scene("provider: a passkey is called by what keeps it, and says so when it is renamed", async (stage) => {
  await writeFile(path.join(stage.server.data, "providers.json"), JSON.stringify({ [model]: "Our vault" }));
  await stage.server.restart();
  const ada = await stage.administrator({ authenticator: synced });
  const row = ada.page.locator("li[id^=passkey-]");
  assert.equal(await row.locator("h3").innerText(), "Our vault This session");
  assert.equal(await row.getByText("From Our vault.").count(), 0, "not twice");
  await ada.page.locator("summary", { hasText: "Rename" }).click();
  await ada.page.getByLabel("New name").fill("At home");
  await ada.button("Save").click();
  await ada.told("The new name was saved.");
  await row.getByText("From Our vault. Synced").waitFor();
  await ada.shoot("account-provider");
});
