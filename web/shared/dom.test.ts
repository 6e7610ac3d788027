import assert from "node:assert/strict";
import { test } from "node:test";
import { local } from "./dom.ts";

Object.defineProperty(globalThis, "location", { value: new URL("https://id.example/login"), configurable: true });

for (const path of ["/", "/account", "/account?notice=added#passkey-x", "/a//b", "/@evil.example", "/https:evil.example"]) {
  test(`${path} is ours`, () => {
    assert.equal(local(path, "/other").href, `https://id.example${path}`);
  });
}

const foreign = [
  "",
  "account",
  "//evil.example",
  "/\\evil.example",
  "\\\\evil.example",
  "/\t/evil.example",
  "/\n/evil.example",
  " //evil.example",
  "https:evil.example",
  "https://evil.example/account",
  "https://id.example@evil.example",
  "javascript:alert(1)",
  "data:text/html,x",
  "@evil.example",
  "//",
  "///",
  "http://id.example/",
];

for (const path of foreign) {
  test(`${JSON.stringify(path)} is not followed`, () => {
    assert.equal(local(path, "/account").href, "https://id.example/account");
  });
}
