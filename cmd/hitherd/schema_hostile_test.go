package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hitherauth/hither/internal/cli"
)

// What somebody could add to a database, or change in it, so that it does
// something by itself: nothing of it may run, neither from a backup, which
// may be nobody's, nor from the data directory.
func TestHostileSchema(t *testing.T) {
	t.Parallel()
	i, archive := inhabited(t)
	const rewrite = "PRAGMA writable_schema = 1; UPDATE sqlite_schema SET sql = "
	for _, row := range []struct{ name, statement, want string }{
		{
			"sessions_that_come_back", `CREATE TRIGGER keep AFTER DELETE ON session BEGIN INSERT INTO session SELECT old.no, old.account_no, old.credential_no,
			old.id, old.token_hash, old.bearer, old.user_verified, old.authenticated_at, old.last_seen_at, old.expires_at, old.address, old.browser; END`,
			`the trigger "keep"`,
		},
		{"events_that_vanish", `CREATE TRIGGER hush BEFORE INSERT ON event WHEN new.type = 'session.opened' BEGIN SELECT RAISE(IGNORE); END`, `the trigger "hush"`},
		{"events_that_vanish_by_a_constraint", rewrite + `replace(sql, 'browser    TEXT NOT NULL', 'browser    TEXT NOT NULL ON CONFLICT IGNORE') WHERE name = 'event'`, `the table "event"`},
		{"columns_of_any_type", rewrite + `replace(sql, ') STRICT', ')') WHERE name = 'event'`, `the table "event"`},
		{
			"a_view_without_end", `ALTER TABLE goose_db_version RENAME TO versions;
			CREATE VIEW goose_db_version AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) AS version_id, 1 AS is_applied FROM n`,
			`"goose_db_version"`,
		},
		{"an_index_more", `CREATE INDEX more ON event (no, at, type)`, `the index "more"`},
		{"an_index_less", `DROP INDEX credential_account`, `the index "credential_account"`},
		{"a_virtual_table", `CREATE VIRTUAL TABLE words USING fts5(word)`, `"words`},
		{"escapes_for_a_terminal", "CREATE TABLE \"\x1b[2J\u009b\" (a)", `"\x1b[2J`},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			fresh := i.emptied(t)
			file := filepath.Join(fresh.dir, "hostile.backup")
			if err := os.WriteFile(file, i.edited(t, archive, nil, row.statement, nil), 0o600); err != nil {
				t.Fatal(err)
			}
			fresh.refuses(t, cli.ExitFailure, row.want, "restore", file)
			fresh.refuses(t, cli.ExitFailure, row.want, "restore", "--verify", file)
			if _, err := os.Stat(filepath.Join(fresh.data, "hither.db")); err == nil {
				t.Error("there is a database")
			}

			fresh.do(t, "restore", archive)
			execute(t, filepath.Join(fresh.data, "hither.db"), row.statement)
			for _, command := range []string{"backup other.backup", "migrate", "serve", "audit verify", "audit list"} {
				fresh.refuses(t, cli.ExitRefused, row.want, strings.Fields(command)...)
			}
		})
	}
}

// What somebody has put into a database, or into the name of a file, does
// nothing to the terminal that it is printed on.
func TestHostileTexts(t *testing.T) {
	t.Parallel()
	i, _ := inhabited(t)
	const escape = "char(27, 91, 50, 74, 0x9b, 0x202e)"
	execute(t, filepath.Join(i.data, "hither.db"), "UPDATE account SET name = name || "+escape+", display_name = "+escape+
		"; UPDATE event SET browser = "+escape+", detail = "+escape+"; UPDATE checkpoint SET note = "+escape+" || note")
	for _, args := range [][]string{{"admin", "list"}, {"audit", "list"}, {"audit", "verify"}, {"audit", "checkpoint"}, {"doctor", "--rp-id", "id.example"}, {"restore", "\x1b[2J\u009b\u202e.backup"}} {
		if r := i.run(t, args...); strings.ContainsAny(r.stdout+r.stderr, "\x1b\u009b\u202e") || r.stdout+r.stderr == "" {
			t.Errorf("%q: %q%q", args, r.stdout, r.stderr)
		}
	}
}

// What an operator's own tools leave behind changes nothing.
func TestAnalyzedDatabase(t *testing.T) {
	t.Parallel()
	i, _ := inhabited(t)
	execute(t, filepath.Join(i.data, "hither.db"), "ANALYZE")
	i.do(t, "backup", "after.backup")
	i.emptied(t).do(t, "restore", filepath.Join(i.dir, "after.backup"))
}

// A value of another type reads like the one that was signed, and is not found
// by whoever looks for it.
func TestHostileTypes(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]string{
		"account": "account = CAST(account AS TEXT)",
		"type":    "type = CAST(type AS BLOB)",
		"at":      "at = CAST(at AS TEXT)",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			i, _ := inhabited(t)
			i.do(t, "audit", "verify")
			database := filepath.Join(i.data, "hither.db")
			const schema = "PRAGMA writable_schema = 1; UPDATE sqlite_schema SET sql = "
			execute(t, database, schema+"replace(replace(sql, 'INTEGER NOT NULL,', 'BLOB NOT NULL,'), ') STRICT', ')') WHERE name = 'event'")
			execute(t, database, "UPDATE event SET "+change)
			execute(t, database, schema+"replace(sql, 'BLOB NOT NULL,', 'INTEGER NOT NULL,') || ' STRICT' WHERE name = 'event'")
			i.refuses(t, cli.ExitFailure, "value in event."+name, "audit", "verify")
		})
	}
}
