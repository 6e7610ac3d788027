package sqlite_test

import (
	"testing"

	"github.com/hitherauth/hither/internal/store/sqlite"
)

// own takes a data directory for as long as the test lasts.
func own(tb testing.TB, path string) *sqlite.Directory {
	tb.Helper()
	dir, err := sqlite.OwnDirectory(path)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := dir.Close(); err != nil {
			tb.Error(err)
		}
	})
	return dir
}

// openIn opens the database in a directory, until the test ends or closes it.
func openIn(tb testing.TB, dir *sqlite.Directory) *sqlite.Store {
	tb.Helper()
	store, err := sqlite.Open(tb.Context(), sqlite.Config{Directory: dir})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := store.Close(); err != nil {
			tb.Error(err)
		}
	})
	return store
}

func open(tb testing.TB) *sqlite.Store {
	tb.Helper()
	return openIn(tb, own(tb, tb.TempDir()))
}
