package sqlite_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/hitherauth/hither/internal/account"
)

// A full volume and one that is freed again, without a restart. It needs a
// small volume of its own, which only root can have.
func TestDiskFull(t *testing.T) {
	t.Parallel()
	path := t.TempDir()
	if err := unix.Mount("tmpfs", path, "tmpfs", 0, "size=8m,mode=0700"); err != nil {
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
	store := openIn(t, own(t, path))
	known := register(t, store, "ada")
	for range 3 {
		ballast := filepath.Join(path, "ballast")
		fill(t, ballast)
		var acknowledged []account.CreateAccount
		for {
			c := registering("p" + account.ID(random(16)).String())
			if err := store.Apply(t.Context(), c); err != nil {
				if !errors.Is(err, account.ErrUnavailable) {
					t.Fatalf("got error %v, want %v", err, account.ErrUnavailable)
				}
				break
			}
			acknowledged = append(acknowledged, c)
		}
		suffers(t, store)
		reads(t, store, known)
		if err := os.Remove(ballast); err != nil {
			t.Fatal(err)
		}
		eventually(t, "ready again", func() error { return store.Ready(t.Context()) })
		for _, c := range acknowledged {
			reads(t, store, c)
		}
	}
	heals(t, store, known)
}

// fill writes a file until nothing more fits.
func fill(t *testing.T, path string) {
	t.Helper()
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	block := make([]byte, 4096)
	for {
		if _, err := f.Write(block); err != nil {
			break // full
		}
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}
