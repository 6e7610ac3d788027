package account_test

import (
	"testing"

	"github.com/hitherauth/hither/internal/account"
)

func TestLastAdministrator(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	root := h.setUp()
	wantError(t, h.Disable(t.Context(), "root"), account.ErrLastAdministrator)
	wantError(t, h.Remove(t.Context(), "root"), account.ErrLastAdministrator)
	h.authenticated(root.opened.Token)
	inv, _, err := h.Invite(t.Context(), "second", true, 0)
	wantError(t, err, nil)
	r := h.registering("second")
	r.Invitation = &inv.TokenHash
	h.registered(r)
	wantError(t, h.Disable(t.Context(), "root"), nil)
	wantError(t, h.Disable(t.Context(), "second"), account.ErrLastAdministrator)
	wantError(t, h.Remove(t.Context(), "root"), nil)
	wantError(t, h.Remove(t.Context(), "root"), account.ErrNotFound)
}

func TestDisable(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	g := h.register("ada")
	wantError(t, h.Disable(t.Context(), "ADA"), nil)
	h.notAuthenticated(g.opened.Token, account.ErrSessionEnded)
	_, err := h.SignIn(t.Context(), account.SigningIn{Spend: h.spend(), Account: g.account, CredentialID: g.credential.ID, BackupEligible: true})
	wantError(t, err, account.ErrDisabled)
	wantError(t, h.Enable(t.Context(), "ada"), nil)
	h.notAuthenticated(g.opened.Token, account.ErrSessionEnded)
	h.authenticated(h.signIn(g).Token)
	wantError(t, h.Disable(t.Context(), "nobody"), account.ErrNotFound)
}
