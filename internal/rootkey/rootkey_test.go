//go:build unix

package rootkey_test

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/hitherauth/hither/internal/rootkey"
	"github.com/hitherauth/hither/internal/secret/secrettest"
)

func create(t *testing.T) (string, rootkey.Key) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "hither.key")
	k, err := rootkey.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	return path, k
}

func TestCreate(t *testing.T) {
	t.Parallel()

	t.Run("file_is_32_bytes_mode_0600", func(t *testing.T) {
		t.Parallel()
		path, _ := create(t)
		info, err := os.Lstat(path)
		if err != nil {
			t.Fatal(err)
		}
		if info.Size() != rootkey.Size || info.Mode() != 0o600 {
			t.Errorf("got %d bytes, mode %v", info.Size(), info.Mode())
		}
	})
	t.Run("loads_as_the_same_key", func(t *testing.T) {
		t.Parallel()
		path, made := create(t)
		loaded, err := rootkey.Load(path)
		if err != nil {
			t.Fatal(err)
		}
		if !loaded.Matches(made.Check()) {
			t.Error("the loaded key is another one")
		}
	})
	t.Run("leaves_nothing_else_behind", func(t *testing.T) {
		t.Parallel()
		path, _ := create(t)
		if _, err := rootkey.Create(path); err == nil {
			t.Fatal("created twice")
		}
		entries, err := os.ReadDir(filepath.Dir(path))
		if err != nil {
			t.Fatal(err)
		}
		if len(entries) != 1 {
			t.Errorf("got %v", entries)
		}
	})
	t.Run("two_keys_differ", func(t *testing.T) {
		t.Parallel()
		_, a := create(t)
		_, b := create(t)
		if a.Matches(b.Check()) {
			t.Error("two new keys are alike")
		}
	})
	t.Run("parallel_creation_makes_one_key", func(t *testing.T) {
		t.Parallel()
		path := filepath.Join(t.TempDir(), "hither.key")
		var wg sync.WaitGroup
		errs := make([]error, 8)
		for i := range errs {
			wg.Go(func() { _, errs[i] = rootkey.Create(path) })
		}
		wg.Wait()
		made := 0
		for _, err := range errs {
			switch {
			case err == nil:
				made++
			case !errors.Is(err, fs.ErrExist):
				t.Error(err)
			}
		}
		if made != 1 {
			t.Errorf("%d creations succeeded", made)
		}
	})
	for name, occupy := range map[string]func(string) error{
		"refuses_an_existing_file": func(p string) error { return os.WriteFile(p, []byte("mine"), 0o600) },
		"refuses_an_existing_link": func(p string) error { return os.Symlink("nowhere", p) },
		"refuses_a_directory":      func(p string) error { return os.Mkdir(p, 0o700) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "hither.key")
			if err := occupy(path); err != nil {
				t.Fatal(err)
			}
			if k, err := rootkey.Create(path); !errors.Is(err, fs.ErrExist) || !k.Equal(rootkey.Key{}) {
				t.Errorf("got %v", err)
			}
		})
	}
	t.Run("refuses_a_missing_directory", func(t *testing.T) {
		t.Parallel()
		if _, err := rootkey.Create(filepath.Join(t.TempDir(), "none", "hither.key")); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("got %v", err)
		}
	})
}

// STO-21 and STO-22: what Load refuses, one broken thing a row.
func TestHostileLoadRefuses(t *testing.T) {
	t.Parallel()
	key := bytes.Repeat([]byte{0xA5}, rootkey.Size)
	for name, row := range map[string]struct {
		make func(path string) error
		want string
	}{
		"STO-21_missing":        {func(string) error { return nil }, "does not exist"},
		"STO-21_empty":          {func(p string) error { return os.WriteFile(p, nil, 0o600) }, "has 0 bytes"},
		"STO-21_truncated":      {func(p string) error { return os.WriteFile(p, key[:31], 0o600) }, "has 31 bytes"},
		"STO-21_too_long":       {func(p string) error { return os.WriteFile(p, append(bytes.Clone(key), '\n'), 0o600) }, "has 33 bytes"},
		"STO-21_zeros":          {func(p string) error { return os.WriteFile(p, make([]byte, rootkey.Size), 0o600) }, "only zeros"},
		"STO-22_world_readable": {func(p string) error { return writeMode(p, key, 0o604) }, "mode 0604"},
		"STO-22_group_readable": {func(p string) error { return writeMode(p, key, 0o640) }, "mode 0640"},
		"STO-22_group_writable": {func(p string) error { return writeMode(p, key, 0o620) }, "mode 0620"},
		"STO-22_directory":      {func(p string) error { return os.Mkdir(p, 0o700) }, "not a regular file"},
		"STO-22_fifo":           {func(p string) error { return syscall.Mkfifo(p, 0o600) }, "not a regular file"},
		"STO-22_symbolic_link": {func(p string) error {
			if err := os.WriteFile(p+".real", key, 0o600); err != nil {
				return err
			}
			return os.Symlink(p+".real", p)
		}, "symbolic link"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "hither.key")
			if err := row.make(path); err != nil {
				t.Fatal(err)
			}
			k, err := rootkey.Load(path)
			if err == nil || !k.Equal(rootkey.Key{}) {
				t.Fatal("accepted")
			}
			if msg := err.Error(); !strings.Contains(msg, row.want) || !strings.Contains(msg, path) || strings.Contains(msg, "\n") {
				t.Errorf("got %q, want one line with %q and the path", msg, row.want)
			}
		})
	}
}

func TestLoadAccepts(t *testing.T) {
	t.Parallel()
	for _, mode := range []fs.FileMode{0o600, 0o400} {
		t.Run(fmt.Sprintf("mode_%04o", mode), func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "key")
			if err := writeMode(path, bytes.Repeat([]byte{1}, rootkey.Size), mode); err != nil {
				t.Fatal(err)
			}
			if _, err := rootkey.Load(path); err != nil {
				t.Error(err)
			}
		})
	}
}

// writeMode sets the mode whatever the umask is.
func writeMode(path string, b []byte, mode fs.FileMode) error {
	if err := os.WriteFile(path, b, 0o600); err != nil {
		return err
	}
	return os.Chmod(path, mode)
}

func TestWrap(t *testing.T) {
	t.Parallel()
	_, k := create(t)
	_, other := create(t)
	secret := []byte("thirty-two bytes of ceremony key")
	wrapped, err := k.Wrap("ceremony", secret)
	if err != nil {
		t.Fatal(err)
	}

	t.Run("opens", func(t *testing.T) {
		t.Parallel()
		got, err := k.Unwrap("ceremony", wrapped)
		if err != nil || !bytes.Equal(got, secret) {
			t.Errorf("got %q, %v", got, err)
		}
	})
	t.Run("hides_the_secret", func(t *testing.T) {
		t.Parallel()
		if bytes.Contains(wrapped, secret[:8]) || len(wrapped) != len(secret)+40 {
			t.Error("wrapped form shows the secret or has another length")
		}
	})
	t.Run("differs_each_time", func(t *testing.T) {
		t.Parallel()
		again, err := k.Wrap("ceremony", secret)
		if err != nil || bytes.Equal(again, wrapped) {
			t.Errorf("nonce repeated, %v", err)
		}
	})
	refuse := func(name string, k rootkey.Key, purpose string, b []byte) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := k.Unwrap(purpose, b)
			if !errors.Is(err, rootkey.ErrUnwrap) || got != nil {
				t.Errorf("got %v, %v", got, err)
			}
		})
	}
	refuse("refuses_another_key", other, "ceremony", wrapped)
	refuse("refuses_another_purpose", k, "signing", wrapped)
	refuse("refuses_nothing", k, "ceremony", nil)
	refuse("refuses_a_short_text", k, "ceremony", wrapped[:39])
	refuse("refuses_a_longer_text", k, "ceremony", append(bytes.Clone(wrapped), 0))
	for i := range wrapped {
		flipped := bytes.Clone(wrapped)
		flipped[i] ^= 1
		if _, err := k.Unwrap("ceremony", flipped); !errors.Is(err, rootkey.ErrUnwrap) {
			t.Fatalf("accepted with byte %d changed", i)
		}
	}
}

// What a key derives is part of the database format: these values, computed
// by a second implementation (HMAC by hand below), must never change.
func TestDerive(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "key")
	raw := bytes.Repeat([]byte{7}, rootkey.Size)
	if err := os.WriteFile(path, raw, 0o600); err != nil {
		t.Fatal(err)
	}
	k, err := rootkey.Load(path)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := k.Derive("decoy credential ids"), naiveHKDF(raw, "hither root key v1 derive\x00decoy credential ids"); got != want {
		t.Errorf("derive: got %x, want %x", got, want)
	}
	if got, want := [32]byte(k.Check()), naiveHKDF(raw, "hither root key v1 check\x00"); got != want {
		t.Errorf("check: got %x, want %x", got, want)
	}
	if k.Derive("a") == k.Derive("b") {
		t.Error("two purposes share a key")
	}
}

func TestKeyDoesNotPrint(t *testing.T) {
	t.Parallel()
	path, k := create(t)
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	secrettest.Check(t, "rootkey.Key", k, raw)
}
