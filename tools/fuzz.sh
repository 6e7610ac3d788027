#!/usr/bin/env bash
# Runs every fuzz target of the module for FUZZTIME each. Fails on findings, which stay in testdata/fuzz as corpus.
#
# Go 1.26 may end a target that found nothing with "context deadline exceeded" (go.dev/issue/75804, fixed in 1.27).
# Such an end, with no failing input named, is not a finding: the target is run once more.
set -uo pipefail
cd "$(dirname "$0")/.."
fuzztime=${1:-30s}
log=$(mktemp)
trap 'rm -f "$log"' EXIT
passed=0 failed=()

once() { # package target
  go test -run '^$' -fuzz "^$2\$" -fuzztime "$fuzztime" "$1" >"$log" 2>&1
}

hiccup() { grep -q '^ *context deadline exceeded$' "$log" && ! grep -qE 'Failing input|panic:' "$log"; }

while IFS=: read -r file target; do
  package=./$(dirname "$file")
  if once "$package" "$target" || { hiccup && once "$package" "$target"; }; then
    passed=$((passed + 1))
    printf 'ok    %-28s %-36s %s\n' "$package" "$target" "$(grep -o 'execs: [0-9]*' "$log" | tail -n 1)"
  else
    failed+=("$package $target")
    printf 'FAIL  %-28s %s\n' "$package" "$target"
    cat "$log"
  fi
done < <(git ls-files --cached --others --exclude-standard '*_test.go' | xargs grep -oHE '^func Fuzz[A-Za-z0-9_]+' | sed 's/func //' | sort)

if [ $((passed + ${#failed[@]})) -eq 0 ]; then
  echo 'fuzz: no target found' >&2
  exit 1
fi
printf '%d passed, %d failed\n' "$passed" "${#failed[@]}"
[ ${#failed[@]} -eq 0 ]
