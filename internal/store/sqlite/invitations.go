package sqlite

import "github.com/hitherauth/hither/internal/account"

func (c *conn) createInvitation(ch account.CreateInvitation) error {
	inv := ch.Invitation
	if inv.Setup {
		has, err := c.hasAdministrator()
		if err != nil {
			return err
		}
		if has {
			return account.ErrNotFound
		}
	}
	const query = `INSERT INTO invitation (token_hash, id, name, administrator, setup, created_at, expires_at) VALUES (?, ?, ?, ?, ?, ?, ?)`
	_, err := c.exec(query, inv.TokenHash[:], inv.ID[:], inv.Name, inv.Administrator, inv.Setup, millis(inv.CreatedAt), millis(inv.ExpiresAt))
	if err != nil {
		return err
	}
	return c.record(ch.Event)
}

// consumeInvitation takes the invitation away in one statement and makes sure
// that it grants what ch asks for.
func (c *conn) consumeInvitation(ch account.CreateAccount) error {
	if ch.Invitation == nil {
		if ch.Account.Administrator {
			return account.ErrInvitationUsed
		}
		return nil
	}
	const query = `DELETE FROM invitation WHERE token_hash = ? AND expires_at > ? RETURNING name, administrator, setup`
	var name string
	var administrator, setup bool
	found, err := c.get(query, []any{ch.Invitation[:], millis(ch.Event.At)}, &name, &administrator, &setup)
	if err != nil {
		return err
	}
	if !found ||
		administrator != ch.Account.Administrator ||
		name != "" && account.FoldName(name) != account.FoldName(ch.Account.Name) {
		return account.ErrInvitationUsed
	}
	if !setup {
		return nil
	}
	has, err := c.hasAdministrator()
	if err != nil {
		return err
	}
	if has {
		return account.ErrInvitationUsed
	}
	_, err = c.exec(`DELETE FROM invitation WHERE setup = 1`)
	return err
}

func (c *conn) tryInvitation(ch account.TryInvitation) error {
	const dead = `DELETE FROM invitation WHERE token_hash = ? AND (expires_at <= ? OR created_at > ?)`
	n, err := c.exec(dead, ch.TokenHash[:], millis(ch.At), millis(ch.At.Add(account.ClockSlack)))
	if err != nil {
		return err
	}
	if n > 0 {
		return &kept{account.ErrInvitationUsed}
	}
	live, err := c.get(`SELECT 1 FROM invitation WHERE token_hash = ?`, []any{ch.TokenHash[:]}, new(int64))
	if err != nil || live {
		return err
	}
	if ch.Guess == nil {
		return account.ErrInvitationUsed
	}
	g, err := c.guessing(*ch.Guess)
	if err != nil {
		return err
	}
	return g.wrong(account.ErrInvitationUsed)
}
