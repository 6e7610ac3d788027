//go:build unix

package sqlite_test

import (
	"bufio"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/hitherauth/hither/internal/account"
	"github.com/hitherauth/hither/internal/store/sqlite"
)

const crashEnv = "HITHER_TEST_CRASH_DIR"

func TestMain(m *testing.M) {
	if path := os.Getenv(crashEnv); path != "" {
		fmt.Fprintln(os.Stderr, registerPeople(os.Stdout, path))
		os.Exit(1)
	}
	m.Run()
}

// registerPeople is the program that TestKilled kills. It registers people from
// many goroutines and writes a line for each that was acknowledged.
func registerPeople(w io.Writer, path string) error {
	dir, err := sqlite.OwnDirectory(path)
	if err != nil {
		return err
	}
	store, err := sqlite.Open(context.Background(), sqlite.Config{Directory: dir})
	if err != nil {
		return err
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
		if _, err := fmt.Fprintf(w, "ok %x\n", hash); err != nil {
			return err
		}
	}
	return nil
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

// crash runs registerPeople, kills it after so many lines and some more moments,
// and returns everything that it said was acknowledged.
func crash(t *testing.T, path string, lines int) []account.TokenHash {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, os.Args[0])
	cmd.Env = append(os.Environ(), crashEnv+"="+path)
	cmd.Stderr = t.Output()
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
