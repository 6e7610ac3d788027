// Pages for everybody: rules, keyboard, screen reader, settings of the system.

import assert from "node:assert/strict";
import { audit } from "./axe.mjs";
import { securityKey } from "./browser.mjs";
import { scene } from "./scene.mjs";
import { shoot } from "./screenshots.mjs";

/** Another passkey for the person, on a security key; the first authenticator is put away. */
async function addSecond(device) {
  await device.authenticator.take();
  const key = await device.tab.plug(securityKey);
  await device.button("Add a passkey").click();
  await device.told("The passkey was added.");
  await device.ready();
  return key;
}

scene("everybody: no page of a stranger breaks a rule", async (stage) => {
  const anyone = await stage.device({ authenticator: null });
  const { page } = anyone;
  const at = (path) => page.goto(`${stage.server.url}${path}`);
  await at("/");
  await anyone.ready();
  await audit(anyone, "first run");
  await at("/learn");
  await audit(anyone, "learn");
  await shoot(page, "learn");
  await anyone.go("/login");
  await audit(anyone, "login");
  await page.getByText("More ways").click();
  await audit(anyone, "login, more ways");
  await anyone.shoot("login-more-ways");
  await anyone.go("/setup");
  await audit(anyone, "setup without a link");
  await anyone.go(await stage.server.firstLink());
  await anyone.heading("Create your passkey").waitFor();
  await audit(anyone, "setup");
  stage.expect(/status of 403/);
  await anyone.go(`/setup#${"A".repeat(43)}`);
  await anyone.told("This link does not work any more.");
  await audit(anyone, "setup with a dead link");
  stage.expect(/status of 404/);
  await at("/nowhere");
  await audit(anyone, "not found");
});

scene("everybody: no page of a person breaks a rule", async (stage) => {
  const ada = await stage.device();
  const { page } = ada;
  await ada.go(await stage.server.firstLink());
  await page.getByLabel("User name").fill("ada");
  await ada.button("Create a passkey").click();
  await page.getByRole("link", { name: "Go to your account" }).waitFor();
  await audit(ada, "setup, done");
  await ada.go("/account");
  await audit(ada, "account with one passkey");
  await ada.button("Add a passkey").click();
  await ada.told("You already have a passkey here.");
  await audit(ada, "account with a problem");
  const key = await addSecond(ada);
  await audit(ada, "account with two passkeys");
  await page.locator("summary", { hasText: "Rename" }).first().click();
  await audit(ada, "account, renaming");
  await ada.button("Remove").last().click();
  await page.getByRole("dialog").waitFor();
  await audit(ada, "account, removing");
  await ada.go("/");
  await audit(ada, "home");
  await page.goto(`${stage.server.url}/learn`);
  await audit(ada, "learn, signed in");
  await ada.go("/account");
  await ada.signOut(key);
  await audit(ada, "home, signed out");
  await ada.login(key);
  await key.verified(false);
  await ada.button("Sign in with a passkey").click();
  await page.locator(".message:not(:empty)").waitFor();
  await audit(ada, "login with a problem");
});

/** What has the focus, as a screen reader says it, and whether one sees that it has. */
function focused(page) {
  return page.evaluate(() => {
    const one = document.activeElement;
    const { outlineStyle, outlineWidth } = getComputedStyle(one);
    const label = one.labels?.[0] ?? one;
    return {
      name: one === document.body ? "" : label.textContent.trim().replaceAll(/\s+/g, " "),
      seen: outlineStyle !== "none" && parseFloat(outlineWidth) >= 2,
      inDialog: one.closest("dialog") !== null,
    };
  });
}

/** Presses Tab until the focus is on that name; fails when it goes another way than the names say. */
async function tab(page, ...names) {
  for (const name of names) {
    await page.keyboard.press("Tab");
    const one = await focused(page);
    assert.equal(one.name, name, "the order of the focus");
    assert.ok(one.seen, `one sees that ${name} has the focus`);
  }
}

scene("everybody: the keyboard alone makes an account, signs in, and removes a passkey", async (stage) => {
  const ada = await stage.device();
  const { page } = ada;
  const { keyboard } = page;
  await ada.go(await stage.server.firstLink());
  await ada.heading("Create your passkey").waitFor();
  await page.evaluate(() => document.activeElement.blur());
  const brand = await page.locator(".brand").innerText();
  await tab(page, brand, "User name");
  await keyboard.type("ada");
  await tab(page, "Your name");
  await keyboard.press("Enter");
  await page.getByRole("link", { name: "Go to your account" }).waitFor();
  assert.equal((await focused(page)).name, await page.locator("h1").innerText(), "the news is where the focus is");
  await tab(page, "Go to your account");
  await keyboard.press("Enter");
  await ada.at("/account", "Your account");

  await addSecond(ada);
  const row = ["Rename", "Remove"];
  await tab(page, brand, "ada", "Sign out", ...row, ...row);
  await keyboard.press("Enter");
  await page.getByRole("dialog").waitFor();
  assert.equal((await focused(page)).name, "Keep it", "the harmless answer first");
  for (let i = 0; i < 5; i++) {
    await keyboard.press(i < 3 ? "Tab" : "Shift+Tab");
    const one = await focused(page);
    assert.ok(one.inDialog || one.name === "", `the focus stays in the dialog, not on ${one.name}`);
  }
  await keyboard.press("Escape");
  await page.getByRole("dialog").waitFor({ state: "hidden" });
  assert.deepEqual(await focused(page), { name: "Remove", seen: true, inDialog: false }, "back where one was");

  // Rename: the disclosure opens by the keyboard, and its field is next.
  await keyboard.press("Shift+Tab");
  await keyboard.press("Enter");
  await tab(page, "New name");
  await keyboard.press("Control+A");
  await keyboard.type("Blue key");
  await keyboard.press("Enter");
  await ada.told("The new name was saved.");
  await ada.ready();

  const [first] = (await ada.ask("/api/v1/credentials")).body.credentials;
  await page.locator(`[data-remove="${first.id}"]`).focus();
  await keyboard.press("Space");
  await page.getByRole("dialog").waitFor();
  await tab(page, "Remove passkey");
  await keyboard.press("Enter");
  await page.waitForURL((url) => url.pathname === "/account" || url.pathname === "/login");
});

scene("everybody: the keyboard alone signs in", async (stage) => {
  const ada = await stage.administrator();
  await ada.signOut();
  const { page } = ada;
  await ada.login();
  await page.evaluate(() => document.activeElement.blur());
  const brand = await page.locator(".brand").innerText();
  await tab(page, brand, "User name (optional)", "Sign in with a passkey", "Use a phone or tablet", "More ways");
  await page.keyboard.press("Enter");
  await tab(page, "Use a security key", "What to do when a phone is lost", "What is a passkey?");
  await page.getByRole("button", { name: "Sign in with a passkey" }).focus();
  await page.keyboard.press("Enter");
  await ada.at("/account", "Your account");
});

/** What a screen reader finds to act on: role, name, and in brackets what it says besides. */
async function controls(device) {
  const { nodes } = await device.tab.session.send("Accessibility.getFullAXTree");
  const roles = ["button", "link", "textbox", "dialog", "DisclosureTriangle", "navigation"];
  const byId = new Map(nodes.map((one) => [one.nodeId, one]));
  const inOrder = (one) => [one, ...one.childIds.flatMap((id) => (byId.has(id) ? inOrder(byId.get(id)) : []))];
  return inOrder(nodes[0])
    .filter((one) => !one.ignored && roles.includes(one.role.value))
    .map((one) => {
      const more = one.description?.value;
      return `${one.role.value} ${one.name?.value ?? ""}${more ? ` (${more})` : ""}`;
    });
}

const words = (device, selector) => device.page.locator(selector).innerText();

scene("everybody: a screen reader gets a name for each control", async (stage) => {
  const ada = await stage.administrator();
  const { page } = ada;
  const brand = `link ${await page.locator(".brand").innerText()}`;
  await addSecond(ada);
  const names = (await ada.ask("/api/v1/credentials")).body.credentials.map((one) => one.name);
  const marked = await page.locator("li[id^=passkey-] h3").allInnerTexts();
  const rows = marked.flatMap((name) => [`DisclosureTriangle Rename (${name})`, `button Remove (${name})`]);
  const all = await controls(ada);
  assert.deepEqual(all.slice(0, 3 + rows.length), [brand, "link Ada Lovelace", "button Sign out", ...rows]);
  assert.equal(all[3 + rows.length], `button Add a passkey (${await words(ada, "#here-hint")})`);
  await ada.button("Remove").first().click();
  await page.getByRole("dialog").waitFor();
  assert.deepEqual((await controls(ada)).slice(-3).map((one) => one.replace(/ \(.*/, "")), [
    `dialog Remove “${names[0]}”?`,
    "button Keep it",
    "button Remove passkey",
  ]);

  const anyone = await stage.device({ authenticator: null });
  await anyone.go("/login");
  assert.deepEqual(await controls(anyone), [
    brand,
    `textbox User name (optional) (${await words(anyone, "#name-hint")})`,
    "button Sign in with a passkey",
    `button Use a phone or tablet (${await words(anyone, "#phone-hint")})`,
    "DisclosureTriangle More ways",
    "link What is a passkey?",
  ]);
  await anyone.page.goto(`${stage.server.url}/learn`);
  assert.deepEqual(await controls(anyone), [
    brand,
    "navigation On this page",
    "link How it works",
    "link QR code and Bluetooth",
    "link A lost phone",
    "link Codes from others",
    "link Sign in",
  ]);
});

scene("everybody: nothing moves for those who do not want it", async (stage) => {
  const anyone = await stage.device({ authenticator: null, reducedMotion: "reduce" });
  const moves = () => anyone.page.evaluate(() => document.getAnimations().length);
  for (const path of ["/", "/login", "/setup"]) {
    await anyone.go(path);
    assert.equal(await moves(), 0, path);
  }
  await anyone.go("/login");
  await anyone.button("Sign in with a passkey").hover();
  assert.equal(await moves(), 0, "under the pointer");
});

scene("everybody: with the colours of the system", async (stage) => {
  const ada = await stage.administrator();
  const { page } = ada;
  await addSecond(ada);
  const look = async (name, fullPage = true) => {
    await page.emulateMedia({ forcedColors: "active", colorScheme: "dark" });
    await page.screenshot({ path: `${import.meta.dirname}/screenshots/forced-${name}.png`, fullPage, animations: "disabled" });
    await page.emulateMedia({ forcedColors: null, colorScheme: "light" });
  };
  await look("account");
  await ada.button("Remove").first().click();
  await page.getByRole("dialog").waitFor();
  await look("dialog", false);
  await page.goto(`${stage.server.url}/learn`);
  await look("learn");
  await ada.go("/login");
  await look("login");
});

scene("everybody: little room and large text", async (stage) => {
  const ada = await stage.administrator();
  const { page } = ada;
  await addSecond(ada);
  for (const path of ["/account", "/", "/learn", "/login", "/setup"]) {
    await page.goto(`${stage.server.url}${path}`);
    await page.locator("details").evaluateAll((all) => all.forEach((one) => (one.open = true)));
    for (const [width, size] of [[320, 100], [640, 200], [1280, 200]]) {
      await page.setViewportSize({ width, height: 800 });
      await page.evaluate((size) => (document.documentElement.style.fontSize = `${size}%`), size);
      const { wide, cut } = await page.evaluate(() => ({
        wide: document.documentElement.scrollWidth - innerWidth,
        cut: [...document.querySelectorAll("body *:not(svg *)")]
          .filter((one) => one.clientWidth > 0 && one.scrollWidth > one.clientWidth + 1 && getComputedStyle(one).overflowX !== "visible")
          .filter((one) => one.tagName !== "INPUT")
          .map((one) => one.outerHTML.slice(0, 80)),
      }));
      assert.ok(wide <= 0, `${path} with text of ${size} % is ${wide} pixels too wide for ${width}`);
      assert.deepEqual(cut, [], `${path} with text of ${size} % cuts nothing off at ${width} pixels`);
      if (width === 640) {
        await page.screenshot({ path: `${import.meta.dirname}/screenshots/large-text-${path.slice(1) || "home"}.png`, fullPage: true, animations: "disabled" });
      }
    }
  }
});
