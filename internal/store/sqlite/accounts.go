package sqlite

import (
	"bytes"

	"github.com/hitherauth/hither/internal/account"
)

func (c *conn) createAccount(ch account.CreateAccount) error {
	if err := c.spend(ch.Spend); err != nil {
		return err
	}
	if err := c.consumeInvitation(ch); err != nil {
		return err
	}
	const query = `INSERT INTO account (id, user_handle, name, folded, display_name, administrator, state, created_at)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (folded) DO NOTHING RETURNING no`
	var no int64
	a := ch.Account
	made, err := c.get(query, []any{
		a.ID[:], blob(a.UserHandle), a.Name, account.FoldName(a.Name), a.DisplayName, a.Administrator, string(a.State), millis(a.CreatedAt),
	}, &no)
	if err != nil {
		return err
	}
	if !made {
		return account.ErrNameTaken
	}
	credential, err := c.insertCredential(no, ch.Credential)
	if err != nil {
		return err
	}
	if err := c.openSession(no, credential, ch.Session, ch.Replaces, ch.Event); err != nil {
		return err
	}
	return c.record(ch.Event)
}

// hasAdministrator says whether there is one, active or not.
func (c *conn) hasAdministrator() (bool, error) {
	return c.get(`SELECT 1 FROM account WHERE administrator = 1 LIMIT 1`, nil, new(int64))
}

// lastAdministrator says whether no other administrator but account no is active.
func (c *conn) lastAdministrator(no int64) (bool, error) {
	const query = `SELECT administrator = 1 AND state = 'active' AND NOT EXISTS
		(SELECT 1 FROM account AS other WHERE other.administrator = 1 AND other.state = 'active' AND other.no <> account.no)
		FROM account WHERE no = ?`
	var last bool
	_, err := c.get(query, []any{no}, &last)
	return last, err
}

// accountNo finds an account: account.ErrNotFound without.
func (c *conn) accountNo(id account.ID) (int64, error) {
	var no int64
	found, err := c.get(`SELECT no FROM account WHERE id = ?`, []any{id[:]}, &no)
	if err == nil && !found {
		return 0, account.ErrNotFound
	}
	return no, err
}

func (c *conn) setState(ch account.SetState) error {
	no, err := c.accountNo(ch.AccountID)
	if err != nil {
		return err
	}
	if ch.State != account.StateActive {
		if err := c.refuseLastAdministrator(no); err != nil {
			return err
		}
		if _, err := c.exec(`DELETE FROM session WHERE account_no = ?`, no); err != nil {
			return err
		}
	}
	if _, err := c.exec(`UPDATE account SET state = ? WHERE no = ?`, string(ch.State), no); err != nil {
		return err
	}
	return c.record(ch.Event)
}

func (c *conn) refuseLastAdministrator(no int64) error {
	last, err := c.lastAdministrator(no)
	if err == nil && last {
		return account.ErrLastAdministrator
	}
	return err
}

func (c *conn) removeAccount(ch account.RemoveAccount) error {
	no, err := c.accountNo(ch.AccountID)
	if err != nil {
		return err
	}
	if err := c.refuseLastAdministrator(no); err != nil {
		return err
	}
	// Credentials and sessions go with it.
	if _, err := c.exec(`DELETE FROM account WHERE no = ?`, no); err != nil {
		return err
	}
	return c.record(ch.Event)
}

func (c *conn) claimSystem(ch account.ClaimSystem) error {
	const query = `UPDATE system SET rp_id = ?, key_check = ? WHERE only = 1 AND rp_id IS NULL`
	n, err := c.exec(query, ch.RPID, blob(ch.KeyCheck))
	if err != nil || n == 1 {
		return err
	}
	var rpID string
	var check []byte
	found, err := c.get(`SELECT rp_id, key_check FROM system WHERE only = 1`, nil, &rpID, &check)
	switch {
	case err != nil:
		return err
	case !found:
		return &fault{errNoSystem}
	case rpID != ch.RPID || !bytes.Equal(check, ch.KeyCheck):
		return account.ErrSystemDiffers
	}
	return nil
}

func (c *conn) putKeys(ch account.PutKeys) error {
	for _, id := range ch.Drop {
		if _, err := c.exec(`DELETE FROM key WHERE id = ?`, id[:]); err != nil {
			return err
		}
	}
	const query = `INSERT INTO key (id, purpose, wrapped, created_at, not_before) VALUES (?, ?, ?, ?, ?)`
	for _, k := range ch.Add {
		if _, err := c.exec(query, k.ID[:], k.Purpose, blob(k.Wrapped), millis(k.CreatedAt), millis(k.NotBefore)); err != nil {
			return err
		}
	}
	if !ch.Anew {
		return nil
	}
	_, err := c.exec(`UPDATE system SET swept_until = 0 WHERE only = 1`)
	return err
}
