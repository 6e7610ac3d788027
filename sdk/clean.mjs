// Removes what the last test run compiled, so that no test of a deleted file runs.
import { rmSync } from "node:fs";

rmSync(new URL(".build", import.meta.url), { recursive: true, force: true });
