import assert from "node:assert/strict";
import { test } from "node:test";
import { authenticationJSON, creationOptions, decode, encode, registrationJSON, requestOptions } from "./json.ts";
import { assertion, attestation, bytes, FakeBrowser } from "./testing.ts";

test("base64url goes there and back, without padding", () => {
  for (let length = 0; length < 70; length++) {
    const all = Uint8Array.from({ length }, (_, i) => (i * 89 + length) & 0xff);
    const text = encode(all.buffer);
    assert.match(text, /^[A-Za-z0-9_-]*$/);
    assert.equal(text, Buffer.from(all).toString("base64url"));
    assert.deepEqual(new Uint8Array(decode(text)), all);
  }
});

const creation = {
  challenge: "Y2hhbGxlbmdl",
  rp: { id: "id.example", name: "Example" },
  user: { id: "aGFuZGxl", name: "ada", displayName: "Ada" },
  pubKeyCredParams: [{ type: "public-key" as const, alg: -8 }],
  excludeCredentials: [{ type: "public-key", id: "aWQ", transports: ["usb"] }],
  hints: ["hybrid"],
  timeout: 300_000,
};

test("creation options are read by hand where the browser cannot", () => {
  FakeBrowser.install();
  assert.deepEqual(creationOptions(creation), {
    ...creation,
    challenge: bytes("challenge"),
    user: { ...creation.user, id: bytes("handle") },
    excludeCredentials: [{ type: "public-key", id: bytes("id"), transports: ["usb"] }],
  });
});

test("request options are read by hand where the browser cannot", () => {
  FakeBrowser.install();
  assert.deepEqual(requestOptions({ challenge: "Y2hhbGxlbmdl", rpId: "id.example", userVerification: "required" }), {
    challenge: bytes("challenge"),
    rpId: "id.example",
    userVerification: "required",
    allowCredentials: [],
  });
});

test("the browser's own functions come first", () => {
  FakeBrowser.install();
  Object.assign(PublicKeyCredential, {
    parseCreationOptionsFromJSON: () => "creation",
    parseRequestOptionsFromJSON: () => "request",
  });
  assert.equal(creationOptions(creation), "creation");
  assert.equal(requestOptions({ challenge: "" }), "request");
  const credential = { ...attestation(), toJSON: () => "by the browser" } as unknown as PublicKeyCredential;
  assert.equal(registrationJSON(credential), "by the browser");
});

const broken = () => {
  throw new TypeError("Illegal invocation");
};

for (const [name, toJSON] of [
  ["absent", undefined],
  ["broken", broken],
] as const) {
  test(`a registration is written by hand when toJSON is ${name}`, () => {
    const credential = { ...attestation(), toJSON } as unknown as PublicKeyCredential;
    assert.deepEqual(registrationJSON(credential), {
      id: "aWQ",
      rawId: "aWQ",
      type: "public-key",
      authenticatorAttachment: "platform",
      clientExtensionResults: { credProps: { rk: true } },
      response: {
        clientDataJSON: encode(bytes("client data")),
        attestationObject: encode(bytes("attestation")),
        transports: ["internal", "hybrid"],
      },
    });
  });

  test(`an authentication is written by hand when toJSON is ${name}`, () => {
    const credential = { ...assertion(), toJSON } as unknown as PublicKeyCredential;
    assert.deepEqual(authenticationJSON(credential), {
      id: "aWQ",
      rawId: "aWQ",
      type: "public-key",
      authenticatorAttachment: "cross-platform",
      clientExtensionResults: {},
      response: {
        clientDataJSON: encode(bytes("client data")),
        authenticatorData: encode(bytes("authenticator data")),
        signature: encode(bytes("signature")),
        userHandle: encode(bytes("handle")),
      },
    });
  });
}
