package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/hitherauth/hither/tools/daemon/daemontest"
)

// try runs a trial that must find nothing and wants its result.
func try(t *testing.T, want string, args ...string) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	if err := run(t.Context(), append(args, "-bin", daemontest.Program(t)), &stdout, &stderr); err != nil {
		t.Fatalf("%v\n%s%s", err, stderr.Bytes(), stdout.Bytes())
	}
	if !regexp.MustCompile("^" + want + "\n$").Match(stdout.Bytes()) {
		t.Errorf("got %q, want %s", stdout.Bytes(), want)
	}
	t.Logf("%s%s", stderr.Bytes(), stdout.Bytes())
}

func TestHostileKill(t *testing.T) {
	t.Parallel()
	t.Run("STO-01_killed_under_load", func(t *testing.T) {
		t.Parallel()
		try(t, `cycles 10, operations [0-9,]+ \([0-9,]+/s\), lost 0, resurrected 0, integrity errors 0, slowest restart [0-9.]+ s`, "kill", "-cycles", "10")
	})
}

func TestHostileRestart(t *testing.T) {
	t.Parallel()
	t.Run("STO-26_restarted_under_load", func(t *testing.T) {
		t.Parallel()
		try(t, `restarts 3, operations .*, lost 0, resurrected 0, integrity errors 0, errors 0\.[0-9]+ % .*`, "restart", "-restarts", "3")
	})
}

func TestHostileDoubleSpend(t *testing.T) {
	t.Parallel()
	t.Run("CER-01_CER-03_finished_200_times_at_once", func(t *testing.T) {
		t.Parallel()
		try(t, `rounds 20 of each of 5 kinds, finishes 20,000, accepted twice 0, never 0, revived 0 .*, effects not exactly one 0`, "doublespend", "-rounds", "20")
	})
}

// TestFails runs a trial on a server that forgets: the hitherd of the trial is
// a script that puts back the data directory as it was at the start before.
func TestFails(t *testing.T) {
	t.Parallel()
	folder := daemontest.Folder(t)
	const script = `#!/bin/sh
if [ -e "$HITHER_DATA_DIR/hither.db" ]; then
  if [ -d "$HITHER_DATA_DIR.old" ]; then
    rm -rf "$HITHER_DATA_DIR"
    cp -a "$HITHER_DATA_DIR.old" "$HITHER_DATA_DIR"
  else
    cp -a "$HITHER_DATA_DIR" "$HITHER_DATA_DIR.old"
  fi
fi
exec %q "$@"
`
	forgetful := filepath.Join(folder, "forgetful")
	if err := os.WriteFile(forgetful, fmt.Appendf(nil, script, daemontest.Program(t)), 0o700); err != nil {
		t.Fatal(err)
	}
	var stdout, stderr bytes.Buffer
	err := run(t.Context(), []string{"kill", "-bin", forgetful, "-cycles", "5", "-folder", folder}, &stdout, &stderr)
	if !errors.Is(err, errFound) {
		t.Errorf("got %v\n%s%s", err, stderr.Bytes(), stdout.Bytes())
	}
	if !regexp.MustCompile(`lost [1-9][0-9]*, resurrected [1-9]`).Match(stdout.Bytes()) {
		t.Errorf("got %q", stdout.Bytes())
	}
	for _, name := range []string{"ledger.json", "log", "data/hither.db"} {
		if info, err := os.Stat(filepath.Join(folder, name)); err != nil || info.Size() == 0 {
			t.Errorf("%s was not kept: %v", name, err)
		}
	}
	t.Logf("%s%s", stderr.Bytes(), stdout.Bytes())
}

func TestUsage(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{nil, {"burn"}, {"kill"}, {"kill", "-bin", "hitherd", "-cycles", "0"}, {"kill", "-bin", "hitherd", "now"}} {
		if err := run(context.Background(), args, &bytes.Buffer{}, &bytes.Buffer{}); err == nil || err.Error() != usage {
			t.Errorf("%q: got %v", args, err)
		}
	}
}
