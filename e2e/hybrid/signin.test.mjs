// Signing in at a computer with a passkey that is on a phone.

import assert from "node:assert/strict";
import { scene } from "./room.mjs";

scene("sign in: by the button for phones", async (room) => {
  const [desk, phone] = await room.signedOut();
  await desk.usePhone();
  assert.deepEqual((await desk.asked()).at(-1).hints, ["hybrid"]);
  await room.photograph("login-qr-code");
  await phone.scan(desk.page);
  await desk.at("/account", "Your account");
  assert.equal(await desk.me(), "ada");
  assert.equal((await room.recorded()).at(-1), "session.opened");
  await room.photograph("signed-in");
});

scene("sign in: by autofill's entry for another device", async (room) => {
  const [desk, phone] = await room.signedOut();
  const asked = (await desk.asked()).length;
  await desk.choosePhoneInField("login-autofill");
  await room.photograph("login-autofill-qr-code");
  await phone.scan(desk.page);
  await desk.at("/account", "Your account");
  assert.equal(await desk.me(), "ada");
  assert.equal(asked, 1, "it was the request that had waited in the field");
});

scene("sign in: by autofill's entry, and the phone does not come; the field offers it again", async (room) => {
  const [desk, phone] = await room.signedOut();
  await phone.faults("drop_handshake");
  await desk.choosePhoneInField();
  await phone.scan(desk.page, { until: "read" });
  await room.shows("kCableV2Connecting");
  await room.photograph("login-autofill-connecting");
  await new Promise((resolve) => setTimeout(resolve, 1_000)); // a person sees that nothing happens
  await desk.cancel();
  await desk.says("No passkey was used.", ["Try again", "Use a phone or tablet", "More ways"]);
  await room.photograph("login-autofill-cancelled");
  assert.equal(await desk.me(), undefined);
  await phone.faults();
  await desk.autofilling(2);
  await desk.choosePhoneInField();
  await phone.scan(desk.page);
  await desk.at("/account", "Your account");
});

scene("sign in: the person declines on the phone, then agrees", async (room) => {
  const [desk, phone] = await room.signedOut();
  const before = await room.recorded();
  await phone.answers("ask");
  await desk.usePhone();
  await phone.scan(desk.page, { until: "asked" });
  assert.equal((await phone.question()).action, "sign_in");
  await phone.decline();
  await desk.says("No passkey was used.", ["Scan again", "More ways"]);
  await room.photograph("login-declined");
  assert.equal(await desk.me(), undefined);
  assert.deepEqual(await room.recorded(), before);
  await desk.follow("Scan again");
  await phone.scan(desk.page, { until: "asked" });
  await phone.agree();
  await desk.at("/account", "Your account");
});

scene("sign in: nobody scans, and the page says what to check", async (room) => {
  const [desk, phone] = await room.signedOut();
  await desk.usePhone();
  await desk.says("Still waiting for your phone?", ["Scan again"]);
  await room.photograph("login-waiting");
  await desk.resize({ width: 900, height: 800 });
  await room.photograph("login-waiting-narrow");
  await desk.resize({ width: 1280, height: 900 });
  await desk.cancel();
  const { checklist } = await desk.says("Your phone did not come through.", ["Scan again", "More ways"]);
  assert.match(checklist.join(" "), /Bluetooth.*online.*same room.*camera app/);
  await room.photograph("login-timed-out");
  await desk.follow("Scan again");
  await phone.scan(desk.page);
  await desk.at("/account", "Your account");
}, { settings: { HITHER_PHONE_WAIT: "1s" } });

scene("sign in: cancelled in the browser's window", async (room) => {
  const [desk, phone] = await room.signedOut();
  await desk.usePhone();
  await desk.cancel();
  const { text } = await desk.says("No passkey was used.", ["Scan again", "More ways"]);
  assert.match(text, /^It was cancelled/);
  await room.photograph("login-cancelled");
  await desk.signInByPhone(phone);
});

scene("sign in: the page begins again while a QR code is shown, and a phone takes the new code", async (room) => {
  const [desk, phone] = await room.signedOut();
  await phone.faults("no_advert");
  await desk.usePhone();
  await phone.scan(desk.page, { until: "read" });
  await phone.faults();
  // As where the page can be pressed meanwhile: it aborts its request, which closes the dialog, and makes another one.
  await desk.page.evaluate(() => document.querySelector("#phone").click());
  await phone.scan(desk.page); // it may read the old code, which is still drawn for a moment, and goes on to the new one
  await desk.at("/account", "Your account");
  assert.deepEqual((await room.steps()).slice(-5), ["kCableV2QRCode", "kClosed", "kCableV2QRCode", "kCableV2Connecting", "kClosed"]);
});

scene("sign in: the phone is out of reach, then near", async (room) => {
  const [desk, phone] = await room.signedOut();
  await room.bed.air({ lose: -1 });
  await desk.usePhone();
  const scan = await phone.scan(desk.page, { until: "read" });
  await desk.says("Still waiting for your phone?", ["Scan again"]);
  await room.shows("kCableV2QRCode");
  assert.equal(await desk.me(), undefined);
  await room.bed.air();
  await scan.answered();
  await desk.at("/account", "Your account");
}, { settings: { HITHER_PHONE_WAIT: "1s" } });

scene("sign in: adverts late, lost and repeated", async (room) => {
  const [desk, phone] = await room.signedOut();
  await room.bed.air({ lose: 3, repeat: 3, delay: 500 });
  await desk.signInByPhone(phone);
  assert.equal(await desk.me(), "ada");
});

scene("sign in: the phone has no passkey for us", async (room) => {
  const [desk, phone] = await room.signedOut();
  const stranger = await room.phone();
  const before = await room.recorded();
  await desk.usePhone();
  await stranger.scan(desk.page);
  const { text } = await desk.says("No passkey was used.", ["Scan again", "More ways"]);
  assert.match(text, /no passkey for this service.*phone or tablet that has yours/);
  await room.photograph("login-no-passkey-on-it");
  assert.equal(await desk.me(), undefined);
  assert.deepEqual(await room.recorded(), before);
  await desk.follow("Scan again");
  await phone.scan(desk.page);
  await desk.at("/account", "Your account");
});

scene("sign in: Bluetooth is off, and is switched on in the browser's window", async (room) => {
  const [desk, phone] = await room.signedOut();
  await room.bed.air({ power: false });
  await desk.button("Use a phone or tablet").click();
  await room.shows("kBlePowerOnAutomatic");
  await room.photograph("login-bluetooth-off");
  await new Promise((resolve) => setTimeout(resolve, 600)); // Chromium presses no button of a dialog that has just come
  await room.key("Return"); // “Turn on”
  await room.shows("kCableV2QRCode");
  await phone.scan(desk.page);
  await desk.at("/account", "Your account");
});

scene("sign in: Bluetooth is off, and is switched on elsewhere", async (room) => {
  const [desk, phone] = await room.signedOut();
  await room.bed.air({ power: false });
  await desk.button("Use a phone or tablet").click();
  await room.shows("kBlePowerOnAutomatic");
  await room.bed.air({ power: true });
  await room.shows("kCableV2QRCode");
  await phone.scan(desk.page);
  await desk.at("/account", "Your account");
});

scene("sign in: two people, two phones, one computer", async (room) => {
  const [desk, hers] = await room.signedOut();
  await desk.go(await room.server.invite("grace"));
  const his = await room.phone();
  await desk.page.getByLabel("User name").and(desk.page.locator("[readonly]")).waitFor();
  await desk.page.getByLabel("Your name").fill("Grace Hopper");
  await desk.usePhone();
  await his.scan(desk.page);
  await desk.page.getByRole("link", { name: "Go to your account" }).click();
  await desk.at("/account", "Your account");
  for (const [phone, name] of [[hers, "ada"], [his, "grace"]]) {
    await desk.signOut();
    await desk.signInByPhone(phone);
    assert.equal(await desk.me(), name);
  }
});

scene("sign in: two phones, the same account, each with its own passkey", async (room) => {
  const [desk, first] = await room.administrator();
  const second = await room.phone();
  await desk.usePhone();
  await second.scan(desk.page);
  await desk.told("The passkey was added.");
  const used = [];
  for (const phone of [second, first]) {
    await desk.signOut();
    await desk.signInByPhone(phone);
    used.push((await desk.passkeys()).find((one) => one.current).id);
  }
  const [mine, other] = [await first.passkeys(), await second.passkeys()];
  assert.deepEqual(used, [other[0].id, mine[0].id]);
});

scene("sign in: the passkey was removed on the server", async (room) => {
  const [desk, phone] = await room.administrator();
  const second = await room.phone();
  await desk.usePhone();
  await second.scan(desk.page);
  await desk.told("The passkey was added.");
  const [gone] = await phone.passkeys();
  await desk.page.locator(`[data-remove="${gone.id}"]`).click();
  await desk.page.getByRole("button", { name: "Remove passkey" }).click();
  await desk.at("/login", "Sign in"); // its own session has ended with it
  await desk.autofilling();
  room.expect(/status of 401/);
  await desk.usePhone();
  await phone.scan(desk.page);
  await desk.says("This passkey is no longer known here.", ["Try again", "More ways"]);
  await room.photograph("login-passkey-removed");
  assert.equal(await desk.me(), undefined);
  await desk.follow("Try again");
  await second.scan(desk.page);
  await desk.at("/account", "Your account");
});
