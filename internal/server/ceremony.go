package server

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"net/http"
	"slices"
	"time"

	"github.com/hitherauth/hither/internal/account"
	"github.com/hitherauth/hither/relyingparty"
	"github.com/hitherauth/hither/webauthn"
)

// browserID is what the browser cookie holds: 128 random bits that tie a
// ceremony to the browser that began it. It identifies nobody and opens
// nothing.
type browserID [16]byte

// browserOf reads the browser cookie. A cookie of another shape is none.
func browserOf(r *http.Request) (id browserID, ok bool) {
	value, count := ownCookie(r, cookieBrowser)
	if count != 1 {
		return browserID{}, false
	}
	b, err := base64.RawURLEncoding.Strict().DecodeString(value)
	if err != nil || len(b) != len(id) {
		return browserID{}, false
	}
	return browserID(b), true
}

// setBrowserCookie gives a browser a new identity: pages do when it has none,
// and every authentication does. It ends with the browser's run.
func setBrowserCookie(w http.ResponseWriter) browserID {
	var id browserID
	rand.Read(id[:])
	http.SetCookie(w, cookie(cookieBrowser, base64.RawURLEncoding.EncodeToString(id[:]), 0))
	return id
}

// bind ties a ceremony to the browser and to the session, if there is one.
// Both halves have a fixed length, so no two pairs make the same bytes.
func bind(id browserID, v visitor) relyingparty.Binding {
	h := sha256.New()
	h.Write(id[:])
	if v.live {
		h.Write(v.session.ID[:])
	}
	return h.Sum(nil)
}

// beginBinding is the binding of a ceremony that begins now. A client without
// a browser cookie gets one.
func (c *call) beginBinding() relyingparty.Binding {
	if c.related != "" {
		return bindRelated(c.related, c.visitor)
	}
	id, ok := browserOf(c.r)
	if !ok {
		id = setBrowserCookie(c.w)
	}
	return bind(id, c.visitor)
}

// finishBinding is what a ceremony that ends now must have been bound to.
func (c *call) finishBinding() (relyingparty.Binding, error) {
	if c.related != "" {
		return bindRelated(c.related, c.visitor), nil
	}
	id, ok := browserOf(c.r)
	if !ok {
		return nil, refuse(codeCeremonyInvalid, "")
	}
	return bind(id, c.visitor), nil
}

// spending names a ceremony for the store.
func spending(id relyingparty.CeremonyID, expiresAt time.Time) account.Spend {
	return account.Spend{Ceremony: account.CeremonyID(id), ExpiresAt: expiresAt}
}

// refused spends a ceremony that was open and is refused, records why, and
// gives the error to answer with. A ceremony is thus tried once, whatever
// comes of it.
func (s *Server) refused(c *call, sp account.Spend, e account.Event, answer code, cause error) error {
	ctx := c.r.Context()
	e.Client = c.client
	e.Actor = account.ActorStranger
	if c.visitor.live && e.AccountID != nil && *e.AccountID == c.visitor.account.ID {
		e.Actor = account.ActorPerson
	}
	e.Check = checkOf(cause)
	// The client may be gone; the ceremony is spent all the same.
	whole, cancel := context.WithTimeout(context.WithoutCancel(ctx), requestTimeout)
	defer cancel()
	if err := s.accounts.Refuse(whole, sp, e); err != nil {
		return err
	}
	s.logger.InfoContext(ctx, "ceremony refused", "request_id", c.id, "type", string(e.Type), "check", e.Check,
		"credential_id", credentialText(e.CredentialID), "address", addressText(c.client.Address), "browser", c.client.Browser, "duration_ms", c.elapsed(), "err", cause)
	c.even, c.refused = true, e.Check
	return refuseFor(answer, cause)
}

// checkOf names what failed, for the audit log.
func checkOf(err error) string {
	var verify *relyingparty.VerificationError
	switch {
	case errors.As(err, &verify):
		return string(verify.Check)
	case errors.Is(err, account.ErrDisabled):
		return "account_disabled"
	case errors.Is(err, account.ErrSessionEnded):
		return "session_ended"
	case errors.Is(err, account.ErrNameTaken):
		return "name_taken"
	case errors.Is(err, account.ErrCredentialExists):
		return "credential_exists"
	case errors.Is(err, account.ErrTooManyCredentials):
		return "credential_limit"
	case errors.Is(err, account.ErrInvitationUsed):
		return "invitation"
	case errors.Is(err, account.ErrSignCount):
		return string(relyingparty.CheckSignCount)
	case errors.Is(err, account.ErrBackupEligible):
		return string(relyingparty.CheckBackupEligible)
	case errors.Is(err, account.ErrNotFound):
		return "credential_unknown"
	default:
		return "other"
	}
}

// descriptors are an account's credentials as a browser is told of them: with
// sorted transports, as browsers list them, whatever a client once sent.
func descriptors(creds []account.Credential) []webauthn.CredentialDescriptor {
	out := make([]webauthn.CredentialDescriptor, len(creds))
	for i, c := range creds {
		out[i] = webauthn.CredentialDescriptor{Type: "public-key", ID: c.ID, Transports: slices.Sorted(slices.Values(c.Transports))}
	}
	return out
}
