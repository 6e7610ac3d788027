package sqlite_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/hitherauth/hither/internal/account"
	"github.com/hitherauth/hither/internal/store/sqlite"
)

// inventory reads the accounts with passkeys, and looks at every page.
func inventory(t *testing.T, path string) (keepers []sqlite.Keeper, sound error) {
	t.Helper()
	r, err := sqlite.OpenReader(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	}()
	for k, err := range r.Keepers() {
		if err != nil {
			t.Fatal(err)
		}
		keepers = append(keepers, k)
	}
	return keepers, r.Sound(t.Context())
}

// More accounts than one page of the list has, beside the store that owns them.
func TestInventory(t *testing.T) {
	t.Parallel()
	path := t.TempDir()
	store := openIn(t, own(t, path))
	const people = 503
	applyAll(t, store, people, func(i int) account.Change { return registering(fmt.Sprintf("person%03d", i)) })
	keepers, err := inventory(t, path)
	if err != nil {
		t.Error(err)
	}
	if len(keepers) != people {
		t.Fatalf("%d accounts, want %d", len(keepers), people)
	}
	names := make(map[string]bool)
	for _, k := range keepers {
		names[k.Name] = true
		if k.Passkeys != 1 || k.Administrator || k.State != account.StateActive {
			t.Fatalf("%+v", k)
		}
	}
	if len(names) != people {
		t.Errorf("%d different names, want %d", len(names), people)
	}
}

func TestOwned(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "data")
	check := func(want bool) {
		t.Helper()
		if got, err := sqlite.Owned(path); got != want || err != nil {
			t.Errorf("owned: %v, %v; want %v", got, err, want)
		}
	}
	check(false)
	if _, err := os.Stat(path); err == nil {
		t.Error("asking has made the directory")
	}
	d, err := sqlite.OwnDirectory(path)
	if err != nil {
		t.Fatal(err)
	}
	check(true)
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	check(false)
	own(t, path) // asking has kept nothing
}

// A page whose beginning is lost is found, though the schema reads well.
func TestHostileReaderOfADamagedPage(t *testing.T) {
	t.Parallel()
	path := t.TempDir()
	d, err := sqlite.OwnDirectory(path)
	if err != nil {
		t.Fatal(err)
	}
	store, err := sqlite.Open(t.Context(), sqlite.Config{Directory: d})
	if err != nil {
		t.Fatal(err)
	}
	register(t, store, "ada")
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := inventory(t, path); err != nil {
		t.Fatal(err)
	}
	database := filepath.Join(path, "hither.db")
	b, err := os.ReadFile(database)
	if err != nil {
		t.Fatal(err)
	}
	// The page with the event, which the list of accounts does not touch.
	const pageSize = 4096
	page := bytes.LastIndex(b, []byte("account.created")) / pageSize * pageSize
	damaged := slices.Clone(b)
	copy(damaged[page:], "not a page")
	if err := os.WriteFile(database, damaged, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := inventory(t, path); err == nil || !strings.Contains(err.Error(), "damaged") || strings.Contains(err.Error(), "\n") {
		t.Errorf("%v, want one line about damage", err)
	}
}
