import { expect, test as base } from "@playwright/test";
import { hither, type HitherFixtures, type HitherWorkerFixtures } from "hither/testing";

const test = base.extend<HitherFixtures, HitherWorkerFixtures>(hither);

test.beforeEach(async ({ page }) => {
  await page.route("http://localhost/", (route) => route.fulfill({ path: "shop.html" }));
  await page.goto("http://localhost/");
});

test("a passkey on the phone signs in", async ({ page, phone }) => {
  await page.getByRole("button", { name: "Create a passkey" }).click();
  await phone.scan(page);
  await expect(page.getByRole("status")).toHaveText("There is a passkey.");
  expect(await phone.passkeys()).toMatchObject([{ rpId: "localhost", userName: "ada" }]);

  await page.getByRole("button", { name: "Sign in" }).click();
  await phone.scan(page);
  await expect(page.getByRole("status")).toHaveText("Hello, Ada.");
});

test("whoever says no on the phone is not signed in", async ({ page, phone }) => {
  await page.getByRole("button", { name: "Create a passkey" }).click();
  await phone.scan(page);
  await expect(page.getByRole("status")).toHaveText("There is a passkey.");

  await phone.decline();
  await page.getByRole("button", { name: "Sign in" }).click();
  await phone.scan(page);
  await expect(page.getByRole("status")).toHaveText("NotAllowedError");
});
