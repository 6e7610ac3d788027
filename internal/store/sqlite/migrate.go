package sqlite

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/hitherauth/hither/internal/ownfile"

	"github.com/pressly/goose/v3"
)

//go:embed migrations/*.sql
var migrations embed.FS

// Migrated says what Migrate found and what it left.
type Migrated struct {
	From, To int64 // versions of the schema; From is 0 for a new database
}

// Migrate makes a new database, or brings an older one up to this program's
// version. Each step is one transaction: whatever interrupts it, the next call
// goes on from there. A database that is newer than this program is refused.
// Open does the same; Migrate is for doing it without serving.
func Migrate(ctx context.Context, d *Directory) (Migrated, error) {
	if !d.HasDatabase() {
		to, err := create(ctx, d)
		return Migrated{To: to}, err
	}
	if err := d.checkFiles(); err != nil {
		return Migrated{}, err
	}
	// While this one is open, SQLite does not remove the log.
	keeper, err := openKeeper(ctx, d)
	if err != nil {
		return Migrated{}, err
	}
	m, err := bringUp(ctx, d, keeper)
	return m, errors.Join(err, closeKeeper(d, keeper))
}

// bringUp brings the database up to this program's version, if it is one of ours.
func bringUp(ctx context.Context, d *Directory, keeper *conn) (Migrated, error) {
	path := d.file(databaseFile)
	if _, err := keeper.judgeSchema(ctx, path); err != nil {
		return Migrated{}, err
	}
	return migrateFile(ctx, path, "WAL")
}

// create makes a database under another name and gives it its own when it is
// whole, so that one which is empty or has half a schema is always a damaged one.
func create(ctx context.Context, d *Directory) (int64, error) {
	path := d.file(newFile)
	if err := d.remove(newFile); err != nil {
		return 0, err
	}
	f, err := ownfile.Open(path, os.O_RDWR|os.O_CREATE|os.O_EXCL)
	if err != nil {
		return 0, fmt.Errorf("sqlite: %w", err)
	}
	if err := f.Close(); err != nil {
		return 0, fmt.Errorf("sqlite: %w", err)
	}
	// With a log the new file would not be whole alone.
	m, err := migrateFile(ctx, path, "DELETE")
	if err != nil {
		return 0, err
	}
	return m.To, d.adopt(newFile)
}

// adopt makes a whole and synced database the one of the directory.
func (d *Directory) adopt(name string) error {
	if err := os.Rename(d.file(name), d.file(databaseFile)); err != nil {
		return fmt.Errorf("sqlite: %w", err)
	}
	if err := d.sync(); err != nil {
		return fmt.Errorf("sqlite: %w", err)
	}
	return nil
}

func migrateFile(ctx context.Context, path, journal string) (_ Migrated, err error) {
	db, err := openDB(path, "rw", "journal_mode("+journal+")", "synchronous(FULL)", "fullfsync(1)", "foreign_keys(1)")
	if err != nil {
		return Migrated{}, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	return migrate(ctx, db, path)
}

// migrator knows the migrations and applies them to db.
func migrator(db *sql.DB) (*goose.Provider, error) {
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return nil, fmt.Errorf("sqlite: %w", err)
	}
	p, err := goose.NewProvider(goose.DialectSQLite3, db, files,
		goose.WithDisableGlobalRegistry(true), goose.WithLogger(goose.NopLogger()))
	if err != nil {
		return nil, fmt.Errorf("sqlite: %w", err)
	}
	return p, nil
}

func migrate(ctx context.Context, db *sql.DB, path string) (Migrated, error) {
	p, err := migrator(db)
	if err != nil {
		return Migrated{}, err
	}
	from, to, err := p.GetVersions(ctx)
	if err != nil {
		return Migrated{}, fmt.Errorf("sqlite: reading the version of %s: %w", path, err)
	}
	if from > to {
		return Migrated{}, newer(path, from, to)
	}
	if from == to {
		return Migrated{From: from, To: to}, nil
	}
	if _, err := p.Up(ctx); err != nil {
		return Migrated{}, fmt.Errorf("sqlite: migrating %s: %w", path, err)
	}
	return Migrated{From: from, To: to}, nil
}
