package main

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/hitherauth/hither/internal/api"
	"github.com/hitherauth/hither/internal/cli"
	"github.com/hitherauth/hither/internal/load"
)

// smallVolume mounts a volume of its own, which only root can have.
func smallVolume(t *testing.T, path, size string) {
	t.Helper()
	if err := os.MkdirAll(path, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := unix.Mount("tmpfs", path, "tmpfs", 0, "mode=0700,size="+size); err != nil {
		if os.Getenv("CI") == "" && (errors.Is(err, unix.EPERM) || errors.Is(err, unix.EACCES)) {
			t.Skipf("a volume cannot be mounted without root: %v", err)
		}
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := unix.Unmount(path, unix.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
}

// Whatever volume has no room, the command says so, nothing half is left, and the
// server goes on.
func TestHostileBackupDiskFull(t *testing.T) {
	t.Parallel()
	i := newInstallation(t)
	smallVolume(t, i.data, "16m")
	target := filepath.Join(i.dir, "small")
	smallVolume(t, target, "1m")
	s := i.start(t)
	client := newClient(t, s.origin, 1)
	ada := load.NewPerson(client)
	check1(ada.Register(t.Context(), api.Registration{Name: "ada"}))(t)
	s.stop(t)
	i.fatten(t, 6)
	s = i.start(t)
	ada = load.NewPerson(newClient(t, s.origin, 1)).With(ada.Authenticator())

	i.refuses(t, cli.ExitFailure, "no space left on device", "backup", filepath.Join(target, "half.backup"))
	if got := files(t, target); len(got) > 0 {
		t.Errorf("STO-05 it left %v", got)
	}
	i.refuses(t, cli.ExitFailure, "", "backup", "/proc/half.backup")

	ballast := filepath.Join(i.data, "ballast")
	if err := os.WriteFile(ballast, make([]byte, 5<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	i.refuses(t, cli.ExitFailure, "full", "backup", "half.backup")
	if got := files(t, i.dir); !slices.Equal(got, []string{"data", "small"}) {
		t.Errorf("STO-05 it left %v", got)
	}
	for _, name := range files(t, i.data) {
		if strings.Contains(name, "copy") {
			t.Errorf("STO-05 it left %s", name)
		}
	}
	if err := os.Remove(ballast); err != nil {
		t.Fatal(err)
	}
	check1(ada.SignIn(t.Context()))(t)
	i.do(t, "backup", "whole.backup")
	i.do(t, "restore", "--verify", "whole.backup")
	s.stop(t)

	// A restore that does not fit leaves nothing that could be taken for a database.
	fresh := i.emptied(t)
	key := check1(os.ReadFile(filepath.Join(fresh.data, keyName)))(t)
	smallVolume(t, fresh.data, "2m")
	if err := os.WriteFile(filepath.Join(fresh.data, keyName), key, 0o600); err != nil {
		t.Fatal(err)
	}
	fresh.refuses(t, cli.ExitFailure, "no space left on device", "restore", filepath.Join(i.dir, "whole.backup"))
	if got := files(t, fresh.data); !slices.Equal(got, []string{keyName, "hither.lock"}) {
		t.Errorf("STO-05 it left %v", got)
	}
}
