//go:build unix

package authenticator_test

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"filippo.io/age"
	"golang.org/x/sys/unix"

	"github.com/hitherauth/hither/authenticator"
)

// holdLock takes a lock as another process would.
func holdLock(t testing.TB, path string) (release func()) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	if err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		t.Fatal(err)
	}
	return func() { f.Close() }
}

const crashEnv = "HITHER_TEST_VAULT"

// crashIdentity is known to both processes; nothing of worth is under it.
const crashIdentity = "HITHER_TEST_VAULT_IDENTITY"

// TestMain is the program that TestVaultKilled kills, when it is asked for: it
// makes credentials and writes a line for each that was acknowledged.
func TestMain(m *testing.M) {
	path := os.Getenv(crashEnv)
	if path == "" {
		os.Exit(m.Run())
	}
	identity, err := age.ParseX25519Identity(os.Getenv(crashIdentity))
	if err != nil {
		os.Exit(2)
	}
	key, err := authenticator.IdentityKey(identity)
	if err != nil {
		os.Exit(2)
	}
	v, err := authenticator.OpenVault(path, key)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	a := authenticator.New(authenticator.Config{Store: v, Verifier: &person{}})
	for n := 0; ; n++ {
		name := fmt.Sprintf("%d-%d", os.Getpid(), n)
		if _, err := a.MakeCredential(context.Background(), makeRequest(name)); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(2)
		}
		if _, err := fmt.Fprintln(os.Stdout, name); err != nil {
			os.Exit(0)
		}
	}
}

// Two processes that share a vault are killed at any moment: what they said was
// made is there.
func TestVaultKilled(t *testing.T) {
	t.Parallel()
	identity, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	path, key := filepath.Join(t.TempDir(), "vault.age"), keyOf(t, identity)
	createVault(t, path, key)
	acknowledged := map[string]bool{}
	for round := range 6 {
		lines := make(chan string)
		ended := make(chan struct{})
		var commands []*exec.Cmd
		for range 2 {
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			cmd := exec.CommandContext(ctx, os.Args[0])
			cmd.Env = append(os.Environ(), crashEnv+"="+path, crashIdentity+"="+identity.String())
			cmd.Stderr = os.Stderr
			out, err := cmd.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			commands = append(commands, cmd)
			go func() {
				for scanner := bufio.NewScanner(out); scanner.Scan(); {
					lines <- scanner.Text()
				}
				ended <- struct{}{}
			}()
		}
		seen, running := 0, len(commands)
		for running > 0 {
			select {
			case line := <-lines:
				acknowledged[line] = true
				if seen++; seen == 5+7*round {
					for _, cmd := range commands {
						if err := cmd.Process.Kill(); err != nil {
							t.Fatal(err)
						}
					}
				}
			case <-ended:
				running--
			}
		}
		for _, cmd := range commands {
			_ = cmd.Wait() // it was killed
		}
		here := map[string]bool{}
		for _, c := range allOf(t, openVault(t, path, key)) {
			here[c.User.Name] = true
		}
		for name := range acknowledged {
			if !here[name] {
				t.Fatalf("round %d: %s was acknowledged and is lost", round, name)
			}
		}
	}
	t.Logf("%d credentials acknowledged before 12 kills, none lost", len(acknowledged))
}
