// The built SDK, for scenes with pages that are not Hither's own.

import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, statSync } from "node:fs";
import path from "node:path";

/** Folder of the built package. */
export const dist = path.resolve(import.meta.dirname, "../sdk/dist");

const root = path.dirname(dist);

/**
 * Builds the package; false where npm ci has not run for it. One that is newer than its sources stays as it is: the
 * scenes of another file may be loading it.
 */
export function buildSdk() {
  if (!existsSync(path.join(root, "node_modules"))) {
    return false;
  }
  const changed = (folder) => {
    const files = readdirSync(folder, { recursive: true }).map((name) => statSync(path.join(folder, name)));
    return files.filter((one) => one.isFile()).map((one) => one.mtimeMs);
  };
  const built = existsSync(path.join(dist, "testing")) ? Math.min(...changed(dist)) : 0;
  if (built < Math.max(...changed(path.join(root, "src")), ...changed(path.join(root, "testing")))) {
    execFileSync("npm", ["--prefix", root, "--silent", "run", "build"]);
  }
  return true;
}
