package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/pressly/goose/v3"
	_ "modernc.org/sqlite" // the driver of the server's own engine

	"github.com/hitherauth/hither/tools/faultfs"
)

const databaseName = "hither.db"

// withDatabase opens the database in a plain directory for as long as use lasts.
func withDatabase(dir string, use func(*sql.DB) error) error {
	u := url.URL{Scheme: "file", Path: filepath.Join(dir, databaseName), RawQuery: "mode=rwc&_pragma=busy_timeout(5000)"}
	db, err := sql.Open("sqlite", u.String())
	if err != nil {
		return err
	}
	db.SetMaxOpenConns(1)
	return errors.Join(use(db), db.Close())
}

// versions are the numbers of the migrations in the source tree.
func versions(source string) ([]int64, error) {
	files, err := fs.Glob(os.DirFS(filepath.Join(source, migrationsFolder)), "*.sql")
	if err != nil {
		return nil, err
	}
	numbers := make([]int64, 0, len(files))
	for _, name := range files {
		n, err := goose.NumericComponent(name)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		numbers = append(numbers, n)
	}
	return numbers, nil
}

const (
	migrationsFolder = "internal/store/sqlite/migrations"
	rowsFolder       = "internal/store/sqlite/testdata" // what somebody has in each version
)

// migrateTo brings a database up to a version.
func migrateTo(ctx context.Context, source string, db *sql.DB, version int64) error {
	p, err := goose.NewProvider(goose.DialectSQLite3, db, os.DirFS(filepath.Join(source, migrationsFolder)),
		goose.WithDisableGlobalRegistry(true), goose.WithLogger(goose.NopLogger()))
	if err != nil {
		return err
	}
	_, err = p.UpTo(ctx, version)
	return err
}

// makeVersion is what a data directory of a version holds: closed in good order,
// or, if crashed, with its newest rows in the log alone.
func makeVersion(ctx context.Context, source string, version int64, crashed bool) (image faultfs.Image, err error) {
	if version == 0 {
		return faultfs.Image{}, nil
	}
	rows, err := os.ReadFile(filepath.Join(source, rowsFolder, fmt.Sprintf("%05d.sql", version)))
	if err != nil {
		return nil, err
	}
	err = inFolder(func(dir string) error {
		err := withDatabase(dir, func(db *sql.DB) error {
			if err := migrateTo(ctx, source, db, version); err != nil {
				return err
			}
			for _, statement := range []string{"PRAGMA journal_mode = WAL", string(rows)} {
				if _, err := db.ExecContext(ctx, statement); err != nil {
					return fmt.Errorf("rows of version %d: %w", version, err)
				}
			}
			if crashed {
				image, err = readClosed(dir)
				image[databaseName+"-open"] = faultfs.File{Mode: 0o600}
			}
			return err
		})
		if err == nil && !crashed {
			image, err = readClosed(dir)
		}
		return err
	})
	return image, err
}

// readClosed reads a directory as a crash would leave it, without the index of
// the log, which is made anew.
func readClosed(dir string) (faultfs.Image, error) {
	image, err := faultfs.ReadImage(dir)
	delete(image, databaseName+"-shm")
	for name, f := range image {
		f.Mode = 0o600
		image[name] = f
	}
	return image, err
}

// inFolder calls use with a new folder that is removed afterwards.
func inFolder(use func(dir string) error) error {
	dir, err := os.MkdirTemp("", "hf")
	if err != nil {
		return err
	}
	return errors.Join(use(dir), os.RemoveAll(dir))
}

// state is what a database has: its tables, how many rows they hold, and the
// rows of an older version in full.
type state struct {
	schema, counts, rows string
}

// differs says what a state has, and what each of those that may be have, where
// they differ.
func (s state) differs(may []state) string {
	var b strings.Builder
	for _, known := range may {
		b.WriteString("\n  it cannot be, because of\n")
		for _, part := range [][2]string{{s.schema, known.schema}, {s.counts, known.counts}, {s.rows, known.rows}} {
			for line := range strings.Lines(part[0]) {
				if !strings.Contains(part[1], line) {
					b.WriteString("  has: " + line)
				}
			}
			for line := range strings.Lines(part[1]) {
				if !strings.Contains(part[0], line) {
					b.WriteString("  wants: " + line)
				}
			}
		}
	}
	return b.String()
}

// column names of the tables of a version.
type columns map[string][]string

// columnsOf are those of a database, without what changes by itself.
func columnsOf(ctx context.Context, db *sql.DB) (columns, error) {
	all := columns{}
	err := each(ctx, db, `SELECT s.name, c.name FROM sqlite_schema s JOIN pragma_table_info(s.name) c
		WHERE s.type = 'table' AND s.name NOT LIKE 'sqlite_%' ORDER BY s.name, c.cid`, func(row []string) {
		table, column := row[0], row[1]
		switch {
		case table == "system" && column == "opened", table == "goose_db_version":
		default:
			all[table] = append(all[table], column)
		}
	})
	return all, err
}

// read reads a state, and of the rows those of the old columns. Without any, the
// rows are those of whoever has started the server: they are not counted.
func read(ctx context.Context, db *sql.DB, old columns) (s state, err error) {
	var tables []string
	err = each(ctx, db, "SELECT type, name, coalesce(sql, '') FROM sqlite_schema ORDER BY type, name", func(row []string) {
		s.schema += strings.Join(row, " ") + "\n"
		if row[0] == "table" && !strings.HasPrefix(row[1], "sqlite_") {
			tables = append(tables, row[1])
		}
	})
	for _, table := range tables {
		if len(old) > 0 {
			err = errors.Join(err, each(ctx, db, `SELECT count(*) FROM "`+table+`"`, func(row []string) {
				s.counts += table + " " + row[0] + "\n"
			}))
		}
		if len(old[table]) == 0 {
			continue
		}
		quoted := `quote("` + strings.Join(old[table], `"), quote("`) + `")`
		err = errors.Join(err, each(ctx, db, "SELECT "+quoted+` FROM "`+table+`" ORDER BY 1, 2`, func(row []string) {
			s.rows += table + " " + strings.Join(row, " ") + "\n"
		}))
	}
	return s, errors.Join(err, each(ctx, db, "PRAGMA integrity_check", func(row []string) {
		if row[0] != "ok" {
			s.rows += "integrity_check: " + row[0] + "\n"
		}
	}))
}

// each calls use with each row of a query, all columns as text.
func each(ctx context.Context, db *sql.DB, query string, use func([]string)) error {
	rows, err := db.QueryContext(ctx, query)
	if err != nil {
		return fmt.Errorf("%s: %w", query, err)
	}
	defer func() { _ = rows.Close() }() // Err has said what it could say
	names, err := rows.Columns()
	if err != nil {
		return err
	}
	row := make([]string, len(names))
	into := make([]any, len(names))
	for i := range row {
		into[i] = &row[i]
	}
	for rows.Next() {
		if err := rows.Scan(into...); err != nil {
			return err
		}
		use(row)
	}
	return rows.Err()
}
