package sqlite

import (
	"context"
	"database/sql"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hitherauth/hither/internal/store/storetest"
)

func TestStore(t *testing.T) {
	t.Parallel()
	dir, err := OwnDirectory(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	seen := make(map[string]bool)
	storetest.Run(t.Context(), func(ctx context.Context) (storetest.Store, error) {
		s, err := Open(ctx, Config{Directory: dir})
		if err != nil {
			return nil, err
		}
		return &watched{Store: s, seen: seen}, nil
	}, func(r storetest.Result) {
		t.Run(r.Name, func(t *testing.T) {
			if r.Err != nil {
				t.Error(r.Err)
			}
		})
	})
	t.Run("statements_use_indexes", func(t *testing.T) { checkPlans(t, dir, seen) })
	if err := dir.Close(); err != nil {
		t.Error(err)
	}
}

// checkPlans wants every statement that the suite made the engine run to find
// its rows by an index, apart from tables that stay small. This looks inside: no
// door shows the plan of a statement.
func checkPlans(t *testing.T, dir *Directory, seen map[string]bool) {
	t.Helper()
	if len(seen) < 40 {
		t.Errorf("only %d statements were seen", len(seen))
	}
	db, err := openDB(filepath.Join(dir.path, databaseFile), "ro")
	if err != nil {
		t.Fatal(err)
	}
	for query := range seen {
		if strings.HasPrefix(query, "PRAGMA") {
			continue
		}
		for _, step := range plan(t, db, query) {
			if isScan(step) {
				t.Errorf("%s\nplan: %s", query, step)
			}
		}
	}
	if err := db.Close(); err != nil {
		t.Error(err)
	}
}

func plan(t *testing.T, db *sql.DB, query string) []string {
	t.Helper()
	rows, err := db.QueryContext(t.Context(), "EXPLAIN QUERY PLAN "+query, make([]any, strings.Count(query, "?"))...)
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	defer func() { _ = rows.Close() }()
	var steps []string
	for rows.Next() {
		var step string
		if err := rows.Scan(new(int), new(int), new(int), &step); err != nil {
			t.Fatal(err)
		}
		steps = append(steps, step)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return steps
}

func isScan(detail string) bool {
	if !strings.HasPrefix(detail, "SCAN ") || detail == "SCAN CONSTANT ROW" {
		return false
	}
	for _, small := range []string{
		"SCAN key",              // a handful
		"SCAN invitation",       // live ones; swept or ended all together
		"account_administrator", // an index of those alone
	} {
		if strings.Contains(detail, small) {
			return false
		}
	}
	return true
}

// watched is a Store that notes its statements before it is closed.
type watched struct {
	*Store
	seen map[string]bool
}

func (w *watched) Close() error {
	w.writer.close() // its connection is nobody's then
	for q := range w.writer.conn.stmts {
		w.seen[q] = true
	}
	for range cap(w.readers) {
		r := <-w.readers
		if r != nil {
			for q := range r.stmts {
				w.seen[q] = true
			}
		}
		w.readers <- r
	}
	return w.Store.Close()
}
