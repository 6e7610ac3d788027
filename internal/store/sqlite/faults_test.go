//go:build unix

package sqlite_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/hitherauth/hither/internal/account"
	"github.com/hitherauth/hither/internal/store/sqlite"
)

// setUp claims the database and makes the first administrator.
func setUp(t *testing.T, store account.Store) {
	t.Helper()
	now := time.Now()
	inv := account.Invitation{
		ID: account.ID(random(16)), TokenHash: account.TokenHash(random(32)),
		Administrator: true, Setup: true, CreatedAt: now, ExpiresAt: now.Add(time.Hour),
	}
	c := registering("root")
	c.Account.Administrator, c.Invitation = true, &inv.TokenHash
	for _, ch := range []account.Change{
		account.ClaimSystem{RPID: "id.example", KeyCheck: random(32)}, account.CreateInvitation{Invitation: inv}, c,
	} {
		if err := store.Apply(t.Context(), ch); err != nil {
			t.Fatal(err)
		}
	}
}

// eventually waits until f has no error.
func eventually(t *testing.T, what string, f func() error) {
	t.Helper()
	deadline := time.Now().Add(20 * time.Second)
	for {
		err := f()
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s: %v", what, err)
		}
		select {
		case <-t.Context().Done():
			t.Fatal(t.Context().Err())
		case <-time.After(5 * time.Millisecond):
		}
	}
}

// heals wants a store that could not write to be able to again, by itself, and
// everything that it had acknowledged to be there.
func heals(t *testing.T, store *sqlite.Store, acknowledged ...account.CreateAccount) {
	t.Helper()
	eventually(t, "ready again", func() error { return store.Ready(t.Context()) })
	register(t, store, "later")
	for _, c := range acknowledged {
		if _, _, err := store.Session(t.Context(), c.Session.TokenHash); err != nil {
			t.Errorf("session of %s: %v", c.Account.Name, err)
		}
	}
}

// suffers wants writes to be refused as unavailable, and readiness to say so.
func suffers(t *testing.T, store *sqlite.Store) {
	t.Helper()
	eventually(t, "not ready", func() error {
		if err := store.Apply(t.Context(), registering("nobody"+account.ID(random(16)).String())); err == nil {
			return errors.New("a change was made")
		} else if !errors.Is(err, account.ErrUnavailable) {
			t.Fatalf("got error %v, want %v", err, account.ErrUnavailable)
		}
		if err := store.Ready(t.Context()); !errors.Is(err, account.ErrUnavailable) {
			return fmt.Errorf("ready says %w", err)
		}
		return nil
	})
}

func reads(t *testing.T, store *sqlite.Store, known account.CreateAccount) {
	t.Helper()
	if _, _, err := store.Session(t.Context(), known.Session.TokenHash); err != nil {
		t.Errorf("reading meanwhile: %v", err)
	}
}

func TestLockedDatabase(t *testing.T) {
	t.Parallel()
	path := t.TempDir()
	store := openIn(t, own(t, path))
	known := register(t, store, "ada")
	other := foreign(t, filepath.Join(path, "hither.db"))
	if _, err := other.ExecContext(t.Context(), "BEGIN IMMEDIATE"); err != nil {
		t.Fatal(err)
	}

	// More callers than there are places: each has an answer, most at once.
	var wg sync.WaitGroup
	errs := make(chan error, 3000)
	for range cap(errs) {
		wg.Go(func() { errs <- store.Apply(t.Context(), signingIn(known.Account.ID, known.Credential.ID)) })
	}
	wg.Wait()
	close(errs)
	for err := range errs {
		if !errors.Is(err, account.ErrUnavailable) {
			t.Fatalf("got error %v, want %v", err, account.ErrUnavailable)
		}
	}
	suffers(t, store)
	reads(t, store, known)
	if _, err := other.ExecContext(t.Context(), "ROLLBACK"); err != nil {
		t.Fatal(err)
	}
	heals(t, store, known)
	sessions, err := store.Sessions(t.Context(), known.Account.ID)
	if err != nil {
		t.Fatal(err)
	}
	if len(sessions) != 1 {
		t.Errorf("got %d sessions, want the first: nothing else was acknowledged", len(sessions))
	}
}

func TestReplacedDatabase(t *testing.T) {
	t.Parallel()
	path := t.TempDir()
	database := filepath.Join(path, "hither.db")
	store := openIn(t, own(t, path))
	known := register(t, store, "ada")
	if err := os.Rename(database, database+".moved"); err != nil {
		t.Fatal(err)
	}
	if err := store.Ready(t.Context()); !errors.Is(err, account.ErrUnavailable) {
		t.Errorf("ready without a database file: got error %v", err)
	}
	suffers(t, store)
	closedDatabase(t, filepath.Join(path, "another")) // with another Ada
	if err := os.Rename(filepath.Join(path, "another", "hither.db"), database); err != nil {
		t.Fatal(err)
	}
	suffers(t, store)
	for range 20 {
		if got, err := store.AccountByName(t.Context(), "ada"); err == nil && got.ID != known.Account.ID {
			t.Fatal("an account of another database was found")
		}
	}
	if err := os.Rename(database+".moved", database); err != nil {
		t.Fatal(err)
	}
	heals(t, store, known)
}

// After a transaction was lost to another's error nobody in its group may be told
// anything but that: here a trigger, which only a foreign hand can have put
// there, rolls the transaction back under the writer.
func TestLostTransaction(t *testing.T) {
	t.Parallel()
	path := t.TempDir()
	store := openIn(t, own(t, path))
	known := register(t, store, "ada")
	database := filepath.Join(path, "hither.db")
	execute(t, database, `CREATE TRIGGER lose BEFORE INSERT ON account WHEN NEW.name = 'poison'
		BEGIN SELECT RAISE(ROLLBACK, 'lost'); END`)

	const callers = 40
	changes := make([]account.CreateAccount, callers)
	errs := make([]error, callers)
	for i := range changes {
		changes[i] = registering(fmt.Sprintf("person%d", i))
	}
	changes[callers/2].Account.Name = "poison"
	var wg sync.WaitGroup
	for i, c := range changes {
		wg.Go(func() { errs[i] = store.Apply(t.Context(), c) })
	}
	wg.Wait()
	execute(t, database, `DROP TRIGGER lose`)
	eventually(t, "ready again", func() error { return store.Ready(t.Context()) })
	if errs[callers/2] == nil {
		t.Error("the change that lost the transaction was acknowledged")
	}
	for i, c := range changes {
		_, _, err := store.Session(t.Context(), c.Session.TokenHash)
		if errs[i] == nil && err != nil {
			t.Errorf("person %d was acknowledged and is not there: %v", i, err)
		}
	}
	heals(t, store, known)
}

// A store that is closed while it cannot write must open again.
func TestCloseWhileUnavailable(t *testing.T) {
	t.Parallel()
	path := t.TempDir()
	dir := own(t, path)
	store := openIn(t, dir)
	known := register(t, store, "ada")
	other := foreign(t, filepath.Join(path, "hither.db"))
	if _, err := other.ExecContext(t.Context(), "BEGIN IMMEDIATE"); err != nil {
		t.Fatal(err)
	}
	suffers(t, store)
	if err := store.Close(); err != nil {
		t.Error(err)
	}
	if err := other.Close(); err != nil {
		t.Fatal(err)
	}
	heals(t, openIn(t, dir), known)
}

func TestCloseWhileWriting(t *testing.T) {
	t.Parallel()
	path := t.TempDir()
	dir := own(t, path)
	store := openIn(t, dir)
	var wg sync.WaitGroup
	var mu sync.Mutex
	var acknowledged []account.CreateAccount
	begun := make(chan struct{}, 1000)
	for i := range 16 {
		wg.Go(func() {
			for n := 0; ; n++ {
				c := registering(fmt.Sprintf("p%d-%d", i, n))
				err := store.Apply(context.WithoutCancel(t.Context()), c)
				if errors.Is(err, account.ErrUnavailable) {
					return
				}
				if err != nil {
					t.Error(err)
					return
				}
				mu.Lock()
				acknowledged = append(acknowledged, c)
				mu.Unlock()
				select {
				case begun <- struct{}{}:
				default:
				}
			}
		})
	}
	for range 50 {
		<-begun
	}
	for range 3 { // further calls wait for the first and say the same
		wg.Go(func() {
			if err := store.Close(); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	for _, name := range []string{"hither.db-wal", "hither.db-shm", "hither.db-open"} {
		if _, err := os.Lstat(filepath.Join(path, name)); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("%s is left behind: %v", name, err)
		}
	}
	again := openIn(t, dir)
	for _, c := range acknowledged {
		if _, _, err := again.Session(t.Context(), c.Session.TokenHash); err != nil {
			t.Fatalf("%s was acknowledged: %v", c.Account.Name, err)
		}
	}
}
