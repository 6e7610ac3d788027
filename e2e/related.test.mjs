import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { createHash, X509Certificate } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:https";
import { tmpdir } from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";
import { test } from "node:test";
import { launch, Tab } from "./browser.mjs";
import { buildSdk, dist } from "./sdk.mjs";
import { program } from "./server.mjs";

// Two domains that have nothing in common, over https as browsers insist: what the scenes of example.test.mjs cannot
// show, because all ports of localhost share one RP ID anyway.

/** A certificate for the domains, in a folder. */
function certify(folder, domains) {
  const names = domains.map((name) => `DNS:${name}`).join(",");
  const [key, cert] = ["key.pem", "cert.pem"].map((name) => path.join(folder, name));
  execFileSync(
    "openssl",
    ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj", `/CN=${domains[0]}`]
      .concat(["-addext", `subjectAltName=${names}`, "-keyout", key, "-out", cert]),
    { stdio: "ignore" },
  );
  const spki = new X509Certificate(readFileSync(cert)).publicKey.export({ type: "spki", format: "der" });
  return { key, cert, pin: createHash("sha256").update(spki).digest("base64") };
}

/** Serves a bare page and the SDK. */
async function pages({ key, cert }) {
  const server = createServer({ key: readFileSync(key), cert: readFileSync(cert) }, (request, response) => {
    const name = path.basename(request.url);
    response.setHeader("Content-Type", name ? "text/javascript" : "text/html");
    response.end(name ? readFileSync(path.join(dist, name)) : '<!doctype html><link rel="icon" href="data:,"><title>Shop</title>');
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  return server;
}

/** Starts hitherd at https://id.example; resolves to the process and its port. */
async function hitherd(folder, { key, cert }, port) {
  const env = {
    PATH: process.env.PATH,
    HITHER_DATA_DIR: path.join(folder, "data"),
    HITHER_LISTEN: `127.0.0.1:${port}`,
    HITHER_PUBLIC_URL: "https://id.example",
    HITHER_RELATED_ORIGINS: "https://shop.example",
    HITHER_SIGNUP: "open",
    HITHER_TLS_CERT_FILE: cert,
    HITHER_TLS_KEY_FILE: key,
  };
  const child = spawn(await program(), ["serve"], { cwd: folder, env, stdio: ["ignore", "pipe", "ignore"] });
  await once(createInterface({ input: child.stdout }), "line");
  return child;
}

async function freePort(tls) {
  const probe = await pages(tls);
  const { port } = probe.address();
  probe.close();
  await once(probe, "close");
  return port;
}

/** What the SDK comes to on a page of a host. */
async function use(context, host) {
  const tab = await Tab.open(context);
  await tab.plug();
  await tab.page.goto(`https://${host}/`);
  const came = await tab.page.evaluate(async () => {
    const { createPasskey, signIn } = await import("/index.js");
    const base = "https://id.example/api/v1";
    const all = [];
    for (const ceremony of [() => createPasskey({ base, name: "grace" }), () => signIn({ base })]) {
      all.push(await ceremony().then(({ account, session }) => [account.name, typeof session.token], (error) => error.code));
    }
    return all;
  });
  // The browser's own judgement, with no server in the way.
  const asked = await tab.page.evaluate(() =>
    navigator.credentials
      .get({ publicKey: { challenge: new Uint8Array(32), rpId: "id.example" } })
      .then(() => "answered", (error) => error.name),
  );
  return { came, asked };
}

function haveOpenSSL() {
  try {
    execFileSync("openssl", ["version"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

const missing = !haveOpenSSL() ? "no openssl here" : !buildSdk() && "npm ci in sdk/ has not run";
if (missing && process.env.CI) {
  throw new Error(missing);
}
const skip = missing;

test("related origins: another domain creates a passkey and signs in, a third one cannot", { skip, timeout: 90_000 }, async () => {
  const folder = mkdtempSync(path.join(tmpdir(), "hither-e2e-"));
  const tls = certify(folder, ["id.example", "shop.example", "evil.example"]);
  const port = await freePort(tls);
  const server = await hitherd(folder, tls, port);
  const shop = await pages(tls);
  const there = `127.0.0.1:${shop.address().port}`;
  const browser = await launch([
    `--ignore-certificate-errors-spki-list=${tls.pin}`,
    `--host-resolver-rules=MAP id.example:443 127.0.0.1:${port}, MAP shop.example:443 ${there}, MAP evil.example:443 ${there}`,
  ]);
  try {
    const context = await browser.newContext();
    assert.deepEqual(await use(context, "shop.example"), {
      came: [["grace", "string"], ["grace", "string"]],
      asked: "answered",
    });
    assert.deepEqual(await use(context, "evil.example"), { came: ["unreachable", "unreachable"], asked: "SecurityError" });
    assert.deepEqual(await context.cookies(), []);
  } finally {
    await browser.close();
    shop.close();
    shop.closeAllConnections();
    server.kill();
    await once(server, "exit");
    rmSync(folder, { recursive: true, force: true });
  }
});
