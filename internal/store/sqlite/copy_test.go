//go:build unix

package sqlite_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/hitherauth/hither/internal/account"
	"github.com/hitherauth/hither/internal/store/sqlite"
)

func operatorEvent(t account.EventType) account.Event {
	return account.Event{At: time.Now(), Type: t, Actor: account.ActorOperator}
}

// copyOf reads a whole copy.
func copyOf(t *testing.T, store *sqlite.Store) ([]byte, sqlite.Facts) {
	t.Helper()
	c, err := store.Copy(t.Context(), operatorEvent(account.EventBackupCreated))
	if err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(c)
	if err := errors.Join(err, c.Close()); err != nil {
		t.Fatal(err)
	}
	if int64(len(b)) != c.Size {
		t.Errorf("got %d bytes, promised %d", len(b), c.Size)
	}
	return b, c.Facts
}

// names are the files of a data directory.
func names(t *testing.T, path string) []string {
	t.Helper()
	entries, err := os.ReadDir(path)
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, e := range entries {
		all = append(all, e.Name())
	}
	return all
}

func restore(t *testing.T, path string, database []byte) (sqlite.Facts, error) {
	t.Helper()
	dir, err := sqlite.OwnDirectory(path)
	if err != nil {
		t.Fatal(err)
	}
	f, err := sqlite.Restore(t.Context(), dir, func(w io.Writer) error {
		_, err := w.Write(database)
		return err
	}, operatorEvent(account.EventBackupRestored))
	if err := dir.Close(); err != nil {
		t.Error(err)
	}
	return f, err
}

func TestCopyAndRestore(t *testing.T) {
	t.Parallel()
	path := t.TempDir()
	store := openIn(t, own(t, path))
	known := register(t, store, "ada")
	claim := account.ClaimSystem{RPID: "id.example", KeyCheck: []byte{1, 2, 3}}
	old := account.PutKeys{Add: []account.Key{
		{ID: [8]byte{1}, Purpose: "ceremony", Wrapped: []byte{1}, CreatedAt: time.Now(), NotBefore: time.Now()},
		{ID: [8]byte{2}, Purpose: "another", Wrapped: []byte{2}, CreatedAt: time.Now(), NotBefore: time.Now()},
	}}
	invitation := account.Invitation{ID: account.ID(random(16)), TokenHash: account.TokenHash(random(32)), CreatedAt: time.Now(), ExpiresAt: time.Now().Add(time.Hour)}
	for _, ch := range []account.Change{claim, old, account.CreateInvitation{Invitation: invitation}} {
		if err := store.Apply(t.Context(), ch); err != nil {
			t.Fatal(err)
		}
	}
	before := names(t, path)
	database, facts := copyOf(t, store)
	if diff := cmp.Diff(before, names(t, path)); diff != "" {
		t.Errorf("the copy left something (-before +after):\n%s", diff)
	}
	version := facts.Version
	want := sqlite.Facts{Version: version, RPID: "id.example", KeyCheck: []byte{1, 2, 3}, Epoch: 1, Accounts: 1, Credentials: 1}
	if diff := cmp.Diff(want, facts); diff != "" || version < 2 {
		t.Errorf("facts of the copy (-want +got):\n%s", diff)
	}
	inspected, err := sqlite.Inspect(t.Context(), bytes.NewReader(database), int64(len(database)))
	if diff := cmp.Diff(want, inspected); diff != "" || err != nil {
		t.Errorf("inspected: %v (-want +got):\n%s", err, diff)
	}
	register(t, store, "too late")

	fresh := t.TempDir()
	restored, err := restore(t, fresh, database)
	want.Epoch = 2
	if diff := cmp.Diff(want, restored); diff != "" || err != nil {
		t.Fatalf("restored: %v (-want +got):\n%s", err, diff)
	}
	if diff := cmp.Diff([]string{"hither.db", "hither.lock"}, names(t, fresh)); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
	again := openIn(t, own(t, fresh))
	inNewEpoch(t, again, known, invitation.TokenHash)
	if _, err := again.AccountByName(t.Context(), "too late"); !errors.Is(err, account.ErrNotFound) {
		t.Errorf("what came after the copy: %v", err)
	}
	if _, facts := copyOf(t, again); facts.Epoch != 2 {
		t.Errorf("the next copy is of epoch %d", facts.Epoch)
	}
	same(t, "epoch", int64(1))(store.Epoch(t.Context()))
	same(t, "epoch after the restore", int64(2))(again.Epoch(t.Context()))
}

// inNewEpoch wants the person and nothing that is one-time or a session.
func inNewEpoch(t *testing.T, store *sqlite.Store, known account.CreateAccount, invitation account.TokenHash) {
	t.Helper()
	ctx := t.Context()
	if _, _, err := store.Credential(ctx, known.Credential.ID); err != nil {
		t.Errorf("credential: %v", err)
	}
	if _, _, err := store.Session(ctx, known.Session.TokenHash); !errors.Is(err, account.ErrNotFound) {
		t.Errorf("session: got %v", err)
	}
	if _, err := store.Invitation(ctx, invitation); !errors.Is(err, account.ErrNotFound) {
		t.Errorf("invitation: got %v", err)
	}
	system, err := store.System(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if len(system.Keys) != 1 || system.Keys[0].Purpose != "another" {
		t.Errorf("keys are %v", system.Keys)
	}
	events, err := store.Events(ctx, 0, 100)
	if err != nil {
		t.Fatal(err)
	}
	var types []account.EventType
	for _, e := range events {
		types = append(types, e.Type)
	}
	if diff := cmp.Diff([]account.EventType{account.EventAccountCreated, account.EventBackupCreated, account.EventBackupRestored}, types); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
}

// Sign-ins go on while a copy is made, and each copy holds what was acknowledged
// before it was asked for and is whole.
func TestCopyWhileBusy(t *testing.T) {
	t.Parallel()
	store := open(t)
	ctx, stop := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	known := register(t, store, "ada")
	for range 4 {
		wg.Go(func() {
			for ctx.Err() == nil {
				if err := store.Apply(context.WithoutCancel(ctx), signingIn(known.Account.ID, known.Credential.ID)); err != nil {
					t.Errorf("sign-in: %v", err)
				}
			}
		})
	}
	for round := range 5 {
		person := register(t, store, "p"+account.ID(random(16)).String())
		database, facts := copyOf(t, store)
		if _, err := sqlite.Inspect(t.Context(), bytes.NewReader(database), int64(len(database))); err != nil {
			t.Errorf("copy %d: %v", round, err)
		}
		if facts.Accounts != int64(round+2) || !bytes.Contains(database, person.Credential.ID) {
			t.Errorf("copy %d lacks what was acknowledged before it", round)
		}
	}
	stop()
	wg.Wait()
}

func TestCopyOneAtATime(t *testing.T) {
	t.Parallel()
	store := open(t)
	const askers = 8
	failures := make(chan error, askers)
	for range askers {
		go func() {
			c, err := store.Copy(context.WithoutCancel(t.Context()), operatorEvent(account.EventBackupCreated))
			if err == nil {
				err = c.Close()
			} else if errors.Is(err, account.ErrUnavailable) {
				err = nil
			}
			failures <- err
		}()
	}
	for range askers {
		if err := <-failures; err != nil {
			t.Error(err)
		}
	}
	if err := store.Close(); err != nil {
		t.Error(err)
	}
	if _, err := store.Copy(t.Context(), account.Event{}); !errors.Is(err, account.ErrUnavailable) {
		t.Errorf("closed: got %v", err)
	}
}

func TestCopyEndsWithItsContext(t *testing.T) {
	t.Parallel()
	path := t.TempDir()
	store := openIn(t, own(t, path))
	before := names(t, path)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := store.Copy(ctx, account.Event{}); err == nil {
		t.Error("copied")
	}
	if diff := cmp.Diff(before, names(t, path)); diff != "" {
		t.Errorf("it left something (-before +after):\n%s", diff)
	}
}

// A server that stops does not wait for a copy to be whole, and leaves nothing of it.
func TestCloseEndsACopy(t *testing.T) {
	t.Parallel()
	path := t.TempDir()
	closedDatabase(t, path)
	execute(t, filepath.Join(path, "hither.db"), `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 24)
		INSERT INTO event (at, type, actor, browser, failed, detail, count) SELECT i, 'session.opened', 'person', '', '', hex(randomblob(524288)), 1 FROM n`)
	store := openIn(t, own(t, path))
	ended := make(chan error, 1)
	go func() {
		c, err := store.Copy(context.WithoutCancel(t.Context()), account.Event{})
		if err == nil {
			err = c.Close() // it was quicker
		} else {
			err = nil
		}
		ended <- err
	}()
	eventually(t, "a copy that is being made", func() error {
		_, err := os.Stat(filepath.Join(path, "hither.db.copy"))
		if len(ended) > 0 {
			return nil // it was quicker
		}
		return err
	})
	if err := store.Close(); err != nil {
		t.Error(err)
	}
	for _, name := range names(t, path) {
		if strings.Contains(name, "copy") {
			t.Errorf("%s is still there", name)
		}
	}
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

// What a crash leaves of a copy or of a restore is gone after the next start.
func TestLeftoversGo(t *testing.T) {
	t.Parallel()
	path := t.TempDir()
	closedDatabase(t, path)
	for _, name := range []string{"hither.db.copy", "hither.db.copy-journal", "hither.db.restored", "hither.db.restored-journal"} {
		if err := os.WriteFile(filepath.Join(path, name), []byte("half"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	openIn(t, own(t, path))
	for _, name := range names(t, path) {
		if strings.Contains(name, "copy") || strings.Contains(name, "restored") {
			t.Errorf("%s is still there", name)
		}
	}
}

// A restore that was cut off is not taken for a new installation.
func TestOpenRefusesHalfARestore(t *testing.T) {
	t.Parallel()
	path := t.TempDir()
	if err := os.WriteFile(filepath.Join(path, "hither.db.restored"), []byte("half"), 0o600); err != nil {
		t.Fatal(err)
	}
	dir := own(t, path)
	if _, err := sqlite.Open(t.Context(), sqlite.Config{Directory: dir}); err == nil || !strings.Contains(err.Error(), "restore") {
		t.Errorf("got %v", err)
	}
}

func TestRestoreRefuses(t *testing.T) {
	t.Parallel()
	source := t.TempDir()
	closedDatabase(t, source)
	good, err := os.ReadFile(filepath.Join(source, "hither.db"))
	if err != nil {
		t.Fatal(err)
	}
	edited := func(query string) []byte {
		path := filepath.Join(t.TempDir(), "edited.db")
		if err := os.WriteFile(path, good, 0o600); err != nil {
			t.Fatal(err)
		}
		execute(t, path, query)
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	zeroed := bytes.Clone(good)
	clear(zeroed[4096*3 : 4096*4])
	for _, row := range []struct {
		name     string
		leftover string // in the directory
		database []byte
		want     string
	}{
		{"database_there", "hither.db", good, "holds a database"},
		{"log_there", "hither.db-wal", good, "holds a database"},
		{"mark_there", "hither.db-open", good, "holds a database"},
		{"no_database", "", []byte("a letter"), "not a database"},
		{"empty", "", nil, "not a database"},
		{"another_programs", "", edited("PRAGMA application_id = 7"), "another program"},
		{"cut_off", "", good[:len(good)/2], "cut off"},
		{"damaged", "", zeroed, "damaged"},
		{"newer", "", edited("INSERT INTO goose_db_version (version_id, is_applied) VALUES (99999, 1)"), "use a newer program"},
		{"stray_row", "", edited("PRAGMA foreign_keys = 0; DELETE FROM account"), "refer to rows that are not there"},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			path := t.TempDir()
			if row.leftover != "" {
				if err := os.WriteFile(filepath.Join(path, row.leftover), []byte("x"), 0o600); err != nil {
					t.Fatal(err)
				}
			} else if _, err := sqlite.Inspect(t.Context(), bytes.NewReader(row.database), int64(len(row.database))); err == nil || !strings.Contains(err.Error(), row.want) {
				t.Errorf("Inspect: got %v, want %q", err, row.want)
			}
			before := names(t, path)
			_, err := restore(t, path, row.database)
			if err == nil || !strings.Contains(err.Error(), row.want) {
				t.Errorf("got %v, want %q", err, row.want)
			}
			if errors.Is(err, sqlite.ErrHasDatabase) != (row.leftover != "") || errors.Is(err, sqlite.ErrNewer) != (row.name == "newer") {
				t.Errorf("another kind of error: %v", err)
			}
			for _, name := range names(t, path) {
				if name != "hither.lock" && (len(before) == 0 || name != before[0]) {
					t.Errorf("it left %s", name)
				}
			}
		})
	}
}

// A writer that fails leaves nothing.
func TestRestoreRemovesHalf(t *testing.T) {
	t.Parallel()
	path := t.TempDir()
	dir := own(t, path)
	broken := errors.New("the backup has changed")
	_, err := sqlite.Restore(t.Context(), dir, func(w io.Writer) error {
		_, _ = w.Write([]byte("half"))
		return broken
	}, account.Event{})
	if !errors.Is(err, broken) {
		t.Errorf("got %v", err)
	}
	if diff := cmp.Diff([]string{"hither.lock"}, names(t, path)); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
}
