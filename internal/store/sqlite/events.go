package sqlite

import (
	"context"
	"database/sql"
	"net/netip"

	"github.com/hitherauth/hither/internal/account"
)

// record writes an audit row within the transaction of what it records.
func (c *conn) record(e account.Event) error {
	if e.Type == "" {
		return nil
	}
	if e.Actor == account.ActorStranger {
		return c.tally(e)
	}
	_, err := c.insertEvent(e)
	return err
}

func (c *conn) insertEvent(e account.Event) (int64, error) {
	const query = `INSERT INTO event (at, type, account, credential, actor, address, browser, failed, detail, count)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 1) RETURNING no`
	var acc, credential any
	if e.AccountID != nil {
		acc = e.AccountID[:]
	}
	if e.CredentialID != nil {
		hash := account.CredentialHash(e.CredentialID)
		credential = hash[:]
	}
	var no int64
	_, err := c.get(query, []any{
		millis(e.At), string(e.Type), acc, credential, string(e.Actor), address(e.Client.Address), e.Client.Browser, e.Check, e.Detail,
	}, &no)
	return no, err
}

// tally writes a stranger's event: a row of its own for each of the first
// account.CountedAfter of its kind, and then one more row that counts the rest.
func (c *conn) tally(e account.Event) error {
	key := []any{millis(e.At) / 60_000, string(e.Type), []byte{}, prefix(e.Client.Address)}
	if e.AccountID != nil {
		key[2] = e.AccountID[:]
	}
	const count = `INSERT INTO tally (minute, type, account, prefix, n) VALUES (?, ?, ?, ?, 1)
		ON CONFLICT DO UPDATE SET n = n + 1 RETURNING n, event_no`
	var n int64
	var row sql.Null[int64]
	if _, err := c.get(count, key, &n, &row); err != nil {
		return err
	}
	if row.Valid {
		_, err := c.exec(`UPDATE event SET count = count + 1 WHERE no = ?`, row.V)
		return err
	}
	no, err := c.insertEvent(e)
	if err != nil || n <= account.CountedAfter {
		return err
	}
	const remember = `UPDATE tally SET event_no = ? WHERE minute = ? AND type = ? AND account = ? AND prefix = ?`
	_, err = c.exec(remember, append([]any{no}, key...)...)
	return err
}

// prefix is what one stranger can be assumed to have: a /24, or a /56.
func prefix(a netip.Addr) []byte { return network(a, 24, 56) }

// Events lists audit rows behind number after (0: from the first), at most
// limit, in the order in which they were written. The row that counts further
// events of a stranger can still change within its minute, until it is settled.
func (s *Store) Events(ctx context.Context, after int64, limit int) ([]account.StoredEvent, error) {
	const query = `SELECT no, at, type, account, credential, actor, address, browser, failed, detail, count
		FROM event WHERE no > ? ORDER BY no LIMIT ?`
	var list []account.StoredEvent
	err := s.read(ctx, func(c *conn) error {
		return c.each(query, []any{after, max(limit, 0)}, func(rows *sql.Rows) error {
			e, err := scanEvent(rows)
			list = append(list, e)
			return err
		})
	})
	if err != nil {
		return nil, err
	}
	return list, nil
}

// scanEvent reads an event, and what the query has behind it into more.
func scanEvent(rows *sql.Rows, more ...any) (account.StoredEvent, error) {
	var e account.StoredEvent
	var at int64
	var acc, credential, addr []byte
	err := rows.Scan(append([]any{
		&e.No, &at, (*string)(&e.Type), &acc, &credential, (*string)(&e.Actor), &addr,
		&e.Client.Browser, &e.Check, &e.Detail, &e.Count,
	}, more...)...)
	if err != nil {
		return account.StoredEvent{}, err
	}
	e.At = moment(at)
	e.Client.Address = parseAddress(addr)
	if acc != nil {
		e.AccountID = new(account.ID)
		if err := fixed(e.AccountID[:]).Scan(acc); err != nil {
			return account.StoredEvent{}, err
		}
	}
	if credential != nil {
		e.CredentialHash = new([16]byte)
		if err := fixed(e.CredentialHash[:]).Scan(credential); err != nil {
			return account.StoredEvent{}, err
		}
	}
	return e, nil
}
