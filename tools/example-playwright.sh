#!/usr/bin/env bash
# Does what examples/playwright/README.md says: packs the SDK, copies the example into an empty folder and runs there the
# very commands of the page. Needs bin/hither and what npm ci installs in sdk/.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
HITHER=$PWD
export HITHER

# The nth block of commands of the page.
commands() { awk -v n="$1" '/^```sh$/ { if (++i == n) { inside = 1; next } } /^```$/ { inside = 0 } inside' examples/playwright/README.md; }

rm -f bin/hither-*.tgz
commands 1 | grep '^npm pack ' | bash -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
git ls-files -z examples/playwright | tar --null --files-from=- --create --transform='s,.*/,,' | tar --extract --directory="$folder"
cd "$folder"
commands=$(cd "$HITHER" && commands 2)
bash -euo pipefail <<<"$commands"

# The types of the package fit those of Playwright.
"$HITHER"/sdk/node_modules/.bin/tsc --noEmit --strict --exactOptionalPropertyTypes --skipLibCheck --target es2022 --module nodenext shop.spec.ts
