// What can go wrong with a phone, and what people read then: a row for each, played by faults-*.test.mjs.

import assert from "node:assert/strict";

/** What a page says of a ceremony that a phone was asked for and that ended without a passkey. */
const nothing = {
  get: { title: "No passkey was used.", ways: ["Scan again", "More ways"] },
  create: { title: "No passkey was created.", ways: ["Scan again"] },
};

/** The server's word, and the page's, for an answer that was not good. */
const refused = { title: "That passkey could not sign you in.", ways: ["Try again", "More ways"] };

/** Faults at which Chromium goes on waiting, and for how far its dialog gets: the page alone says what to do. */
export const silent = {
  no_advert: "kCableV2QRCode",
  wrong_key: "kCableV2QRCode",
  advert_suffix: "kCableV2QRCode", // Chromium takes adverts of exactly 20 bytes
  tunnel_404: "kCableV2Connecting",
  tunnel_410: "kCableV2Connecting",
  tunnel_503: "kCableV2Connecting",
  drop_connection: "kCableV2Connecting",
  drop_handshake: "kCableV2Connecting",
};

/** Faults at which Chromium ends the request of a page that wants to sign somebody in. */
export const signingIn = {
  drop_request: nothing.get,
  ctap_0x27: nothing.get, // operation denied
  ctap_0x2e: nothing.get, // no credentials
  ctap_0x2f: nothing.get, // user action timeout
  ctap_0x31: nothing.get, // PIN invalid
  ctap_0x3c: nothing.get, // UV blocked
  ctap_0x7f: nothing.get, // other
  declines: nothing.get,
  wrong_pin: nothing.get,
  uv_cleared: { ...refused, reason: "user_verified" },
  be_flipped: { ...refused, reason: "backup_eligible" },
  counter_back: { ...refused, reason: "sign_count" },
};

/** The same for a page that wants a passkey made. */
export const creating = {
  ctap_0x19: { title: "Your phone has a passkey here already.", ways: ["Sign in with it", "Use a phone or tablet"] }, // credential excluded
  ctap_0x27: nothing.create,
  ctap_0x28: nothing.create, // key store full
  drop_request: nothing.create,
  declines: nothing.create,
  uv_cleared: { title: "That passkey was not accepted.", ways: ["Try again"], reason: "user_verified" },
};

/** Faults that only take time. */
export const slow = ["slow_user_3s"];

/** Fails when a fault that a test bed knows is in no row; of those with a parameter, one of their kind must be. */
export async function assertComplete(bed) {
  const kind = (fault) => fault.replace(/^(ctap_0x|slow_user_).*/, "$1");
  const played = new Set([silent, signingIn, creating].flatMap(Object.keys).concat(slow).map(kind));
  const known = await faultsOf(bed);
  assert.ok(known.length > 10, `the test bed names ${known.length} faults`);
  assert.deepEqual(known.map(kind).filter((fault) => !played.has(fault)), [], "faults without a scene");
}

/** The faults that the description of the bed's API gives as examples. */
async function faultsOf({ environment }) {
  const answer = await fetch(new URL("/openapi.json", environment.HITHER_TESTBED_URL), {
    headers: { Authorization: `Bearer ${environment.HITHER_TESTBED_TOKEN}` },
  });
  assert.equal(answer.status, 200);
  const found = new Set();
  const walk = (node) => {
    for (const fault of node?.properties?.faults?.items?.examples ?? []) {
      found.add(fault);
    }
    if (typeof node === "object") {
      Object.values(node ?? {}).forEach(walk);
    }
  };
  walk(await answer.json());
  return [...found];
}
