//go:build unix

package sqlite_test

import (
	"fmt"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/hitherauth/hither/internal/account"
)

// What a row costs on the disk, indexes included, beside what was aimed at.
func TestBytesOfARow(t *testing.T) {
	t.Parallel()
	const people, signIns = 600, 6000
	path := t.TempDir()
	store := openIn(t, own(t, path))
	database := filepath.Join(path, "hither.db")
	size := used(t, database)
	costs := func(what string, n, aim int64) {
		t.Helper()
		now := used(t, database)
		each := (now - size) / n
		t.Logf("%s: %d bytes, aim %d", what, each, aim)
		if each > aim {
			t.Errorf("%s: got %d bytes, want at most %d", what, each, aim)
		}
		size = now
	}

	// A person with a passkey; the session is over and the ceremony swept, the
	// events of strangers are none.
	registered := make([]account.CreateAccount, people)
	for i := range registered {
		registered[i] = registering(fmt.Sprintf("person%d@example.org", i))
		registered[i].Event.Type = "" // counted with a sign-in's
	}
	applyAll(t, store, people, func(i int) account.Change { return registered[i] })
	sweepAll(t, store)
	vacuum(t, database)
	costs("a person with a passkey", people, 600)

	empty := size
	applyAll(t, store, signIns, func(i int) account.Change {
		p := registered[i%people]
		return signingIn(p.Account.ID, p.Credential.ID)
	})
	costs("a sign-in while its session lives", signIns, 450)
	sweepAll(t, store)
	vacuum(t, database)
	size = empty
	costs("a sign-in afterwards", signIns, 150)
}

func applyAll(t *testing.T, store account.Store, n int, change func(int) account.Change) {
	t.Helper()
	var wg sync.WaitGroup
	for worker := range 32 {
		wg.Go(func() {
			for i := worker; i < n; i += 32 {
				if err := store.Apply(t.Context(), change(i)); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
}

func sweepAll(t *testing.T, store account.Store) {
	t.Helper()
	if err := store.Sweep(t.Context(), time.Now().Add(24*time.Hour)); err != nil {
		t.Fatal(err)
	}
}

func vacuum(t *testing.T, database string) {
	t.Helper()
	execute(t, database, "VACUUM")
}

// used is the size of the pages that hold something.
func used(t *testing.T, database string) int64 {
	t.Helper()
	db := foreign(t, database)
	defer func() { _ = db.Close() }()
	var bytes int64
	err := db.QueryRowContext(t.Context(), `SELECT (page_count - freelist_count) * page_size
		FROM pragma_page_count, pragma_freelist_count, pragma_page_size`).Scan(&bytes)
	if err != nil {
		t.Fatal(err)
	}
	return bytes
}
