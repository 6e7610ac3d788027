// Phones that do not sign somebody in, and what the page says of them.

import assert from "node:assert/strict";
import { assertComplete, signingIn, slow } from "./faults.mjs";
import { scene } from "./room.mjs";

scene("faults: each that the test bed knows has a scene", (room) => assertComplete(room.bed));

for (const [fault, { title, ways, reason }] of Object.entries(signingIn)) {
  scene(`fault ${fault}: “${title}”, and the next try signs in`, async (room) => {
    const [desk, phone] = await room.signedOut({ counting: true });
    const before = await room.recorded();
    await phone.faults(fault);
    if (reason) {
      room.expect(/status of 401/);
    }
    await desk.usePhone();
    await phone.scan(desk.page, { until: "read" });
    await desk.says(title, ways);
    await room.photograph(`fault-${fault}`);
    assert.equal(await desk.me(), undefined);
    assert.deepEqual(await room.recorded(), reason ? [...before, `authentication.refused ${reason}`] : before, "nothing was opened");

    await phone.faults();
    await desk.follow(ways[0]);
    await phone.scan(desk.page);
    await desk.at("/account", "Your account");
    assert.equal(await desk.me(), "ada");
  });
}

for (const fault of slow) {
  scene(`fault ${fault}: the page waits with the person, and says what to check meanwhile`, async (room) => {
    const [desk, phone] = await room.signedOut();
    await phone.faults(fault);
    await desk.usePhone();
    const scan = await phone.scan(desk.page, { until: "asked" });
    await room.shows("kCableV2Connected");
    const { text } = await desk.says("Still waiting for your phone?", ["Scan again"]);
    assert.match(text, /^If your browser says to follow the steps on your device, look at the phone\./);
    await room.photograph(`fault-${fault}`);
    await scan.answered();
    await desk.at("/account", "Your account");
    assert.equal(await desk.me(), "ada");
  }, { settings: { HITHER_PHONE_WAIT: "1s" } });
}
