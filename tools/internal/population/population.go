// Package population fills data directories of hitherd with the people of a seed,
// of whom package load has the passkeys: installations of a size that would take
// long to register. It writes rows as the store does, in one transaction that
// nothing protects: what is interrupted is deleted and begun again.
package population

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"golang.org/x/sync/errgroup"
	_ "modernc.org/sqlite" // the driver "sqlite"

	"github.com/hitherauth/hither/internal/account"
	"github.com/hitherauth/hither/internal/load"
	"github.com/hitherauth/hither/internal/store/sqlite"
)

// batch is how many people are handed over at a time.
const batch = 256

// Filled says what Fill has made.
type Filled struct {
	People int
	// Bytes of the database that hold something; PersonBytes of them for a person
	// with a passkey, indexes included, as they lie and without VACUUM.
	Bytes, PersonBytes int64
}

// Fill makes a new database in a data directory that has none, with the first n
// people of a population, each with one passkey. progress is told how many there
// are so far; nil: nobody is.
func Fill(ctx context.Context, dir string, p load.Population, n int, progress func(int)) (_ Filled, err error) {
	d, err := sqlite.OwnDirectory(dir)
	if err != nil {
		return Filled{}, err
	}
	defer func() { err = errors.Join(err, d.Close()) }()
	if d.HasDatabase() {
		return Filled{}, fmt.Errorf("%s has a database: name a new directory", dir)
	}
	if _, err := sqlite.Migrate(ctx, d); err != nil {
		return Filled{}, err
	}
	database := Database(d.Path())
	db, err := open(database, "rw", "journal_mode(OFF)", "synchronous(OFF)", "locking_mode(EXCLUSIVE)", "cache_size(-1000000)")
	if err != nil {
		return Filled{}, err
	}
	defer func() { err = errors.Join(err, db.Close(), syncFile(database)) }()
	empty, err := usedBytes(ctx, db)
	if err != nil {
		return Filled{}, err
	}
	if err := insertAll(ctx, db, p, n, progress); err != nil {
		return Filled{}, err
	}
	used, err := usedBytes(ctx, db)
	return Filled{People: n, Bytes: used, PersonBytes: (used - empty) / int64(max(n, 1))}, err
}

// insertAll makes keys on all processors and writes with one connection.
func insertAll(ctx context.Context, db *sql.DB, p load.Population, n int, progress func(int)) error {
	g, ctx := errgroup.WithContext(ctx)
	batches := make(chan []numbered, 2*runtime.GOMAXPROCS(0))
	g.Go(func() error {
		defer close(batches)
		makers, ctx := errgroup.WithContext(ctx)
		makers.SetLimit(runtime.GOMAXPROCS(0))
		for first := 0; first < n && ctx.Err() == nil; first += batch {
			makers.Go(func() error {
				people := make([]numbered, 0, batch)
				for i := first; i < min(first+batch, n); i++ {
					s, err := p.Person(int64(i))
					if err != nil {
						return err
					}
					people = append(people, numbered{i + 1, s})
				}
				select {
				case batches <- people:
					return nil
				case <-ctx.Done():
					return ctx.Err()
				}
			})
		}
		return makers.Wait()
	})
	g.Go(func() error { return write(ctx, db, batches, progress) })
	return g.Wait()
}

// numbered is a person with the number of their row.
type numbered struct {
	no int
	load.Seeded
}

func write(ctx context.Context, db *sql.DB, batches <-chan []numbered, progress func(int)) (err error) {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, tx.Rollback())
		}
	}()
	accounts, err := tx.PrepareContext(ctx, `INSERT INTO account
		(no, id, user_handle, name, folded, display_name, administrator, state, created_at) VALUES (?, ?, ?, ?, ?, ?, 0, 'active', ?)`)
	if err != nil {
		return err
	}
	defer func() { _ = accounts.Close() }() // with the transaction
	credentials, err := tx.PrepareContext(ctx, `INSERT INTO credential
		(no, account_no, id, public_key, sign_count, transports, attachment, aaguid, backup_eligible, backup_state, discoverable,
		attestation_format, attestation_type, name, created_at) VALUES (?, ?, ?, ?, 0, 'internal,hybrid', 'platform', ?, 1, 1, 1, 'none', 'none', 'Firefox on Linux', ?)`)
	if err != nil {
		return err
	}
	defer func() { _ = credentials.Close() }()
	var done int
	now, noModel := time.Now().UnixMilli(), make([]byte, 16)
	for people := range batches {
		for _, s := range people {
			c := s.Credential
			if _, err := accounts.ExecContext(ctx, s.no, s.AccountID[:], []byte(c.UserHandle), s.Name, account.FoldName(s.Name), s.Name, now); err != nil {
				return err
			}
			if _, err := credentials.ExecContext(ctx, s.no, s.no, []byte(c.ID), c.PublicKey, noModel, now); err != nil {
				return err
			}
		}
		done += len(people)
		if progress != nil {
			progress(done)
		}
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	return tx.Commit()
}

// Database is where a data directory has its database.
func Database(dir string) string { return filepath.Join(dir, "hither.db") }

// Used is how many bytes of a database that nobody has open hold something.
func Used(ctx context.Context, database string) (_ int64, err error) {
	db, err := open(database, "ro")
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	return usedBytes(ctx, db)
}

func usedBytes(ctx context.Context, db *sql.DB) (n int64, err error) {
	err = db.QueryRowContext(ctx, `SELECT (page_count - freelist_count) * page_size
		FROM pragma_page_count, pragma_freelist_count, pragma_page_size`).Scan(&n)
	return n, err
}

func open(path, mode string, pragmas ...string) (*sql.DB, error) {
	u := url.URL{Scheme: "file", Path: path, RawQuery: url.Values{"mode": {mode}, "_pragma": pragmas}.Encode()}
	db, err := sql.Open("sqlite", u.String())
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(1)
	return db, nil
}

func syncFile(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}
