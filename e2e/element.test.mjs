import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { test } from "node:test";
import { scene } from "./scene.mjs";
import { buildSdk, dist } from "./sdk.mjs";

const policy =
  "default-src 'none'; script-src 'self'; connect-src 'self'; require-trusted-types-for 'script'; trusted-types 'none'";

const page = `<!doctype html><html lang="en"><title>Shop</title>
<label>Name <input autocomplete="username webauthn"></label>
<hither-sign-in autofill phone late="500"></hither-sign-in>
<script type="module" src="/shop/shop.js"></script>`;

const script = `import "./element.js";
globalThis.heard = [];
addEventListener("hither-signed-in", (event) => heard.push(event.detail.account.name));
addEventListener("hither-error", (event) => heard.push(event.detail.code));
document.documentElement.dataset.ready = "";`;

/** Puts a page of somebody's own on the server's origin, under a strict policy. */
async function shop(stage, device) {
  await device.context.route(`${stage.server.url}/shop/**`, async (route) => {
    const name = path.basename(new URL(route.request().url()).pathname);
    if (name === "shop") {
      const headers = { "Content-Security-Policy": policy };
      return route.fulfill({ contentType: "text/html", headers, body: page });
    }
    const body = name === "shop.js" ? script : await readFile(path.join(dist, name), "utf8");
    return route.fulfill({ contentType: "text/javascript", body });
  });
  await device.go("/shop/shop");
}

if (buildSdk()) {
  scene("element: signs in, by keyboard, after an error, under a strict policy", async (stage) => {
    const ada = await stage.administrator();
    await ada.signOut();
    await shop(stage, ada);
    await ada.autofilling();
    await ada.authenticator.verified(false);
    await ada.authenticator.present(true);
    await ada.page.keyboard.press("Tab");
    await ada.page.keyboard.press("Tab");
    await ada.page.keyboard.press("Enter");
    await ada.page.getByRole("status").getByText("No passkey was used.").waitFor();
    await ada.authenticator.present(false);
    await ada.shoot("element-error");
    await ada.authenticator.verified(true);
    await ada.page.getByRole("status").getByRole("button", { name: "Use a phone or tablet" }).click();
    await ada.page.getByText("Still waiting for your phone?").waitFor();
    await ada.authenticator.present(true);
    await ada.button("Scan again").click();
    await ada.page.waitForFunction(() => globalThis.heard.includes("ada"));
    assert.deepEqual(await ada.page.evaluate(() => globalThis.heard), ["cancelled", "ada"]);
    assert.equal((await ada.ask("/api/v1/me")).status, 200);
  });

  scene("element: signs in from the field", async (stage) => {
    const ada = await stage.administrator();
    await ada.signOut();
    await ada.authenticator.present(true);
    await shop(stage, ada);
    await ada.page.waitForFunction(() => globalThis.heard.includes("ada"));
  });
} else {
  test("element", { skip: !process.env.CI && "npm ci in sdk/ has not run" }, () =>
    assert.fail("npm ci in sdk/ has not run"),
  );
}
