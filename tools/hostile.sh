#!/usr/bin/env bash
# Runs every test that holds hostile cases and lists the ids that passed, how often, and those that do not apply yet and why.
set -uo pipefail
cd "$(dirname "$0")/.."
log=$(mktemp)
trap 'rm -f "$log"' EXIT
go test -count=1 -run Hostile -v ./... >"$log" 2>&1 &&
  go -C tools test -count=1 -run Hostile -v ./... >>"$log" 2>&1
status=$?
if [ "$status" -ne 0 ]; then
  cat "$log"
  exit "$status"
fi
grep -oE -- '--- PASS: [^ ]+' "$log" | grep -oE '(REG|AST|CER|PRIV|HTTP|STO|HYB)-[0-9]{2}' | sort | uniq -c | awk '{print $2 "×" $1}' | paste -sd ' ' | fold -s -w 110
grep -oE 'hostile: .*' "$log"
