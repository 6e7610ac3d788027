package sqlite

import (
	"context"
	"database/sql"
	"time"

	"github.com/hitherauth/hither/internal/account"
)

// sweepLength bounds the rows that one sweep removes in one transaction, so
// that nobody waits long behind it.
const sweepLength = 500

// Sweep implements account.Store. Its batches go through the same queue as
// everybody's changes.
func (s *Store) Sweep(ctx context.Context, now time.Time) error {
	for _, batch := range []func(*conn, time.Time) (int64, error){
		sweeping(`DELETE FROM session WHERE no IN (SELECT no FROM session WHERE expires_at <= ?1 LIMIT ?2)`),
		sweepSpent,
		sweeping(`DELETE FROM invitation WHERE token_hash IN (SELECT token_hash FROM invitation WHERE expires_at <= ?1 LIMIT ?2)`),
		// A minute that is over; one more for events that come late.
		sweeping(`DELETE FROM tally WHERE (minute, type, account, prefix) IN
			(SELECT minute, type, account, prefix FROM tally WHERE minute < ?1 / 60000 - 1 LIMIT ?2)`),
		sweepGuesses,
		settleGuesses,
	} {
		for {
			var n int64
			err := s.writer.do(ctx, &request{apply: func(c *conn) (err error) {
				n, err = batch(c, now)
				return err
			}})
			if err != nil {
				return err
			}
			if n < sweepLength {
				break
			}
		}
	}
	return nil
}

// sweeping is a batch of one statement.
func sweeping(query string) func(*conn, time.Time) (int64, error) {
	return func(c *conn, now time.Time) (int64, error) { return c.exec(query, millis(now), sweepLength) }
}

// sweepSpent removes the rows that expire first and remembers until when, so
// that none of their ceremonies is spent again when the clock is set back.
func sweepSpent(c *conn, now time.Time) (int64, error) {
	const last = `SELECT max(expires_at) FROM (SELECT expires_at FROM spent WHERE expires_at <= ? ORDER BY expires_at LIMIT ?)`
	var until sql.Null[int64]
	if _, err := c.get(last, []any{millis(now), sweepLength}, &until); err != nil || !until.Valid {
		return 0, err
	}
	if _, err := c.exec(`UPDATE system SET swept_until = max(swept_until, ?) WHERE only = 1`, until.V); err != nil {
		return 0, err
	}
	return c.exec(`DELETE FROM spent WHERE expires_at <= ?`, until.V)
}

func sweepGuesses(c *conn, now time.Time) (int64, error) {
	const query = `DELETE FROM guess WHERE (kind, subject) IN (SELECT kind, subject FROM guess WHERE full_at <= ? LIMIT ?)`
	n, err := c.exec(query, millis(now), sweepLength)
	if err != nil || n == 0 {
		return 0, err
	}
	_, err = c.exec(`UPDATE system SET guesses = guesses - ? WHERE only = 1`, n)
	return n, err
}

// settleGuesses puts right what a clock that was ahead has left: a budget that
// is used up is whole again within the window.
func settleGuesses(c *conn, now time.Time) (int64, error) {
	const query = `UPDATE guess SET full_at = ?1 WHERE (kind, subject) IN (SELECT kind, subject FROM guess WHERE full_at > ?2 LIMIT ?3)`
	full := millis(now) + guessWindow
	return c.exec(query, full, full+account.ClockSlack.Milliseconds(), sweepLength)
}
