// Pictures of pages for people to look at: two widths, light and dark.

import { mkdir } from "node:fs/promises";
import path from "node:path";

export const folder = path.join(import.meta.dirname, "screenshots");

/** Width and height in CSS pixels: a phone, a laptop. */
const sizes = [
  { width: 390, height: 844 },
  { width: 1280, height: 800 },
];

/** The size that scenes play in. */
export const usual = sizes[1];

/**
 * Takes four pictures of the page as it is now, <name>-<width>-<scheme>.png, and fails when it is wider than its
 * window.
 */
export async function shoot(page, name, { script = true, fullPage = true } = {}) {
  await mkdir(folder, { recursive: true });
  for (const size of sizes) {
    await page.setViewportSize(size);
    for (const colorScheme of ["light", "dark"]) {
      await page.emulateMedia({ colorScheme });
      const file = path.join(folder, `${name}-${size.width}-${colorScheme}.png`);
      await page.screenshot({ path: file, fullPage, animations: "disabled" });
    }
    const wide = script ? await page.evaluate(() => document.documentElement.scrollWidth - innerWidth) : 0;
    if (wide > 0) {
      throw new Error(`${name}: at ${size.width} pixels the page is ${wide} pixels too wide`);
    }
  }
  await page.setViewportSize(usual);
  await page.emulateMedia({ colorScheme: "light" });
}
