package sqlite

import (
	"context"
	"time"
)

// sweepLength bounds the rows that one sweep removes in one transaction, so
// that nobody waits long behind it.
const sweepLength = 500

// Sweep implements account.Store. Its batches go through the same queue as
// everybody's changes.
func (s *Store) Sweep(ctx context.Context, now time.Time) error {
	for _, query := range []string{
		`DELETE FROM session WHERE no IN (SELECT no FROM session WHERE expires_at <= ? LIMIT ?)`,
		`DELETE FROM spent WHERE ceremony IN (SELECT ceremony FROM spent WHERE expires_at <= ? LIMIT ?)`,
		`DELETE FROM invitation WHERE token_hash IN (SELECT token_hash FROM invitation WHERE expires_at <= ? LIMIT ?)`,
		// A minute that is over; one more for events that come late.
		`DELETE FROM tally WHERE (minute, type, account, prefix) IN
			(SELECT minute, type, account, prefix FROM tally WHERE minute < ? / 60000 - 1 LIMIT ?)`,
	} {
		for {
			var n int64
			err := s.writer.do(ctx, &request{apply: func(c *conn) (err error) {
				n, err = c.exec(query, millis(now), sweepLength)
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
