// Phones that make no passkey, or none that is good, and what the page says of them.

import assert from "node:assert/strict";
import { creating } from "./faults.mjs";
import { scene } from "./room.mjs";

for (const [fault, { title, ways, reason }] of Object.entries(creating)) {
  scene(`fault ${fault} at creation: “${title}”, and the next try creates`, async (room) => {
    const [desk, phone] = [await room.desk(), await room.phone()];
    await desk.go(await room.server.firstLink());
    const before = await room.recorded();
    await desk.page.getByLabel("User name").fill("ada");
    await phone.faults(fault);
    if (reason) {
      room.expect(/status of 400/);
    }
    await desk.usePhone();
    await phone.scan(desk.page, { until: "read" });
    await desk.says(title, ways);
    await room.photograph(`fault-create-${fault}`);
    assert.equal(await desk.me(), undefined);
    assert.deepEqual(await room.recorded(), reason ? [...before, `registration.refused ${reason}`] : before, "no account was made");

    await phone.faults();
    await desk.button("Use a phone or tablet").first().click();
    await phone.scan(desk.page);
    await desk.heading("Your passkey is ready").waitFor();
    assert.equal(await desk.me(), "ada");
    assert.equal((await desk.passkeys()).length, 1);
  });
}
