package sqlite

import (
	"context"
	"database/sql"

	"github.com/hitherauth/hither/internal/account"
	"github.com/hitherauth/hither/webauthn"
)

// one reads at most one row: account.ErrNotFound without.
func (s *Store) one(ctx context.Context, query string, args []any, dest ...any) error {
	return s.read(ctx, func(c *conn) error {
		found, err := c.get(query, args, dest...)
		if err == nil && !found {
			return account.ErrNotFound
		}
		return err
	})
}

// AccountByName implements account.Store.
func (s *Store) AccountByName(ctx context.Context, name string) (account.Account, error) {
	const query = `SELECT ` + accountColumns + ` FROM account WHERE folded = ?`
	var r accountRow
	if err := s.one(ctx, query, []any{account.FoldName(name)}, r.dest()...); err != nil {
		return account.Account{}, err
	}
	return r.value(), nil
}

// Accounts implements account.Store.
func (s *Store) Accounts(ctx context.Context, after string, limit int) ([]account.Account, error) {
	const query = `SELECT ` + accountColumns + ` FROM account WHERE folded > ? ORDER BY folded LIMIT ?`
	var list []account.Account
	err := s.read(ctx, func(c *conn) error {
		return c.each(query, []any{account.FoldName(after), max(limit, 0)}, func(rows *sql.Rows) error {
			var r accountRow
			err := rows.Scan(r.dest()...)
			list = append(list, r.value())
			return err
		})
	})
	if err != nil {
		return nil, err
	}
	return list, nil
}

// Credential implements account.Store.
func (s *Store) Credential(ctx context.Context, id webauthn.Bytes) (account.Credential, account.Account, error) {
	const query = `SELECT ` + credentialColumns + `, ` + accountColumns + `
		FROM credential JOIN account ON account.no = credential.account_no WHERE credential.id = ?`
	var c credentialRow
	var a accountRow
	if err := s.one(ctx, query, []any{blob(id)}, append(c.dest(), a.dest()...)...); err != nil {
		return account.Credential{}, account.Account{}, err
	}
	owner := a.value()
	return c.value(owner.ID), owner, nil
}

// Credentials implements account.Store.
func (s *Store) Credentials(ctx context.Context, owner account.ID) ([]account.Credential, error) {
	const query = `SELECT ` + credentialColumns + `
		FROM account JOIN credential ON credential.account_no = account.no WHERE account.id = ? ORDER BY credential.no`
	var list []account.Credential
	err := s.read(ctx, func(c *conn) error {
		return c.each(query, []any{owner[:]}, func(rows *sql.Rows) error {
			var r credentialRow
			err := rows.Scan(r.dest()...)
			list = append(list, r.value(owner))
			return err
		})
	})
	if err != nil {
		return nil, err
	}
	return list, nil
}

// Session implements account.Store.
func (s *Store) Session(ctx context.Context, hash account.TokenHash) (account.Session, account.Account, error) {
	const query = `SELECT ` + sessionColumns + `, ` + accountColumns + `
		FROM session JOIN account ON account.no = session.account_no JOIN credential ON credential.no = session.credential_no
		WHERE session.token_hash = ?`
	var r sessionRow
	var a accountRow
	if err := s.one(ctx, query, []any{hash[:]}, append(r.dest(), a.dest()...)...); err != nil {
		return account.Session{}, account.Account{}, err
	}
	owner := a.value()
	return r.value(owner.ID), owner, nil
}

// Sessions implements account.Store.
func (s *Store) Sessions(ctx context.Context, owner account.ID) ([]account.Session, error) {
	const query = `SELECT ` + sessionColumns + `
		FROM account JOIN session ON session.account_no = account.no JOIN credential ON credential.no = session.credential_no
		WHERE account.id = ? ORDER BY session.last_seen_at DESC, session.no DESC`
	var list []account.Session
	err := s.read(ctx, func(c *conn) error {
		return c.each(query, []any{owner[:]}, func(rows *sql.Rows) error {
			var r sessionRow
			err := rows.Scan(r.dest()...)
			list = append(list, r.value(owner))
			return err
		})
	})
	if err != nil {
		return nil, err
	}
	return list, nil
}

// Invitation implements account.Store.
func (s *Store) Invitation(ctx context.Context, hash account.TokenHash) (account.Invitation, error) {
	const query = `SELECT id, name, administrator, setup, created_at, expires_at FROM invitation WHERE token_hash = ?`
	inv := account.Invitation{TokenHash: hash}
	var created, expires int64
	err := s.one(ctx, query, []any{hash[:]},
		fixed(inv.ID[:]), &inv.Name, &inv.Administrator, &inv.Setup, &created, &expires)
	if err != nil {
		return account.Invitation{}, err
	}
	inv.CreatedAt, inv.ExpiresAt = moment(created), moment(expires)
	return inv, nil
}

// System implements account.Store.
func (s *Store) System(ctx context.Context) (account.System, error) {
	var sys account.System
	err := s.read(ctx, func(c *conn) (err error) {
		sys, err = c.system()
		return err
	})
	if err != nil {
		return account.System{}, err
	}
	return sys, nil
}

func (c *conn) system() (account.System, error) {
	const (
		systemQuery = `SELECT coalesce(rp_id, ''), key_check, EXISTS (SELECT 1 FROM account WHERE administrator = 1), swept_until FROM system WHERE only = 1`
		keyQuery    = `SELECT id, purpose, wrapped, created_at, not_before FROM key ORDER BY created_at, id`
	)
	var sys account.System
	var swept int64
	found, err := c.get(systemQuery, nil, &sys.RPID, &sys.KeyCheck, &sys.HasAdministrator, &swept)
	if err != nil {
		return account.System{}, err
	}
	if !found {
		return account.System{}, &fault{errNoSystem}
	}
	if swept != 0 {
		sys.SweptUntil = moment(swept)
	}
	err = c.each(keyQuery, nil, func(rows *sql.Rows) error {
		var k account.Key
		var created, notBefore int64
		err := rows.Scan(fixed(k.ID[:]), &k.Purpose, &k.Wrapped, &created, &notBefore)
		k.CreatedAt, k.NotBefore = moment(created), moment(notBefore)
		sys.Keys = append(sys.Keys, k)
		return err
	})
	return sys, err
}
