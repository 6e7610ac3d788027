package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"math"
	"os"
	"path/filepath"
	"time"

	"github.com/hitherauth/hither/internal/account"
	"github.com/hitherauth/hither/internal/audit"
)

// ErrNoDatabase is wrapped when a directory holds no database.
var ErrNoDatabase = errors.New("sqlite: no database")

// Reader reads a database without the server that owns it, which may be running
// or not: whoever verifies a log must not have to believe the program that wrote
// it. It cannot write. It is used by one goroutine at a time.
type Reader struct {
	conn  *conn
	owned *Directory // nil: a server runs beside it
}

// OpenReader opens the database in the data directory path. While another
// process owns the directory, it reads beside that; otherwise it owns the
// directory itself until Close, so that nobody changes what it reads.
func OpenReader(ctx context.Context, path string) (_ *Reader, err error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("sqlite: data directory: %w", err)
	}
	database := filepath.Join(abs, databaseFile)
	if _, err := os.Stat(database); err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("%w in %s", ErrNoDatabase, path)
		}
		return nil, fmt.Errorf("sqlite: %w", err)
	}
	r := &Reader{}
	mode := "ro"
	switch r.owned, err = OwnDirectory(abs); {
	case errors.Is(err, ErrOwned):
		r.owned = nil
	case err != nil:
		return nil, err
	default:
		// A log that a crash has left is read too. Without one, none is made.
		if _, err := os.Lstat(database + "-wal"); errors.Is(err, fs.ErrNotExist) {
			mode = "still"
		}
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, r.Close())
		}
	}()
	if r.conn, err = openConn(ctx, database, mode, "query_only(1)", "cache_size(-4000)"); err != nil {
		return nil, fmt.Errorf("sqlite: opening %s: %w", database, err)
	}
	return r, r.checkVersion(ctx, database)
}

func (r *Reader) checkVersion(ctx context.Context, database string) error {
	known, err := knownVersion()
	if err != nil {
		return err
	}
	version, err := r.conn.judgeSchema(ctx, database)
	switch {
	case err != nil:
		return err
	case version < known:
		return fmt.Errorf("sqlite: %s is of an older version: bring it up to this one with hitherd migrate", database)
	default:
		return nil
	}
}

// Close gives back what OpenReader took.
func (r *Reader) Close() error {
	var errs []error
	if r.conn != nil {
		errs = append(errs, r.conn.close())
	}
	if r.owned != nil {
		errs = append(errs, r.owned.Close())
	}
	return errors.Join(errs...)
}

// System is what the whole installation shares.
func (r *Reader) System() (account.System, error) { return r.conn.system() }

// Whole says whether the tables of the log are whole: nil, or an error of one
// line. A value of another type than its column's, or a row that lies where it is
// not looked for, reads like the right one here and is not found elsewhere.
func (r *Reader) Whole(ctx context.Context) error {
	for _, table := range []string{"event", "checkpoint"} {
		var verdict string
		if err := r.conn.raw.QueryRowContext(ctx, "PRAGMA quick_check("+table+")").Scan(&verdict); err != nil {
			return unreadable(err)
		}
		if verdict != "ok" {
			return unreadable(fmt.Errorf("%w: %.200q", errDamage, verdict))
		}
	}
	return nil
}

// Newest is the newest checkpoint that is there: zero, if none is. sealed is how
// many rows it should cover.
func (r *Reader) Newest() (newest audit.Checkpoint, sealed int64, err error) {
	return r.conn.newestCheckpoint()
}

// Checkpoints are all up to a size, the smallest first.
func (r *Reader) Checkpoints(upto int64) iter.Seq2[audit.Checkpoint, error] {
	return pages(math.MinInt64, upto, func(after int64) ([]audit.Checkpoint, error) {
		return r.conn.checkpoints(after, 500)
	}, func(p audit.Checkpoint) int64 { return p.Size })
}

// LastRow is the number of the newest event row; 0 without one.
func (r *Reader) LastRow() (no int64, err error) {
	_, err = r.conn.get(`SELECT coalesce(max(no), 0) FROM event`, nil, &no)
	return no, err
}

// Rows are all event rows up to a number, in order.
func (r *Reader) Rows(upto int64) iter.Seq2[audit.Row, error] {
	return pages(math.MinInt64, upto, func(after int64) ([]audit.Row, error) {
		return r.conn.rows(rowColumns+`WHERE no > ? ORDER BY no LIMIT ?`, after, 2000)
	}, func(row audit.Row) int64 { return row.No })
}

// pages goes through pages until one is empty or a number is beyond upto. Each
// page is a statement of its own, so that nobody waits for the whole.
func pages[T any](after, upto int64, read func(after int64) ([]T, error), number func(T) int64) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for {
			page, err := read(after)
			if err != nil {
				var none T
				yield(none, err)
				return
			}
			if len(page) == 0 {
				return
			}
			for _, v := range page {
				if after = number(v); after > upto || !yield(v, nil) {
					return
				}
			}
		}
	}
}

// EventFilter picks events. Zero fields pick all.
type EventFilter struct {
	Account *account.ID
	Type    account.EventType
	Since   time.Time
	Before  int64 // only rows with smaller numbers
}

// ListedEvent is an event with the name of its account; "" when the account is
// gone or there is none.
type ListedEvent struct {
	account.StoredEvent
	AccountName string
}

// Events lists those that a filter picks, the newest first, at most limit.
func (r *Reader) Events(f EventFilter, limit int) ([]ListedEvent, error) {
	const query = `SELECT event.no, event.at, event.type, event.account, event.credential, event.actor, event.address,
			event.browser, event.failed, event.detail, event.count, coalesce(account.name, '')
		FROM event LEFT JOIN account ON account.id = event.account
		WHERE event.no < ? AND (? IS NULL OR event.account = ?) AND (? = '' OR event.type = ?) AND event.at >= ?
		ORDER BY event.no DESC LIMIT ?`
	before, since := f.Before, int64(math.MinInt64)
	if before == 0 {
		before = math.MaxInt64
	}
	if !f.Since.IsZero() {
		since = millis(f.Since)
	}
	var id any
	if f.Account != nil {
		id = f.Account[:]
	}
	var list []ListedEvent
	args := []any{before, id, id, string(f.Type), string(f.Type), since, max(limit, 0)}
	err := r.conn.each(query, args, func(rows *sql.Rows) error {
		var e ListedEvent
		var err error
		e.StoredEvent, err = scanEvent(rows, &e.AccountName)
		list = append(list, e)
		return err
	})
	return list, err
}

// AccountID is the id of the account with a name; nil: there is none.
func (r *Reader) AccountID(name string) (*account.ID, error) {
	var id account.ID
	found, err := r.conn.get(`SELECT id FROM account WHERE folded = ?`, []any{account.FoldName(name)}, fixed(id[:]))
	if err != nil || !found {
		return nil, err
	}
	return &id, nil
}
