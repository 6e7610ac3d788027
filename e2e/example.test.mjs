import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import path from "node:path";
import { createInterface } from "node:readline";
import { test } from "node:test";
import { scene } from "./scene.mjs";
import { buildSdk } from "./sdk.mjs";

/** A port that nobody listens on now. */
async function freePort() {
  const probe = createServer().listen(0, "localhost");
  await once(probe, "listening");
  const { port } = probe.address();
  probe.close();
  await once(probe, "close");
  return port;
}

/** Plays with the example's page at a port, as examples/sdk/README.md says to serve it. */
async function at(port, stage, play) {
  const file = path.resolve(import.meta.dirname, "../examples/sdk/serve.mjs");
  const shop = spawn(process.execPath, [file, String(port), stage.server.url], { stdio: ["ignore", "pipe", "inherit"] });
  try {
    const [line] = await once(createInterface({ input: shop.stdout }), "line");
    const origin = line.replace("listening ", "");
    stage.expect(new RegExp(`request to another site: ${origin}`));
    await play(origin);
  } finally {
    shop.kill();
  }
}

/** Waits for the page's message. */
function says(device, text) {
  return device.page.getByRole("status").filter({ hasText: text }).waitFor();
}

if (buildSdk()) {
  const port = await freePort();
  const settings = { HITHER_SIGNUP: "open", HITHER_RELATED_ORIGINS: `http://localhost:${port}` };

  scene("example: a page of a related origin creates a passkey and signs in", async (stage) => {
    await at(port, stage, async (origin) => {
      const grace = await stage.device();
      await grace.page.goto(origin);
      await grace.page.getByLabel("User name").fill("grace");
      await grace.button("Create a passkey").click();
      await says(grace, "Hello, grace.");
      await grace.page.reload();
      const finish = grace.page.waitForResponse("**/api/v1/authentication/finish");
      await grace.button("Sign in with a passkey").click();
      const answer = await finish;
      await says(grace, "Hello, grace.");
      await grace.shoot("example");

      // The token is what the page's own server asks with; the browser was given nothing to keep.
      const { session } = await answer.json();
      const me = await fetch(`${stage.server.url}/api/v1/me`, { headers: { Authorization: `Bearer ${session.token}` } });
      assert.equal((await me.json()).account.name, "grace");
      assert.deepEqual(await grace.context.cookies(), []);
      assert.equal((await answer.allHeaders())["access-control-allow-credentials"], undefined);
    });
  }, { settings });

  scene("example: cookies of the same host stay out of it", async (stage) => {
    await at(port, stage, async (origin) => {
      const ada = await stage.administrator();
      const before = await ada.context.cookies();
      assert.ok(before.length > 0);
      await ada.page.goto(origin);
      await ada.button("Sign in with a passkey").click();
      await says(ada, "Hello, Ada Lovelace.");
      assert.deepEqual(await ada.context.cookies(), before);
      // Not even a page that wants to can use them.
      stage.expect(/blocked by CORS policy/);
      stage.expect(/net::ERR_FAILED/);
      const read = await ada.page.evaluate(
        (url) => fetch(`${url}/api/v1/me`, { credentials: "include" }).then((answer) => answer.status, (error) => error.name),
        stage.server.url,
      );
      assert.equal(read, "TypeError");
      assert.equal((await ada.ask("/api/v1/me")).status, 200);
    });
  }, { settings });

  scene("example: at an origin that is not configured nothing works, and the page says so", async (stage) => {
    await at(0, stage, async (origin) => {
      const eve = await stage.device();
      stage.expect(/blocked by CORS policy/);
      stage.expect(/net::ERR_FAILED/);
      await eve.page.goto(origin);
      await eve.button("Sign in with a passkey").click();
      await says(eve, "The server did not answer.");
      assert.deepEqual(await eve.asked(), []);
      assert.deepEqual(await eve.context.cookies(), []);
    });
  }, { settings });
} else {
  test("example", { skip: !process.env.CI && "npm ci in sdk/ has not run" }, () =>
    assert.fail("npm ci in sdk/ has not run"),
  );
}
