package sqlite

import (
	"database/sql"

	"github.com/hitherauth/hither/internal/account"
	"github.com/hitherauth/hither/webauthn"
)

// insertCredential stores a credential of account no and returns its own number.
func (c *conn) insertCredential(owner int64, cr account.Credential) (int64, error) {
	const query = `INSERT INTO credential (account_no, id, public_key, sign_count, transports, attachment, aaguid,
			backup_eligible, backup_state, discoverable, attestation_format, attestation_type, name, created_at)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING RETURNING no`
	var no int64
	made, err := c.get(query, []any{
		owner, blob(cr.ID), blob(cr.PublicKey), int64(cr.SignCount), joinTransports(cr.Transports), cr.Attachment, cr.AAGUID[:],
		optional(cr.BackupEligible), cr.BackupState, optional(cr.Discoverable), cr.AttestationFormat, cr.AttestationType,
		cr.Name, millis(cr.CreatedAt),
	}, &no)
	if err == nil && !made {
		return 0, account.ErrCredentialExists
	}
	return no, err
}

func (c *conn) addCredential(ch account.AddCredential) error {
	if err := c.spend(ch.Spend); err != nil {
		return err
	}
	owner, state, err := c.liveSession(ch.Session, ch.Credential.AccountID, millis(ch.Event.At))
	if err != nil {
		return err
	}
	if state != account.StateActive {
		return account.ErrDisabled
	}
	if _, err := c.insertCredential(owner, ch.Credential); err != nil {
		return err
	}
	count, err := c.countCredentials(owner)
	if err != nil {
		return err
	}
	if count > account.MaxCredentials {
		return account.ErrTooManyCredentials
	}
	return c.record(ch.Event)
}

func (c *conn) countCredentials(owner int64) (n int64, err error) {
	_, err = c.get(`SELECT count(*) FROM credential WHERE account_no = ?`, []any{owner}, &n)
	return n, err
}

func (c *conn) renameCredential(ch account.RenameCredential) error {
	owner, _, err := c.liveSession(ch.Session, ch.AccountID, millis(ch.Event.At))
	if err != nil {
		return err
	}
	n, err := c.exec(`UPDATE credential SET name = ? WHERE id = ? AND account_no = ?`, ch.Name, blob(ch.CredentialID), owner)
	if err != nil {
		return err
	}
	if n == 0 {
		return account.ErrNotFound
	}
	return c.record(ch.Event)
}

func (c *conn) removeCredential(ch account.RemoveCredential) error {
	owner, _, err := c.liveSession(ch.Session, ch.AccountID, millis(ch.Event.At))
	if err != nil {
		return err
	}
	var no int64
	found, err := c.get(`SELECT no FROM credential WHERE id = ? AND account_no = ?`, []any{blob(ch.CredentialID), owner}, &no)
	if err != nil {
		return err
	}
	if !found {
		return account.ErrNotFound
	}
	count, err := c.countCredentials(owner)
	if err != nil {
		return err
	}
	if count < 2 {
		return account.ErrLastCredential
	}
	// Its sessions go with it.
	if _, err := c.exec(`DELETE FROM credential WHERE no = ?`, no); err != nil {
		return err
	}
	return c.record(ch.Event)
}

// signingIn is what a sign-in is judged by inside its transaction.
type signingIn struct {
	no, owner      int64
	account        account.ID
	state          string
	signCount      uint32
	backupEligible sql.Null[bool]
}

func (c *conn) findSigningIn(id webauthn.Bytes) (signingIn, error) {
	const query = `SELECT credential.no, account.no, account.id, account.state, credential.sign_count, credential.backup_eligible
		FROM credential JOIN account ON account.no = credential.account_no WHERE credential.id = ?`
	var s signingIn
	found, err := c.get(query, []any{blob(id)}, &s.no, &s.owner, fixed(s.account[:]), &s.state, &s.signCount, &s.backupEligible)
	if err == nil && !found {
		return signingIn{}, account.ErrNotFound
	}
	return s, err
}

func (s signingIn) judge(ch account.SignIn) error {
	switch {
	case s.account != ch.AccountID:
		return account.ErrNotFound
	case account.State(s.state) != account.StateActive:
		return account.ErrDisabled
	case (s.signCount != 0 || ch.SignCount != 0) && ch.SignCount <= s.signCount:
		return account.ErrSignCount
	case s.backupEligible.Valid && s.backupEligible.V != ch.BackupEligible:
		return account.ErrBackupEligible
	}
	return nil
}

func (c *conn) signIn(ch account.SignIn) error {
	if err := c.spend(ch.Spend); err != nil {
		return err
	}
	s, err := c.findSigningIn(ch.CredentialID)
	if err != nil {
		return err
	}
	if err := s.judge(ch); err != nil {
		return err
	}
	const query = `UPDATE credential SET sign_count = ?, backup_eligible = ?, backup_state = ?,
		last_used_at = ?, last_used_address = ?, last_used_browser = ? WHERE no = ?`
	client := ch.Session.Client
	_, err = c.exec(query, int64(ch.SignCount), ch.BackupEligible, ch.BackupState,
		millis(ch.Session.AuthenticatedAt), address(client.Address), client.Browser, s.no)
	if err != nil {
		return err
	}
	if err := c.openSession(s.owner, s.no, ch.Session, ch.Replaces, ch.Event); err != nil {
		return err
	}
	return c.record(ch.Event)
}
