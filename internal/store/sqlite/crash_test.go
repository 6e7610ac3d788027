//go:build unix

package sqlite_test

import (
	"bufio"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/hitherauth/hither/internal/account"
	"github.com/hitherauth/hither/internal/store/sqlite"
)

const crashEnv = "HITHER_TEST_CRASH_DIR"

// TestCrashing is the program that TestKilled kills. It registers people from
// many goroutines and writes a line for each that was acknowledged.
func TestCrashing(t *testing.T) { //nolint:paralleltest // a program of its own
	path := os.Getenv(crashEnv)
	if path == "" {
		t.Skip("only TestKilled runs this")
	}
	dir, err := sqlite.OwnDirectory(path)
	if err != nil {
		t.Fatal(err)
	}
	store, err := sqlite.Open(context.Background(), sqlite.Config{Directory: dir})
	if err != nil {
		t.Fatal(err)
	}
	acknowledged := make(chan account.TokenHash)
	for range 16 {
		go func() {
			for {
				c := registering("p" + account.ID(random(16)).String())
				if err := store.Apply(context.Background(), c); err == nil {
					acknowledged <- c.Session.TokenHash
				}
			}
		}()
	}
	for hash := range acknowledged {
		if _, err := fmt.Fprintf(os.Stdout, "ok %x\n", hash); err != nil {
			return
		}
	}
}

func TestKilled(t *testing.T) {
	t.Parallel()
	path := t.TempDir()
	total := 0
	for round := range 8 {
		acknowledged := crash(t, path, 1+round*25)
		total += len(acknowledged)
		dir, err := sqlite.OwnDirectory(path)
		if err != nil {
			t.Fatal(err)
		}
		store := openIn(t, dir)
		for _, hash := range acknowledged {
			if _, _, err := store.Session(t.Context(), hash); err != nil {
				t.Fatalf("round %d: what was acknowledged is lost: %v", round, err)
			}
		}
		if err := errors.Join(store.Close(), dir.Close()); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("%d registrations acknowledged before 8 kills, none lost", total)
}

// crash runs TestCrashing, kills it after so many lines and some more moments,
// and returns everything that it said was acknowledged.
func crash(t *testing.T, path string, lines int) []account.TokenHash {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, os.Args[0], "-test.run=^TestCrashing$")
	cmd.Env = append(os.Environ(), crashEnv+"="+path)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var hashes []account.TokenHash
	for in := bufio.NewScanner(out); in.Scan(); {
		var hash account.TokenHash
		line := in.Bytes()
		if len(line) != len("ok ")+64 {
			t.Logf("it said %q", line)
			continue
		}
		if _, err := hex.Decode(hash[:], line[len("ok "):]); err != nil {
			t.Fatal(err)
		}
		if hashes = append(hashes, hash); len(hashes) == lines {
			if err := cmd.Process.Kill(); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := cmd.Wait(); err == nil {
		t.Fatal("it ended by itself")
	}
	if len(hashes) < lines {
		t.Fatalf("it acknowledged %d, %d were waited for", len(hashes), lines)
	}
	return hashes
}
