package sqlite

import (
	"database/sql"
	"errors"
	"net/netip"
	"strings"
	"time"

	"github.com/hitherauth/hither/internal/account"
	"github.com/hitherauth/hither/webauthn"
)

// How values look in columns, and back.

func millis(t time.Time) int64 { return t.UnixMilli() }

func moment(ms int64) time.Time { return time.UnixMilli(ms).UTC() }

func duration(ms int64) time.Duration { return time.Duration(ms) * time.Millisecond }

// address is NULL, 4 or 16 bytes. A zone means nothing later and is dropped.
func address(a netip.Addr) any {
	if !a.IsValid() {
		return nil
	}
	return a.Unmap().AsSlice()
}

func parseAddress(b []byte) netip.Addr {
	a, _ := netip.AddrFromSlice(b) // NULL is no address
	return a
}

// network is the address of a's network, empty when there is no address.
func network(a netip.Addr, bits4, bits6 int) []byte {
	a = a.Unmap().WithZone("")
	bits := bits4
	if a.Is6() {
		bits = bits6
	}
	p, err := a.Prefix(bits)
	if err != nil || !p.IsValid() {
		return []byte{}
	}
	return p.Addr().AsSlice()
}

// optional is NULL for nil.
func optional[T any](p *T) any {
	if p == nil {
		return nil
	}
	return *p
}

func parseOptional(v sql.Null[bool]) *bool {
	if !v.Valid {
		return nil
	}
	return &v.V
}

// blob is never NULL, which nil would be.
func blob(b []byte) []byte {
	if b == nil {
		return []byte{}
	}
	return b
}

func joinTransports(ts []webauthn.Transport) string {
	texts := make([]string, len(ts))
	for i, t := range ts {
		texts[i] = string(t)
	}
	return strings.Join(texts, ",")
}

func splitTransports(s string) []webauthn.Transport {
	if s == "" {
		return nil
	}
	var ts []webauthn.Transport
	for t := range strings.SplitSeq(s, ",") {
		ts = append(ts, webauthn.Transport(t))
	}
	return ts
}

var errWidth = errors.New("sqlite: a stored value has another width")

// fixed scans a column of a fixed width into an array that it is the slice of.
type fixed []byte

func (f fixed) Scan(v any) error {
	b, ok := v.([]byte)
	if !ok || len(b) != len(f) {
		return errWidth
	}
	copy(f, b)
	return nil
}

// accountRow is where the columns accountColumns are scanned into.
type accountRow struct {
	account   account.Account
	createdAt int64
}

const accountColumns = `account.id, account.user_handle, account.name, account.display_name,
	account.administrator, account.state, account.created_at`

func (r *accountRow) dest() []any {
	a := &r.account
	return []any{fixed(a.ID[:]), (*[]byte)(&a.UserHandle), &a.Name, &a.DisplayName, &a.Administrator, (*string)(&a.State), &r.createdAt}
}

func (r *accountRow) value() account.Account {
	r.account.CreatedAt = moment(r.createdAt)
	return r.account
}

// credentialRow is where the columns credentialColumns are scanned into.
type credentialRow struct {
	credential     account.Credential
	transports     string
	backupEligible sql.Null[bool]
	discoverable   sql.Null[bool]
	createdAt      int64
	usedAt         sql.Null[int64]
	usedAddress    []byte
	usedBrowser    sql.Null[string]
}

const credentialColumns = `credential.id, credential.public_key, credential.sign_count, credential.transports,
	credential.attachment, credential.aaguid, credential.backup_eligible, credential.backup_state, credential.discoverable,
	credential.attestation_format, credential.attestation_type, credential.name, credential.created_at,
	credential.last_used_at, credential.last_used_address, credential.last_used_browser`

func (r *credentialRow) dest() []any {
	c := &r.credential
	return []any{
		(*[]byte)(&c.ID), &c.PublicKey, &c.SignCount, &r.transports,
		&c.Attachment, fixed(c.AAGUID[:]), &r.backupEligible, &c.BackupState, &r.discoverable,
		&c.AttestationFormat, &c.AttestationType, &c.Name, &r.createdAt,
		&r.usedAt, &r.usedAddress, &r.usedBrowser,
	}
}

func (r *credentialRow) value(owner account.ID) account.Credential {
	c := r.credential
	c.AccountID = owner
	c.Transports = splitTransports(r.transports)
	c.BackupEligible = parseOptional(r.backupEligible)
	c.Discoverable = parseOptional(r.discoverable)
	c.CreatedAt = moment(r.createdAt)
	if r.usedAt.Valid {
		c.LastUse = &account.Use{At: moment(r.usedAt.V), Address: parseAddress(r.usedAddress), Browser: r.usedBrowser.V}
	}
	return c
}

// sessionRow is where the columns sessionColumns are scanned into.
type sessionRow struct {
	session                   account.Session
	authenticated, seen, ends int64
	address                   []byte
}

const sessionColumns = `session.id, session.token_hash, credential.id, session.bearer, session.user_verified,
	session.authenticated_at, session.last_seen_at, session.expires_at, session.address, session.browser`

func (r *sessionRow) dest() []any {
	s := &r.session
	return []any{
		fixed(s.ID[:]), fixed(s.TokenHash[:]), (*[]byte)(&s.CredentialID), &s.Bearer, &s.UserVerified,
		&r.authenticated, &r.seen, &r.ends, &r.address, &s.Client.Browser,
	}
}

func (r *sessionRow) value(owner account.ID) account.Session {
	s := r.session
	s.AccountID = owner
	s.AuthenticatedAt, s.LastSeenAt, s.ExpiresAt = moment(r.authenticated), moment(r.seen), moment(r.ends)
	s.Client.Address = parseAddress(r.address)
	return s
}
