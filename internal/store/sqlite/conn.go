package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"

	driver "modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// conn is one connection with the statements prepared on it. It is used by one
// goroutine at a time. Its statements run under a context that is never
// cancelled: an interrupted INSERT makes SQLite roll back the whole transaction,
// other requests' parts included.
type conn struct {
	db    *sql.DB // holds raw alone
	raw   *sql.Conn
	stmts map[string]statement
}

// statement is kept for as long as its connection, and closed with it.
type statement struct{ *sql.Stmt }

// fault is an error of the engine, not of one request: the connection, and the
// transaction on it, can no longer be trusted.
type fault struct{ err error }

func (f *fault) Error() string { return f.err.Error() }
func (f *fault) Unwrap() error { return f.err }

// parameters are those of every connection. modes: "rw", "ro", and "still",
// which takes the file for one that nobody changes and makes no other beside it.
func parameters(mode string, pragmas ...string) url.Values {
	q := url.Values{"mode": {mode}, "_defensive": {"1"}, "_dqs": {"0"}, "_txlock": {"immediate"}}
	if mode == "still" {
		q.Set("mode", "ro")
		q.Set("immutable", "1")
	}
	q["_pragma"] = append([]string{
		"busy_timeout(1000)",
		"trusted_schema(0)",
		"cell_size_check(1)",
		"temp_store(MEMORY)",
	}, pragmas...)
	return q
}

// openDB opens a database that exists.
func openDB(path, mode string, pragmas ...string) (*sql.DB, error) {
	return openURL(url.URL{Scheme: "file", Path: path, RawQuery: parameters(mode, pragmas...).Encode()})
}

func openURL(u url.URL) (*sql.DB, error) {
	connector, err := driver.NewConnector(u.String())
	if err != nil {
		return nil, fmt.Errorf("sqlite: %w", err)
	}
	db := sql.OpenDB(connector)
	db.SetMaxOpenConns(1)
	return db, nil
}

func openConn(ctx context.Context, path, mode string, pragmas ...string) (*conn, error) {
	db, err := openDB(path, mode, pragmas...)
	if err != nil {
		return nil, err
	}
	return takeConn(ctx, db)
}

// takeConn takes the one connection of db, which closes with it.
func takeConn(ctx context.Context, db *sql.DB) (*conn, error) {
	raw, err := db.Conn(ctx)
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return &conn{db: db, raw: raw, stmts: make(map[string]statement)}, nil
}

func (c *conn) close() error {
	errs := make([]error, 0, len(c.stmts)+2)
	for _, s := range c.stmts {
		errs = append(errs, s.Close())
	}
	return errors.Join(append(errs, c.raw.Close(), c.db.Close())...)
}

// prepared returns the statement for query, prepared at its first use and kept.
func (c *conn) prepared(query string) (statement, error) {
	if s, ok := c.stmts[query]; ok {
		return s, nil
	}
	s, err := c.raw.PrepareContext(context.Background(), query)
	if err != nil {
		return statement{}, &fault{err}
	}
	c.stmts[query] = statement{s}
	return statement{s}, nil
}

// exec runs a statement and returns how many rows it changed.
func (c *conn) exec(query string, args ...any) (int64, error) {
	s, err := c.prepared(query)
	if err != nil {
		return 0, err
	}
	r, err := s.ExecContext(context.Background(), args...)
	if err != nil {
		return 0, judge(err)
	}
	n, err := r.RowsAffected()
	if err != nil {
		return 0, &fault{err}
	}
	return n, nil
}

// get runs a query for at most one row and says whether there was one.
func (c *conn) get(query string, args []any, dest ...any) (bool, error) {
	s, err := c.prepared(query)
	if err != nil {
		return false, err
	}
	err = s.QueryRowContext(context.Background(), args...).Scan(dest...)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	if err != nil {
		return false, judge(err)
	}
	return true, nil
}

// each runs a query and calls row for each row of the answer.
func (c *conn) each(query string, args []any, row func(*sql.Rows) error) error {
	s, err := c.prepared(query)
	if err != nil {
		return err
	}
	rows, err := s.QueryContext(context.Background(), args...)
	if err != nil {
		return judge(err)
	}
	defer func() { _ = rows.Close() }() // what it could say, Err has said
	for rows.Next() {
		if err := row(rows); err != nil {
			return &fault{err}
		}
	}
	if err := rows.Err(); err != nil {
		return judge(err)
	}
	return nil
}

// judge says whose error err is. A constraint is the request's: the statement
// was undone and nothing else. Whatever else SQLite reports may have ended the
// transaction, so it is everybody's.
func judge(err error) error {
	if e, ok := errors.AsType[*driver.Error](err); ok {
		switch e.Code() & 0xff {
		case sqlite3.SQLITE_CONSTRAINT, sqlite3.SQLITE_TOOBIG:
			return fmt.Errorf("sqlite: %w", err)
		}
	}
	return &fault{err}
}
