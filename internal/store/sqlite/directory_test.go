//go:build unix

package sqlite_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/hitherauth/hither/internal/store/sqlite"
)

// Not parallel: the umask is the process's. Parallel tests wait meanwhile.
func TestOwnDirectoryKeepsFilesPrivate(t *testing.T) { //nolint:paralleltest // see above
	for _, mask := range []int{0, 0o022, 0o777} {
		path := filepath.Join(t.TempDir(), "new", "data")
		if mask == 0o777 {
			path = filepath.Join(t.TempDir(), "data") // parents could not be entered
		}
		old := unix.Umask(mask)
		dir, err := sqlite.OwnDirectory(path)
		if err != nil {
			unix.Umask(old)
			t.Fatal(err)
		}
		store, err := sqlite.Open(t.Context(), sqlite.Config{Directory: dir})
		unix.Umask(old)
		if err != nil {
			t.Fatal(err)
		}
		register(t, store, "ada")
		wantPrivate(t, path)
		if err := errors.Join(store.Close(), dir.Close()); err != nil {
			t.Fatal(err)
		}
		wantPrivate(t, path)
	}
}

func wantPrivate(t *testing.T, root string) {
	t.Helper()
	names := 0
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		want := fs.FileMode(0o600)
		if d.IsDir() {
			want = 0o700
		}
		if got := info.Mode().Perm(); got != want {
			t.Errorf("%s: got mode %o, want %o", path, got, want)
		}
		names++
		return nil
	})
	if err != nil {
		t.Error(err)
	}
	if names < 3 {
		t.Errorf("got %d names in %s", names, root)
	}
}

func TestOwnDirectory(t *testing.T) {
	t.Parallel()
	t.Run("twice", func(t *testing.T) {
		t.Parallel()
		path := t.TempDir()
		link := filepath.Join(t.TempDir(), "link")
		if err := os.Symlink(path, link); err != nil {
			t.Fatal(err)
		}
		own(t, path)
		for _, p := range []string{path, link} {
			if _, err := sqlite.OwnDirectory(p); !errors.Is(err, sqlite.ErrOwned) {
				t.Errorf("%s: got error %v, want %v", p, err, sqlite.ErrOwned)
			}
		}
	})
	t.Run("again_after_close", func(t *testing.T) {
		t.Parallel()
		path := t.TempDir()
		for range 3 {
			dir, err := sqlite.OwnDirectory(path)
			if err != nil {
				t.Fatal(err)
			}
			if err := dir.Close(); err != nil {
				t.Fatal(err)
			}
		}
	})
	t.Run("two_stores_in_one", func(t *testing.T) {
		t.Parallel()
		dir := own(t, t.TempDir())
		openIn(t, dir)
		if _, err := sqlite.Open(t.Context(), sqlite.Config{Directory: dir}); !errors.Is(err, sqlite.ErrOwned) {
			t.Errorf("got error %v, want %v", err, sqlite.ErrOwned)
		}
	})
	t.Run("given_up_while_open", func(t *testing.T) {
		t.Parallel()
		dir := own(t, t.TempDir())
		openIn(t, dir)
		if err := dir.Close(); err == nil {
			t.Error("it was given up")
		}
	})
	t.Run("writable_by_everybody", func(t *testing.T) {
		t.Parallel()
		path := t.TempDir()
		if err := os.Chmod(path, 0o777); err != nil {
			t.Fatal(err)
		}
		if _, err := sqlite.OwnDirectory(path); err == nil {
			t.Error("it was taken")
		}
	})
	t.Run("no_directory", func(t *testing.T) {
		t.Parallel()
		path := filepath.Join(t.TempDir(), "file")
		if err := os.WriteFile(path, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := sqlite.OwnDirectory(path); err == nil {
			t.Error("it was taken")
		}
	})
	t.Run("has_database", func(t *testing.T) {
		t.Parallel()
		dir := own(t, t.TempDir())
		if dir.HasDatabase() {
			t.Error("an empty directory has a database")
		}
		openIn(t, dir)
		if !dir.HasDatabase() {
			t.Error("a directory with a database has none")
		}
	})
}

func TestOpenMakesOldFilesPrivate(t *testing.T) {
	t.Parallel()
	path := t.TempDir()
	closedDatabase(t, path)
	if err := os.Chmod(filepath.Join(path, "hither.db"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, 0o700); err != nil {
		t.Fatal(err)
	}
	openIn(t, own(t, path))
	wantPrivate(t, path)
}
