package ledger_test

import (
	"database/sql"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/hitherauth/hither/tools/daemon/daemontest"
	"github.com/hitherauth/hither/tools/ledger"
)

// statement changes a database that no server has open.
func (r *rig) statement(t *testing.T, text string) {
	t.Helper()
	db, err := sql.Open("sqlite", filepath.Join(r.config.DataDir, "hither.db"))
	if err != nil {
		t.Fatal(err)
	}
	db.SetMaxOpenConns(1)
	result, err := db.ExecContext(t.Context(), text)
	if err != nil {
		t.Fatal(err)
	}
	if n, err := result.RowsAffected(); err != nil || n == 0 {
		t.Fatalf("%d rows changed, %v", n, err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
}

func (r *rig) stop(t *testing.T) {
	t.Helper()
	if _, err := r.server.Stop(10 * time.Second); err != nil {
		t.Fatal(err)
	}
}

// TestBooksFind takes from a server what it has acknowledged, or gives back what
// was gone, one thing in each row: a ledger that does not find it is worth
// nothing.
func TestBooksFind(t *testing.T) {
	t.Parallel()
	bin := daemontest.Program(t)
	for _, row := range []struct {
		name, statement string
		kind            ledger.Kind
		text            string
	}{
		{
			"account_lost", `PRAGMA foreign_keys = 1; DELETE FROM account WHERE no = (SELECT max(no) FROM account WHERE administrator = 0)`,
			ledger.Lost, "the account is not there",
		},
		{
			"account_nobody_asked_for", `UPDATE account SET name = 'mallory', folded = 'mallory' WHERE no = (SELECT max(no) FROM account)`,
			ledger.Resurrected, "an account that nobody asked for",
		},
		{
			"passkey_lost",
			`PRAGMA foreign_keys = 1; DELETE FROM credential WHERE no = (SELECT max(no) FROM credential GROUP BY account_no HAVING count(*) > 1 LIMIT 1)`,
			ledger.Lost, "a passkey that was made is not listed",
		},
		{
			"passkey_renamed", `UPDATE credential SET name = 'as it was before' WHERE no = (SELECT max(no) FROM credential)`,
			ledger.Lost, "a passkey was named",
		},
		{
			"session_lost", `DELETE FROM session WHERE no = (SELECT max(no) FROM session)`,
			ledger.Lost, "a session that was opened",
		},
		{
			"session_nobody_asked_for",
			`INSERT INTO session SELECT no + 1000000, account_no, credential_no, randomblob(16), randomblob(32), bearer, user_verified,
				authenticated_at, last_seen_at, expires_at, address, browser FROM session LIMIT 1`,
			ledger.Resurrected, "a session is open that nobody asked for",
		},
		{"ceremonies_forgotten", `DELETE FROM spent`, ledger.Resurrected, "was accepted a second time"},
		{
			"audit_row_lost", `DELETE FROM event WHERE no = (SELECT max(no) FROM event WHERE type = 'session.opened')`,
			ledger.Lost, "audit rows session.opened",
		},
		{
			"audit_row_of_nothing",
			`INSERT INTO event (at, type, account, actor, browser, failed, detail, count)
				SELECT at, 'credential.removed', account, actor, browser, failed, detail, count FROM event WHERE type = 'session.opened' LIMIT 1`,
			ledger.Integrity, "audit rows credential.removed",
		},
		{
			"row_without_its_owner", `PRAGMA foreign_keys = 0; DELETE FROM account WHERE no = (SELECT max(no) FROM account WHERE administrator = 0)`,
			ledger.Integrity, "foreign_key_check",
		},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, bin)
			r.work(t)
			r.stop(t)
			r.statement(t, row.statement)
			r.start(t)
			r.look(t)
			if found := r.books.Findings(); !has(found, row.kind, row.text) {
				t.Errorf("found %v", found)
			}
		})
	}
}

// TestBooksFindOldCopy puts back a copy of the whole data directory that is
// older than what was acknowledged since.
func TestBooksFindOldCopy(t *testing.T) {
	t.Parallel()
	r := newRig(t, daemontest.Program(t))
	r.work(t)
	r.server.Kill()
	copied := filepath.Join(filepath.Dir(r.config.DataDir), "copy")
	if err := os.CopyFS(copied, files{os.DirFS(r.config.DataDir)}); err != nil {
		t.Fatal(err)
	}
	r.start(t)
	r.compare(t)
	r.work(t)
	r.server.Kill()
	if err := os.RemoveAll(r.config.DataDir); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(copied, r.config.DataDir); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"", "hither.key"} {
		mode := fs.FileMode(0o600)
		if name == "" {
			mode = 0o700
		}
		if err := os.Chmod(filepath.Join(r.config.DataDir, name), mode); err != nil {
			t.Fatal(err)
		}
	}
	r.start(t)
	r.look(t)
	found := r.books.Findings()
	for _, want := range []struct {
		kind ledger.Kind
		text string
	}{
		{ledger.Lost, "a session that was opened"},
		{ledger.Lost, "audit rows"},
		{ledger.Resurrected, "a session that has ended"},
		{ledger.Resurrected, "was accepted a second time"},
	} {
		if !has(found, want.kind, want.text) {
			t.Errorf("no finding %s: %s", want.kind, want.text)
		}
	}
	t.Logf("%d findings, such as %s", len(found), found[0])
}

// TestBooksFindCutLog cuts off the end of the write-ahead log, as a disk does
// that has promised more than it kept.
func TestBooksFindCutLog(t *testing.T) {
	t.Parallel()
	r := newRig(t, daemontest.Program(t))
	r.work(t)
	r.server.Kill()
	wal := filepath.Join(r.config.DataDir, "hither.db-wal")
	info, err := os.Stat(wal)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(wal, info.Size()*9/10); err != nil {
		t.Fatal(err)
	}
	r.start(t)
	r.look(t)
	if found := r.books.Findings(); !has(found, ledger.Lost, "") {
		t.Errorf("found %v", found)
	}
}

// files leaves out what is no file: the socket of the operators' door.
type files struct{ fs.FS }

func (f files) ReadDir(name string) ([]fs.DirEntry, error) {
	all, err := fs.ReadDir(f.FS, name)
	var kept []fs.DirEntry
	for _, e := range all {
		if e.Type().IsRegular() || e.IsDir() {
			kept = append(kept, e)
		}
	}
	return kept, err
}
