// Phones that are not heard of any more. Chromium shows no error, however long it takes: the page has to.

import assert from "node:assert/strict";
import { silent } from "./faults.mjs";
import { scene } from "./room.mjs";

for (const [fault, step] of Object.entries(silent)) {
  scene(`fault ${fault}: the page says what to check, and the next scan signs in`, async (room) => {
    const [desk, phone] = await room.signedOut();
    const before = await room.recorded();
    await phone.faults(fault);
    await desk.usePhone();
    await phone.scan(desk.page, { until: "read" });
    await room.shows(step);
    const advice = await desk.says("Still waiting for your phone?", ["Scan again"]);
    assert.match(advice.text, /If it stays at the QR code or at “Connecting”, cancel there and scan again\. Check these first:$/);
    assert.equal(advice.checklist.length, 4);
    await room.photograph(`fault-${fault}`);
    assert.equal((await room.steps()).at(-1), step, "Chromium goes on waiting");
    assert.equal(await desk.me(), undefined);
    assert.deepEqual(await room.recorded(), before, "nothing was opened");

    await desk.cancel();
    const { checklist } = await desk.says("Your phone did not come through.", ["Scan again", "More ways"]);
    assert.deepEqual(checklist, advice.checklist);
    await phone.faults();
    await desk.follow("Scan again");
    await phone.scan(desk.page);
    await desk.at("/account", "Your account");
    assert.equal(await desk.me(), "ada");
  }, { settings: { HITHER_PHONE_WAIT: "1s" } });
}
