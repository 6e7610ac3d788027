package sqlite

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/hitherauth/hither/internal/audit"
)

// Newest implements audit.Store.
func (s *Store) Newest(ctx context.Context) (audit.Checkpoint, error) {
	var p audit.Checkpoint
	err := s.read(ctx, func(c *conn) error {
		newest, sealed, err := c.newestCheckpoint()
		if err == nil && newest.Size != sealed {
			err = fmt.Errorf("%w: it covers %d rows, and %d are noted", audit.ErrBroken, newest.Size, sealed)
		}
		p = newest
		return err
	})
	if err != nil {
		return audit.Checkpoint{}, err
	}
	return p, nil
}

// newestCheckpoint is the newest checkpoint that is there: zero, if none is.
// sealed is how many rows it should cover.
func (c *conn) newestCheckpoint() (newest audit.Checkpoint, sealed int64, err error) {
	// One statement: between two of them there may be a further checkpoint.
	const query = `SELECT sealer.size, coalesce(checkpoint.size, 0), coalesce(last, 0), coalesce(at, 0), edge, coalesce(note, '')
		FROM sealer LEFT JOIN checkpoint ON checkpoint.size = (SELECT max(size) FROM checkpoint) WHERE only = 1`
	var at int64
	found, err := c.get(query, nil, &sealed, &newest.Size, &newest.Last, &at, &newest.Edge, &newest.Note)
	switch {
	case err != nil:
		return audit.Checkpoint{}, 0, err
	case !found:
		return audit.Checkpoint{}, 0, &fault{errNoSystem}
	case newest.Size == 0:
		return audit.Checkpoint{}, sealed, nil
	}
	newest.At = moment(at)
	return newest, sealed, nil
}

// Epoch is that of the database: 1, and one more with each restore.
func (s *Store) Epoch(ctx context.Context) (epoch int64, err error) {
	err = s.one(ctx, `SELECT epoch FROM system WHERE only = 1`, nil, &epoch)
	return epoch, err
}

// checkpoints lists those of a size above after, the smallest first, at most limit.
func (c *conn) checkpoints(after int64, limit int) ([]audit.Checkpoint, error) {
	const query = `SELECT size, last, at, edge, note FROM checkpoint WHERE size > ? ORDER BY size LIMIT ?`
	var list []audit.Checkpoint
	err := c.each(query, []any{after, limit}, func(rows *sql.Rows) error {
		var p audit.Checkpoint
		var at int64
		err := rows.Scan(&p.Size, &p.Last, &at, &p.Edge, &p.Note)
		p.At = moment(at)
		list = append(list, p)
		return err
	})
	return list, err
}

// The driver gives nil for an empty blob too.
const rowColumns = `SELECT no, at, type, account, credential, actor, address, browser, failed, detail, count,
	account IS NULL, credential IS NULL, address IS NULL FROM event `

func (c *conn) rows(query string, args ...any) ([]audit.Row, error) {
	var list []audit.Row
	err := c.each(query, args, func(rows *sql.Rows) error {
		var r audit.Row
		var null [3]bool
		err := rows.Scan(&r.No, &r.At, &r.Type, &r.Account, &r.Credential, &r.Actor, &r.Address,
			&r.Browser, &r.Failed, &r.Detail, &r.Count, &null[0], &null[1], &null[2])
		for i, b := range []*[]byte{&r.Account, &r.Credential, &r.Address} {
			if !null[i] {
				*b = blob(*b)
			}
		}
		list = append(list, r)
		return err
	})
	return list, err
}

// Settled implements audit.Store.
func (s *Store) Settled(ctx context.Context, after int64, limit int, now time.Time) (audit.Settled, error) {
	// One statement, so that both parts see the same moment. A tally is given a
	// row when that is written and never again, so what no tally names is settled
	// for good.
	const (
		settledRows = rowColumns + `WHERE no > ?
			AND no < coalesce((SELECT min(event_no) FROM tally WHERE event_no IS NOT NULL), 9223372036854775807)
			ORDER BY no LIMIT ?`
		anyOver = `SELECT EXISTS (SELECT 1 FROM tally WHERE ` + countingOver + `)`
	)
	var answer audit.Settled
	err := s.read(ctx, func(c *conn) (err error) {
		if answer.Rows, err = c.rows(settledRows, after, max(limit, 0)); err != nil {
			return err
		}
		current, next := minuteAround(now)
		_, err = c.get(anyOver, []any{current, next}, &answer.Over)
		return err
	})
	if err != nil {
		return audit.Settled{}, err
	}
	return answer, nil
}

// Marks implements audit.Store.
func (s *Store) Marks(ctx context.Context, limit int) ([]audit.Mark, error) {
	const query = `SELECT size, at FROM checkpoint
		WHERE size >= (SELECT thinned FROM sealer WHERE only = 1) ORDER BY size LIMIT ?`
	var list []audit.Mark
	err := s.read(ctx, func(c *conn) error {
		return c.each(query, []any{max(limit, 0)}, func(rows *sql.Rows) error {
			var m audit.Mark
			var at int64
			err := rows.Scan(&m.Size, &at)
			m.At = moment(at)
			list = append(list, m)
			return err
		})
	})
	if err != nil {
		return nil, err
	}
	return list, nil
}
