package sqlite

import "github.com/hitherauth/hither/internal/account"

// openSession stores a session, and ends the one that it replaces and any that
// would be too many beside it. An event like e records the latter.
func (c *conn) openSession(owner, credential int64, s account.Session, replaces *account.TokenHash, e account.Event) error {
	if replaces != nil {
		if _, err := c.exec(`DELETE FROM session WHERE token_hash = ?`, replaces[:]); err != nil {
			return err
		}
	}
	if err := c.endSurplusSessions(owner, e); err != nil {
		return err
	}
	const query = `INSERT INTO session (account_no, credential_no, id, token_hash, bearer, user_verified,
		authenticated_at, last_seen_at, expires_at, address, browser) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`
	_, err := c.exec(query, owner, credential, s.ID[:], s.TokenHash[:], s.Bearer, s.UserVerified,
		millis(s.AuthenticatedAt), millis(s.LastSeenAt), millis(s.ExpiresAt), address(s.Client.Address), s.Client.Browser)
	return err
}

// endSurplusSessions makes room for one more session. The new one is not there
// yet: with a clock that went back it might be the one not seen for longest.
func (c *conn) endSurplusSessions(owner int64, e account.Event) error {
	const query = `DELETE FROM session WHERE no IN
		(SELECT no FROM session WHERE account_no = ? ORDER BY last_seen_at DESC, no DESC LIMIT -1 OFFSET ?)`
	n, err := c.exec(query, owner, account.MaxSessions-1)
	if err != nil || n == 0 || e.Type == "" {
		return err
	}
	e.Type, e.Detail = account.EventSessionEnded, "too many sessions"
	return c.record(e)
}

// liveSession finds the account that a session, alive at now, is of:
// account.ErrSessionEnded when it is over or not of that account.
func (c *conn) liveSession(hash account.TokenHash, id account.ID, now int64) (owner int64, _ account.State, _ error) {
	const query = `SELECT account.no, account.state FROM session JOIN account ON account.no = session.account_no
		WHERE session.token_hash = ? AND session.expires_at > ? AND account.id = ?`
	var state string
	found, err := c.get(query, []any{hash[:], now, id[:]}, &owner, &state)
	if err == nil && !found {
		return 0, "", account.ErrSessionEnded
	}
	return owner, account.State(state), err
}

func (c *conn) touchSession(ch account.TouchSession) error {
	const query = `UPDATE session SET last_seen_at = max(last_seen_at, ?) WHERE token_hash = ?`
	n, err := c.exec(query, millis(ch.At), ch.TokenHash[:])
	if err == nil && n == 0 {
		return account.ErrSessionEnded
	}
	return err
}

func (c *conn) endSessions(ch account.EndSessions) error {
	owner, err := c.accountNo(ch.AccountID)
	if err != nil {
		return err
	}
	switch {
	case ch.Only != nil:
		n, err := c.exec(`DELETE FROM session WHERE account_no = ? AND id = ?`, owner, ch.Only[:])
		if err != nil {
			return err
		}
		if n == 0 {
			return account.ErrNotFound
		}
	case ch.Except != nil:
		if _, err := c.exec(`DELETE FROM session WHERE account_no = ? AND id <> ?`, owner, ch.Except[:]); err != nil {
			return err
		}
	default:
		if _, err := c.exec(`DELETE FROM session WHERE account_no = ?`, owner); err != nil {
			return err
		}
	}
	return c.record(ch.Event)
}
