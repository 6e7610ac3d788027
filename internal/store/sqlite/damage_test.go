//go:build unix

package sqlite_test

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hitherauth/hither/internal/store/sqlite"
)

// closedDatabase leaves a database with one person, closed in good order.
func closedDatabase(t *testing.T, path string) {
	t.Helper()
	dir, err := sqlite.OwnDirectory(path)
	if err != nil {
		t.Fatal(err)
	}
	store, err := sqlite.Open(t.Context(), sqlite.Config{Directory: dir})
	if err != nil {
		t.Fatal(err)
	}
	register(t, store, "ada")
	if err := errors.Join(store.Close(), dir.Close()); err != nil {
		t.Fatal(err)
	}
}

// crashedDatabase leaves a copy of what a machine that lost its power would
// find: the files as they are while the database is open.
func crashedDatabase(t *testing.T, path string) {
	t.Helper()
	live := t.TempDir()
	store := openIn(t, own(t, live))
	for _, name := range []string{"ada", "bob", "eve"} {
		register(t, store, name)
	}
	if err := os.CopyFS(path, os.DirFS(live)); err != nil {
		t.Fatal(err)
	}
}

func edit(t *testing.T, path string, change func([]byte) []byte) {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, change(b), 0o600); err != nil {
		t.Fatal(err)
	}
}

func remove(t *testing.T, path string) {
	t.Helper()
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
}

func TestOpenRefuses(t *testing.T) {
	t.Parallel()
	zero := func(b []byte) []byte { return make([]byte, len(b)) }
	for _, row := range []struct {
		name   string
		make   func(*testing.T, string)
		damage func(t *testing.T, database string)
		want   string // in the sentence
	}{
		{"empty_file", closedDatabase, func(t *testing.T, db string) {
			edit(t, db, func([]byte) []byte { return nil })
		}, "not a database"},
		{"foreign_file", closedDatabase, func(t *testing.T, db string) {
			edit(t, db, func([]byte) []byte { return []byte(strings.Repeat("a letter to a friend\n", 1000)) })
		}, "not a database"},
		{"zeroed_header", closedDatabase, func(t *testing.T, db string) {
			edit(t, db, func(b []byte) []byte { clear(b[:100]); return b })
		}, "not a database"},
		{"zeroed_file", closedDatabase, func(t *testing.T, db string) { edit(t, db, zero) }, "not a database"},
		{"another_programs_database", closedDatabase, func(t *testing.T, db string) {
			remove(t, db)
			execute(t, db, "CREATE TABLE account (id)")
		}, "another program"},
		{"newer_database", closedDatabase, func(t *testing.T, db string) {
			execute(t, db, "INSERT INTO goose_db_version (version_id, is_applied) VALUES (99999, 1)")
		}, "version 99999"},
		{"cut_off", closedDatabase, func(t *testing.T, db string) {
			edit(t, db, func(b []byte) []byte { return b[:len(b)/2] })
		}, "cut off"},
		{"zeroed_page", closedDatabase, func(t *testing.T, db string) {
			edit(t, db, func(b []byte) []byte { clear(b[4096*3 : 4096*4]); return b })
		}, "damaged"},
		{"zeroed_schema", closedDatabase, func(t *testing.T, db string) {
			edit(t, db, func(b []byte) []byte { clear(b[100:4096]); return b })
		}, "damaged"},
		{"database_removed_after_a_crash", crashedDatabase, func(t *testing.T, db string) { remove(t, db) }, "missing"},
		{"log_removed_after_a_crash", crashedDatabase, func(t *testing.T, db string) { remove(t, db+"-wal") }, "hither.db-open"},
		{"log_zeroed_after_a_crash", crashedDatabase, func(t *testing.T, db string) { edit(t, db+"-wal", zero) }, "hither.db-open"},
		{"log_emptied_after_a_crash", crashedDatabase, func(t *testing.T, db string) {
			edit(t, db+"-wal", func([]byte) []byte { return nil })
		}, "hither.db-open"},
		{"log_flipped_byte_after_a_crash", crashedDatabase, func(t *testing.T, db string) {
			edit(t, db+"-wal", func(b []byte) []byte { b[32+24+100] ^= 1; return b })
		}, "hither.db-open"},
		{"log_flipped_byte_in_a_header_after_a_crash", crashedDatabase, func(t *testing.T, db string) {
			edit(t, db+"-wal", func(b []byte) []byte { b[17] ^= 1; return b })
		}, "hither.db-open"},
		{"log_lost_block_after_a_crash", crashedDatabase, func(t *testing.T, db string) {
			edit(t, db+"-wal", func(b []byte) []byte { copy(b[512:], bytes.Repeat([]byte{0xff}, 512)); return b })
		}, "hither.db-open"},
		{"database_is_a_link", closedDatabase, func(t *testing.T, db string) {
			if err := os.Rename(db, db+".moved"); err != nil {
				t.Fatal(err)
			}
			if err := os.Symlink(db+".moved", db); err != nil {
				t.Fatal(err)
			}
		}, "regular file"},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			path := t.TempDir()
			row.make(t, path)
			row.damage(t, filepath.Join(path, "hither.db"))
			dir := own(t, path)
			if !dir.HasDatabase() {
				t.Error("no traces of a database are seen")
			}
			store, err := sqlite.Open(t.Context(), sqlite.Config{Directory: dir})
			if err == nil {
				t.Fatal("it was opened", store.Close())
			}
			if !strings.Contains(err.Error(), row.want) || strings.Contains(err.Error(), "\n") {
				t.Errorf("got %q, want one sentence with %q", err, row.want)
			}
			if _, err := sqlite.Migrate(t.Context(), dir); err == nil {
				t.Error("it was migrated")
			}
		})
	}
}

func TestOpenAfterACrash(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name   string
		damage func(t *testing.T, database string)
	}{
		{"as_it_is", func(*testing.T, string) {}},
		// The index is made from the log.
		{"without_index", func(t *testing.T, db string) { remove(t, db+"-shm") }},
		// A torn last write was never acknowledged.
		{"torn_write", func(t *testing.T, db string) {
			edit(t, db+"-wal", func(b []byte) []byte { return append(b, b[32:1032]...) })
		}},
		{"half_made_new_database", func(t *testing.T, db string) {
			edit(t, db, func(b []byte) []byte {
				if err := os.WriteFile(db+".new", b[:5000], 0o600); err != nil {
					t.Fatal(err)
				}
				return b
			})
		}},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			path := t.TempDir()
			crashedDatabase(t, path)
			row.damage(t, filepath.Join(path, "hither.db"))
			store := openIn(t, own(t, path))
			if _, err := store.AccountByName(t.Context(), "ada"); err != nil {
				t.Error(err)
			}
		})
	}
	t.Run("migrated_first", func(t *testing.T) {
		t.Parallel()
		path := t.TempDir()
		crashedDatabase(t, path)
		dir := own(t, path)
		if _, err := sqlite.Migrate(t.Context(), dir); err != nil {
			t.Fatal(err)
		}
		if _, err := openIn(t, dir).AccountByName(t.Context(), "ada"); err != nil {
			t.Error(err)
		}
	})
	t.Run("refused_first", func(t *testing.T) {
		t.Parallel()
		path := t.TempDir()
		crashedDatabase(t, path)
		dir := own(t, path)
		log, err := os.ReadFile(filepath.Join(path, "hither.db-wal"))
		if err != nil {
			t.Fatal(err)
		}
		execute(t, filepath.Join(path, "hither.db"), "INSERT INTO goose_db_version (version_id, is_applied) VALUES (99999, 1)")
		// What the program before this one would say, each time.
		if err := os.WriteFile(filepath.Join(path, "hither.db-wal"), log[:32], 0o600); err != nil {
			t.Fatal(err)
		}
		for range 2 {
			if store, err := sqlite.Open(t.Context(), sqlite.Config{Directory: dir}); err == nil {
				t.Fatal("it was opened", store.Close())
			} else if !strings.Contains(err.Error(), "version 99999") {
				t.Errorf("got %q", err)
			}
		}
		execute(t, filepath.Join(path, "hither.db"), "DELETE FROM goose_db_version WHERE version_id = 99999")
		if _, err := openIn(t, dir).AccountByName(t.Context(), "ada"); err != nil {
			t.Error(err)
		}
	})
	t.Run("before_it_was_whole", func(t *testing.T) {
		t.Parallel()
		path := t.TempDir()
		for _, name := range []string{"hither.db.new", "hither.db.new-journal"} {
			if err := os.WriteFile(filepath.Join(path, name), []byte("SQLite format 3\x00"), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		dir := own(t, path)
		if dir.HasDatabase() {
			t.Error("half a database is seen as one")
		}
		register(t, openIn(t, dir), "ada")
	})
}

// The log of a first hour is lost, and the note with it. The database file alone
// must still know that somebody has been here.
func TestDatabaseFileAloneKnowsItsAdministrator(t *testing.T) {
	t.Parallel()
	live, path := t.TempDir(), t.TempDir()
	store := openIn(t, own(t, live))
	setUp(t, store)
	register(t, store, "ada")
	b, err := os.ReadFile(filepath.Join(live, "hither.db"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(path, "hither.db"), b, 0o600); err != nil {
		t.Fatal(err)
	}
	sys, err := openIn(t, own(t, path)).System(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if sys.RPID == "" || !sys.HasAdministrator {
		t.Errorf("got %+v, want what was claimed and an administrator", sys)
	}
}

// Whatever byte of the files is wrong: the database is refused, or says so when
// it is read, or still knows its people. It never looks empty.
func TestFlippedBytes(t *testing.T) {
	t.Parallel()
	seed := t.TempDir()
	live := openIn(t, own(t, seed))
	setUp(t, live)
	for i := range 20 {
		register(t, live, fmt.Sprintf("person%d", i))
	}
	random := rand.New(rand.NewPCG(1, 2))
	refused, unreadable := 0, 0
	const rounds = 60
	for range rounds {
		path := t.TempDir()
		if err := os.CopyFS(path, os.DirFS(seed)); err != nil {
			t.Fatal(err)
		}
		name := []string{"hither.db", "hither.db-wal", "hither.db-shm"}[random.IntN(3)]
		edit(t, filepath.Join(path, name), func(b []byte) []byte {
			at := random.IntN(len(b))
			if random.IntN(2) == 0 {
				at = random.IntN(128) // headers
			}
			b[at] ^= byte(1 + random.IntN(255))
			return b
		})
		dir := own(t, path)
		store, err := sqlite.Open(t.Context(), sqlite.Config{Directory: dir})
		if err != nil {
			refused++
			continue
		}
		list, err := store.Accounts(t.Context(), "", 100)
		switch {
		case err != nil:
			unreadable++
		case len(list) == 0:
			t.Errorf("%s: an empty database was served", name)
		}
		_ = store.Close() // a damaged one may not close well either
	}
	t.Logf("%d of %d refused, %d unreadable", refused, rounds, unreadable)
}

// A log with a wrong byte is refused, or ends with the wrong byte's group: never
// are changes left out that others were made on top of.
func TestFlippedBytesInTheLog(t *testing.T) {
	t.Parallel()
	seed := t.TempDir()
	live := openIn(t, own(t, seed))
	const people = 20
	for i := range people {
		register(t, live, fmt.Sprintf("person%d", i))
	}
	random := rand.New(rand.NewPCG(1, 2))
	refused, newest := 0, 0
	const rounds = 60
	for range rounds {
		path := t.TempDir()
		if err := os.CopyFS(path, os.DirFS(seed)); err != nil {
			t.Fatal(err)
		}
		at := 0
		edit(t, filepath.Join(path, "hither.db-wal"), func(b []byte) []byte {
			at = random.IntN(len(b))
			b[at] ^= byte(1 + random.IntN(255))
			return b
		})
		store, err := sqlite.Open(t.Context(), sqlite.Config{Directory: own(t, path)})
		if err != nil {
			refused++
			continue
		}
		newest++
		for i := range people - 2 {
			if _, err := store.AccountByName(t.Context(), fmt.Sprintf("person%d", i)); err != nil {
				t.Errorf("a wrong byte at %d has lost person %d of %d: %v", at, i, people, err)
			}
		}
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	}
	if refused < rounds/2 || newest == 0 {
		t.Errorf("%d of %d refused, %d opened", refused, rounds, newest)
	}
	t.Logf("%d of %d refused, %d without the newest", refused, rounds, newest)
}

// execute runs a statement as another program would.
func execute(t *testing.T, path, statement string) {
	t.Helper()
	db := foreign(t, path)
	if _, err := db.ExecContext(t.Context(), statement); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
}

// foreign opens a database as another program would, on one connection.
func foreign(t *testing.T, path string) *sql.DB {
	t.Helper()
	db, err := sql.Open("sqlite", path+"?_pragma=busy_timeout(10000)")
	if err != nil {
		t.Fatal(err)
	}
	db.SetMaxOpenConns(1)
	t.Cleanup(func() { _ = db.Close() })
	if err := db.PingContext(context.WithoutCancel(t.Context())); err != nil {
		t.Fatal(err)
	}
	return db
}
