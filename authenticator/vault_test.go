package authenticator_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"

	"filippo.io/age"
	"github.com/google/go-cmp/cmp"

	"github.com/hitherauth/hither/authenticator"
)

func identityKey(t testing.TB) authenticator.VaultKey {
	t.Helper()
	identity, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	return keyOf(t, identity)
}

func keyOf(t testing.TB, identity age.Identity) authenticator.VaultKey {
	t.Helper()
	key, err := authenticator.IdentityKey(identity)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func passphraseKey(t testing.TB, passphrase string) authenticator.VaultKey {
	t.Helper()
	key, err := authenticator.PassphraseKey(passphrase, 10)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func createVault(t testing.TB, path string, key authenticator.VaultKey) *authenticator.Vault {
	t.Helper()
	v, err := authenticator.CreateVault(t.Context(), path, key)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func openVault(t testing.TB, path string, key authenticator.VaultKey) *authenticator.Vault {
	t.Helper()
	v, err := authenticator.OpenVault(path, key)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func allOf(t testing.TB, v *authenticator.Vault) []authenticator.Credential {
	t.Helper()
	all, err := v.All(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// A vault gives back what it was given, to another process too.
func TestVaultKeeps(t *testing.T) {
	t.Parallel()
	hybrid, err := age.GenerateHybridIdentity()
	if err != nil {
		t.Fatal(err)
	}
	for name, key := range map[string]authenticator.VaultKey{
		"identity": identityKey(t), "hybrid_identity": keyOf(t, hybrid), "passphrase": passphraseKey(t, "correct horse"),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "vault.age")
			v := createVault(t, path, key)
			memory := &authenticator.MemoryStore{}
			a := authenticator.New(authenticator.Config{Store: memory, Verifier: &person{}})
			for _, name := range []string{"alice", "bob"} {
				mustMake(t, a, makeRequest(name))
			}
			want, _ := memory.All(t.Context())
			for _, c := range []authenticator.Credential{want[1], want[0]} {
				if err := v.Put(t.Context(), c, nil); err != nil {
					t.Fatal(err)
				}
			}
			if diff := cmp.Diff(allOf(t, openVault(t, path, key)), want); diff != "" {
				t.Errorf("(-got +want)\n%s", diff)
			}
			if err := v.Put(t.Context(), want[0], nil); err == nil {
				t.Error("the same id was taken twice")
			}
			for n := uint32(1); n <= 3; n++ {
				if got, err := v.Count(t.Context(), want[0].ID); err != nil || got != n {
					t.Errorf("got count %d, %v, want %d", got, err, n)
				}
			}
			if err := v.Remove(t.Context(), want[1].ID); err != nil {
				t.Fatal(err)
			}
			if err := v.Remove(t.Context(), want[1].ID); !errors.Is(err, authenticator.ErrNoCredential) {
				t.Errorf("removed twice: %v", err)
			}
			if _, err := v.Count(t.Context(), want[1].ID); !errors.Is(err, authenticator.ErrNoCredential) {
				t.Errorf("counted and not here: %v", err)
			}
			if left := allOf(t, openVault(t, path, key)); len(left) != 1 || left[0].SignCount != 3 {
				t.Errorf("left: %v", left)
			}
			info, err := os.Stat(path)
			if err != nil || runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
				t.Errorf("mode %v, %v", info.Mode(), err)
			}
		})
	}
}

func TestVaultIsNotOverwritten(t *testing.T) {
	t.Parallel()
	path, key := filepath.Join(t.TempDir(), "vault.age"), identityKey(t)
	if _, err := authenticator.OpenVault(path, key); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("opening what is not there: %v", err)
	}
	v := createVault(t, path, key)
	before := readFile(t, path)
	if _, err := authenticator.CreateVault(t.Context(), path, key); !errors.Is(err, fs.ErrExist) {
		t.Errorf("creating what is there: %v", err)
	}
	if !bytes.Equal(readFile(t, path), before) {
		t.Error("the vault has changed")
	}
	// One that is taken away does not come back empty.
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if err := v.Put(t.Context(), oneCredential(t), nil); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("put into nothing: %v", err)
	}
}

func oneCredential(t testing.TB) authenticator.Credential {
	t.Helper()
	memory := &authenticator.MemoryStore{}
	mustMake(t, authenticator.New(authenticator.Config{Store: memory, Verifier: &person{}}), makeRequest("alice"))
	all, _ := memory.All(t.Context())
	return all[0]
}

func TestVaultWrongKey(t *testing.T) {
	t.Parallel()
	for name, keys := range map[string][2]authenticator.VaultKey{
		"other_passphrase":          {passphraseKey(t, "one"), passphraseKey(t, "two")},
		"other_identity":            {identityKey(t), identityKey(t)},
		"passphrase_for_identity":   {identityKey(t), passphraseKey(t, "one")},
		"identity_for_a_passphrase": {passphraseKey(t, "one"), identityKey(t)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "vault.age")
			createVault(t, path, keys[0])
			v, err := authenticator.OpenVault(path, keys[1])
			if !errors.Is(err, authenticator.ErrVaultKey) || errors.Is(err, authenticator.ErrVaultDamaged) || v != nil {
				t.Errorf("got %v, %v", v, err)
			}
		})
	}
}

// A vault that is cut off or changed anywhere is an error, and stays as it is.
func TestHostileVaultDamaged(t *testing.T) {
	t.Parallel()
	path, key := filepath.Join(t.TempDir(), "vault.age"), identityKey(t)
	v := createVault(t, path, key)
	c := oneCredential(t)
	if err := v.Put(t.Context(), c, nil); err != nil {
		t.Fatal(err)
	}
	whole := readFile(t, path)
	try := func(b []byte, what string, n int) {
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := authenticator.OpenVault(path, key); !errors.Is(err, authenticator.ErrVaultDamaged) && !errors.Is(err, authenticator.ErrVaultKey) {
			t.Fatalf("%s at %d: got error %v", what, n, err)
		}
		if n%37 != 0 {
			return
		}
		// The one that had it open does not write over it.
		if err := v.Remove(t.Context(), c.ID); err == nil {
			t.Fatalf("%s at %d: a damaged vault was changed", what, n)
		}
		if !bytes.Equal(readFile(t, path), b) {
			t.Fatalf("%s at %d: a damaged vault was overwritten", what, n)
		}
	}
	for n := range whole {
		try(whole[:n], "cut", n)
		flipped := bytes.Clone(whole)
		flipped[n] ^= 1
		try(flipped, "a bit", n)
	}
	try(append(bytes.Clone(whole), 0), "one byte more", len(whole))
	if err := os.WriteFile(path, whole, 0o600); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(allOf(t, v), []authenticator.Credential{c}); diff != "" {
		t.Errorf("put back (-got +want)\n%s", diff)
	}
}

func TestHostileVaultFiles(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("there are no modes and no links for everybody there")
	}
	for name, spoil := range map[string]func(path string) error{
		"open_to_the_group": func(path string) error { return os.Chmod(path, 0o640) },
		"open_to_everybody": func(path string) error { return os.Chmod(path, 0o604) },
		"symbolic_link": func(path string) error {
			return errors.Join(os.Rename(path, path+".real"), os.Symlink(path+".real", path))
		},
		"directory": func(path string) error { return errors.Join(os.Remove(path), os.Mkdir(path, 0o700)) },
		"huge":      func(path string) error { return os.Truncate(path, 1<<30) },
		"empty":     func(path string) error { return os.Truncate(path, 0) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path, key := filepath.Join(t.TempDir(), "vault.age"), identityKey(t)
			v := createVault(t, path, key)
			if err := spoil(path); err != nil {
				t.Fatal(err)
			}
			if _, err := authenticator.OpenVault(path, key); err == nil {
				t.Error("it was opened")
			}
			if err := v.Put(t.Context(), oneCredential(t), nil); err == nil {
				t.Error("it was changed")
			}
		})
	}
}

// What a crash leaves between two steps of a change: a new vault that is not whole, or
// whole and without the name. It is neither read nor in the way.
func TestVaultAfterCrash(t *testing.T) {
	t.Parallel()
	dir, key := t.TempDir(), identityKey(t)
	other := filepath.Join(dir, "other.age")
	if err := createVault(t, other, key).Put(t.Context(), oneCredential(t), nil); err != nil {
		t.Fatal(err)
	}
	newer := readFile(t, other)
	for name, left := range map[string][]byte{"nothing": {}, "half": newer[:len(newer)/2], "whole": newer} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(dir, name+".age")
			createVault(t, path, key)
			if err := os.WriteFile(path+".new", left, 0o644); err != nil {
				t.Fatal(err)
			}
			v := openVault(t, path, key)
			if all := allOf(t, v); len(all) != 0 {
				t.Errorf("%d credentials were read from what was left", len(all))
			}
			c := oneCredential(t)
			if err := v.Put(t.Context(), c, nil); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(allOf(t, openVault(t, path, key)), []authenticator.Credential{c}); diff != "" {
				t.Errorf("(-got +want)\n%s", diff)
			}
			if _, err := os.Lstat(path + ".new"); !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("it is still there: %v", err)
			}
		})
	}
}

// A change that cannot be written is none.
func TestVaultCannotWrite(t *testing.T) {
	t.Parallel()
	path, key := filepath.Join(t.TempDir(), "vault.age"), identityKey(t)
	v := createVault(t, path, key)
	a := authenticator.New(authenticator.Config{Store: v, Verifier: &person{}})
	mustMake(t, a, makeRequest("alice"))
	before := readFile(t, path)
	if err := os.MkdirAll(filepath.Join(path+".new", "in the way"), 0o700); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"bob", "alice"} { // another, and one in place of what is here
		if _, err := a.MakeCredential(t.Context(), makeRequest(name)); err == nil {
			t.Errorf("%s: a credential was acknowledged that was not kept", name)
		}
	}
	if !bytes.Equal(readFile(t, path), before) || len(allOf(t, v)) != 1 {
		t.Error("the vault has changed")
	}
	if err := os.RemoveAll(path + ".new"); err != nil {
		t.Fatal(err)
	}
	mustMake(t, a, makeRequest("bob"))
}

// Several vaults with one file lose nothing of each other.
func TestVaultShared(t *testing.T) {
	t.Parallel()
	path, key := filepath.Join(t.TempDir(), "vault.age"), identityKey(t)
	createVault(t, path, key)
	const writers, each = 4, 8
	var group sync.WaitGroup
	for w := range writers {
		a := authenticator.New(authenticator.Config{Store: openVault(t, path, key), Verifier: &person{}})
		for n := range each {
			group.Go(func() {
				if _, err := a.MakeCredential(t.Context(), makeRequest(fmt.Sprintf("person %d of %d", n, w))); err != nil {
					t.Error(err)
				}
			})
		}
	}
	group.Wait()
	if all := allOf(t, openVault(t, path, key)); len(all) != writers*each {
		t.Errorf("%d credentials, want %d", len(all), writers*each)
	}
}

func TestVaultLockEndsWithContext(t *testing.T) {
	t.Parallel()
	path, key := filepath.Join(t.TempDir(), "vault.age"), identityKey(t)
	v := createVault(t, path, key)
	held := holdLock(t, path+".lock")
	defer held()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := v.Put(ctx, oneCredential(t), nil); !errors.Is(err, context.Canceled) {
		t.Errorf("got error %v", err)
	}
	if all := allOf(t, v); len(all) != 0 {
		t.Error("it was changed without the lock")
	}
}

func TestVaultDoesNotPrint(t *testing.T) {
	t.Parallel()
	path, key := filepath.Join(t.TempDir(), "vault.age"), passphraseKey(t, "correct horse")
	v := createVault(t, path, key)
	c := oneCredential(t)
	if err := v.Put(t.Context(), c, nil); err != nil {
		t.Fatal(err)
	}
	memory := &authenticator.MemoryStore{}
	if err := memory.Put(t.Context(), c, nil); err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	for _, x := range []any{v, key, &key, c, &c, c.Key, c.PRF, memory, []authenticator.Credential{c}} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
			fmt.Fprintf(&out, verb+"\n", x)
		}
	}
	for _, secret := range [][]byte{c.Key.Bytes(), c.PRF.Verified.Bytes(), c.PRF.Unverified.Bytes(), []byte("correct horse")} {
		for _, verb := range []string{"%s", "%x", "%d", "%#v"} {
			text := strings.Trim(fmt.Sprintf(verb, secret), "[]{}byte")
			if strings.Contains(out.String(), text) {
				t.Errorf("a secret printed with %s", verb)
			}
		}
	}
	if !strings.Contains(out.String(), "[redacted]") {
		t.Error("nothing was redacted")
	}
}
