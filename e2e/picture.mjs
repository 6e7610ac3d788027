// Takes the README's picture: the sign-in page of a fresh server.

import { mkdir } from "node:fs/promises";
import path from "node:path";
import { launch, Tab } from "./browser.mjs";
import { Server } from "./server.mjs";

const folder = path.resolve(import.meta.dirname, "../docs/pictures");
const file = path.join(folder, "sign-in.png");

const server = await Server.start();
const browser = await launch();
try {
  await mkdir(folder, { recursive: true });
  const context = await browser.newContext({
    viewport: { width: 860, height: 720 },
    deviceScaleFactor: 2,
    colorScheme: "light",
    reducedMotion: "reduce",
  });
  const { page } = await Tab.open(context);
  await page.goto(`${server.url}/login`);
  await page.locator("html[data-ready]").waitFor({ state: "attached" });
  await page.screenshot({ path: file, animations: "disabled" });
  console.log(path.relative(process.cwd(), file));
} finally {
  await browser.close();
  await server.stop();
}
