// A passkey that lives on a phone, made at a computer.

import assert from "node:assert/strict";
import { scene } from "./room.mjs";

scene("create: the first passkey on the phone, from /setup", async (room) => {
  const [desk, phone] = [await room.desk(), await room.phone()];
  await desk.go(await room.server.firstLink());
  await desk.page.getByLabel("User name").fill("ada");
  await desk.page.getByLabel("Your name").fill("Ada Lovelace");
  await desk.usePhone();
  assert.equal((await desk.message()).title, "Scan the QR code with your phone.");
  await room.photograph("setup-qr-code");
  await phone.answers("ask");
  const scan = await phone.scan(desk.page, { until: "asked" });
  const question = await phone.question();
  assert.equal(question.action, "create");
  assert.equal(question.rpId, "localhost");
  assert.deepEqual(question.accounts, [{ name: "ada", displayName: "Ada Lovelace" }]);
  await room.shows("kCableV2Connected");
  await room.photograph("setup-connected");
  await phone.agree();
  await scan.answered();
  await desk.heading("Your passkey is ready").waitFor();
  await desk.page.getByText("Synced: your password manager brings it to your other devices.").waitFor();
  await room.photograph("setup-done");

  const [kept, ...others] = await phone.passkeys();
  assert.deepEqual(others, []);
  assert.equal(kept.rpId, "localhost");
  assert.equal(kept.userName, "ada");
  await desk.page.getByRole("link", { name: "Go to your account" }).click();
  await desk.at("/account", "Your account");
  const [known] = await desk.passkeys();
  assert.equal(known.id, kept.id, "phone and server hold the same passkey");
  assert.ok(known.transports.includes("hybrid"), `transports ${known.transports}`);
  const me = await desk.ask("/api/v1/me");
  assert.equal(me.body.account.administrator, true);
  assert.equal(me.body.session.user_verified, true);
});

scene("create: another one on a second phone, from /account", async (room) => {
  const [desk] = await room.administrator();
  const second = await room.phone({ backup: "device_bound" });
  await desk.usePhone();
  await room.photograph("account-qr-code");
  await second.scan(desk.page);
  await desk.told("The passkey was added.");
  await desk.ready();
  assert.equal((await desk.passkeys()).length, 2);
  await desk.page.getByText("On one phone or tablet only.").waitFor();
  await room.photograph("account-added");
  await desk.signOut();
  await desk.signInByPhone(second);
  assert.equal(await desk.me(), "ada");
});

scene("create: already registered, the phone has one for this account", async (room) => {
  const [desk, phone] = await room.administrator();
  const before = await room.recorded();
  await desk.usePhone();
  await phone.scan(desk.page);
  await desk.says("Your phone has a passkey here already.", ["Use a phone or tablet"]);
  await room.photograph("account-already-registered");
  assert.equal((await desk.passkeys()).length, 1);
  assert.equal((await phone.passkeys()).length, 1);
  assert.deepEqual(await room.recorded(), before, "nothing was made");
  const other = await room.phone();
  await desk.follow("Use a phone or tablet");
  await other.scan(desk.page);
  await desk.told("The passkey was added.");
});

scene("create: the person declines on the phone, then agrees", async (room) => {
  const [desk, phone] = [await room.desk(), await room.phone()];
  await desk.go(await room.server.firstLink());
  const before = await room.recorded();
  await desk.page.getByLabel("User name").fill("ada");
  await desk.usePhone();
  await phone.decline();
  await phone.scan(desk.page);
  await desk.says("No passkey was created.", ["Scan again"]);
  await room.photograph("setup-declined");
  assert.equal(await desk.me(), undefined);
  assert.deepEqual(await phone.passkeys(), []);
  assert.deepEqual(await room.recorded(), before, "no account was made");
  await phone.agree();
  await desk.follow("Scan again");
  await phone.scan(desk.page);
  await desk.heading("Your passkey is ready").waitFor();
  assert.equal(await desk.me(), "ada");
});
