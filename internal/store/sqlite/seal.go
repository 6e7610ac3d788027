package sqlite

import (
	"context"
	"time"

	"github.com/hitherauth/hither/internal/audit"
)

// What the sealer of the audit log writes. Each is one change in the writer's
// group, like everybody's.

var _ audit.Store = (*Store)(nil)

// settleLength bounds the rows that one step settles.
const settleLength = 500

// Seal implements audit.Store. A lease from before the store was opened does not
// count: its holder was in a process that had the data directory, and is gone.
func (s *Store) Seal(ctx context.Context, step audit.Seal) error {
	return s.writer.do(ctx, &request{apply: func(c *conn) error {
		err := c.seal(step, !s.leased)
		s.leased = s.leased || err == nil
		return err
	}})
}

func (c *conn) seal(s audit.Seal, anyway bool) error {
	const take = `UPDATE sealer SET holder = ?1, until = ?2, size = ?3
		WHERE only = 1 AND size = ?4 AND (holder IS NULL OR holder = ?1 OR until <= ?5 OR until > ?6 OR ?7)`
	size := s.From
	if s.Checkpoint != nil {
		size = s.Checkpoint.Size
	}
	latest := s.Until.Add(s.Until.Sub(s.Now))
	n, err := c.exec(take, s.Holder[:], millis(s.Until), size, s.From, millis(s.Now), millis(latest), anyway)
	if err != nil {
		return err
	}
	if n == 0 {
		return c.whyNotSealed(s.From)
	}
	if s.Checkpoint != nil {
		const add = `INSERT INTO checkpoint (size, last, at, edge, note) VALUES (?, ?, ?, ?, ?)`
		p := s.Checkpoint
		if _, err := c.exec(add, p.Size, p.Last, millis(p.At), blob(p.Edge), p.Note); err != nil {
			return err
		}
	}
	return c.settle(s.Now)
}

func (c *conn) whyNotSealed(from int64) error {
	same, err := c.get(`SELECT size FROM sealer WHERE only = 1 AND size = ?`, []any{from}, new(int64))
	switch {
	case err != nil:
		return err
	case !same:
		return audit.ErrOvertaken
	default:
		return audit.ErrLeased
	}
}

// countingOver picks the tallies whose rows are waited for in vain: their minute
// is over, or so far in the future that the clock must have gone back. Its
// arguments are those of minuteAround.
const countingOver = `event_no IS NOT NULL AND (minute < ? OR minute > ?)`

// minuteAround is the minute of now and the one that follows.
func minuteAround(now time.Time) (current, next int64) {
	current = millis(now) / 60_000
	return current, current + 1
}

// settle lets go of event rows that count. An event that comes late begins a
// row of its own.
func (c *conn) settle(now time.Time) error {
	const query = `UPDATE tally SET event_no = NULL WHERE (minute, type, account, prefix) IN
		(SELECT minute, type, account, prefix FROM tally WHERE ` + countingOver + ` ORDER BY event_no LIMIT ?)`
	current, next := minuteAround(now)
	_, err := c.exec(query, current, next, settleLength)
	return err
}

// Thin implements audit.Store.
func (s *Store) Thin(ctx context.Context, t audit.Thin) error {
	return s.writer.do(ctx, &request{apply: func(c *conn) error { return c.thin(t) }})
}

func (c *conn) thin(t audit.Thin) error {
	const mark = `UPDATE sealer SET thinned = ? WHERE only = 1 AND holder = ? AND until > ?`
	n, err := c.exec(mark, t.Upto, t.Holder[:], millis(t.Now))
	if err != nil {
		return err
	}
	if n == 0 {
		return audit.ErrLeased
	}
	const remove = `DELETE FROM checkpoint WHERE size = ? AND size < (SELECT size FROM sealer WHERE only = 1)`
	for _, size := range t.Drop {
		if _, err := c.exec(remove, size); err != nil {
			return err
		}
	}
	return nil
}

// Release implements audit.Store.
func (s *Store) Release(ctx context.Context, holder audit.Holder) error {
	const query = `UPDATE sealer SET holder = NULL, until = 0 WHERE only = 1 AND holder = ?`
	return s.writer.do(ctx, &request{apply: func(c *conn) error {
		_, err := c.exec(query, holder[:])
		return err
	}})
}
