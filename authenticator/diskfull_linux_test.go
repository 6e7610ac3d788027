package authenticator_test

import (
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/hitherauth/hither/authenticator"
)

// A full volume costs nothing that was there, and is no obstacle once it is freed.
func TestVaultDiskFull(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := unix.Mount("tmpfs", dir, "tmpfs", 0, "size=64k,mode=0700"); err != nil {
		if os.Getenv("CI") == "" {
			t.Skipf("a volume cannot be mounted without root: %v", err)
		}
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := unix.Unmount(dir, unix.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	path, key := filepath.Join(dir, "vault.age"), identityKey(t)
	v := createVault(t, path, key)
	a := authenticator.New(authenticator.Config{Store: v, Verifier: &person{}})
	mustMake(t, a, makeRequest("alice"))
	ballast := filepath.Join(dir, "ballast")
	if err := os.WriteFile(ballast, make([]byte, 1<<20), 0o600); err == nil {
		t.Fatal("the volume is not full")
	}
	if _, err := a.MakeCredential(t.Context(), makeRequest("bob")); err == nil {
		t.Error("a credential was acknowledged without room for it")
	}
	if all := allOf(t, openVault(t, path, key)); len(all) != 1 {
		t.Errorf("%d credentials, want 1", len(all))
	}
	if err := os.Remove(ballast); err != nil {
		t.Fatal(err)
	}
	mustMake(t, a, makeRequest("bob"))
	if all := allOf(t, openVault(t, path, key)); len(all) != 2 {
		t.Errorf("%d credentials, want 2", len(all))
	}
}
