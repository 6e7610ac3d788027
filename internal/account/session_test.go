package account_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/hitherauth/hither/internal/account"
)

const day = 24 * time.Hour

func TestSessionLimits(t *testing.T) {
	t.Parallel()
	t.Run("idle", func(t *testing.T) {
		t.Parallel()
		h := newHouse(t)
		g := h.register("ada")
		h.pass(7*day - time.Millisecond)
		h.authenticated(g.opened.Token)
		h.pass(7*day - time.Millisecond)
		h.authenticated(g.opened.Token)
		h.pass(7 * day)
		h.notAuthenticated(g.opened.Token, account.ErrSessionEnded)
		h.pass(-day) // STO-18
		h.notAuthenticated(g.opened.Token, account.ErrSessionEnded)
	})
	t.Run("absolute", func(t *testing.T) {
		t.Parallel()
		h := newHouse(t)
		g := h.register("ada")
		for range 29 {
			h.pass(day)
			h.authenticated(g.opened.Token)
		}
		h.pass(day - time.Millisecond)
		h.authenticated(g.opened.Token)
		h.pass(time.Millisecond)
		h.notAuthenticated(g.opened.Token, account.ErrSessionEnded)
		h.pass(-2 * day)
		h.notAuthenticated(g.opened.Token, account.ErrSessionEnded)
	})
	t.Run("shorter_since", func(t *testing.T) {
		t.Parallel()
		h := newHouse(t)
		g := h.register("ada")
		strict := account.New(account.Config{Store: h.store, Now: h.clock, SessionLifetime: time.Hour})
		h.pass(time.Hour)
		_, _, err := strict.Authenticate(t.Context(), g.opened.Token)
		wantError(t, err, account.ErrSessionEnded)
	})
	t.Run("listed_while_they_live", func(t *testing.T) {
		t.Parallel()
		h := newHouse(t)
		g := h.register("ada")
		h.pass(4 * day)
		second := h.signIn(g)
		h.pass(4 * day)
		list, err := h.Sessions(t.Context(), g.account.ID)
		wantError(t, err, nil)
		wantSame(t, list, []account.Session{second.Session})
	})
}

// STO-18: nothing that has expired comes back, nothing lives for ever.
func TestClockJumps(t *testing.T) {
	t.Parallel()
	for _, jump := range []time.Duration{-time.Hour, -365 * day, -3650 * day} {
		h := newHouse(t)
		g := h.register("ada")
		h.pass(jump)
		if h.Fresh(g.opened.Session) {
			t.Errorf("%v: a session from the future is fresh", jump)
		}
		h.notAuthenticated(g.opened.Token, account.ErrSessionEnded)
		h.pass(-jump)
		h.notAuthenticated(g.opened.Token, account.ErrSessionEnded)
	}
	for _, jump := range []time.Duration{365 * day, 3650 * day} {
		h := newHouse(t)
		g := h.register("ada")
		h.pass(jump)
		h.notAuthenticated(g.opened.Token, account.ErrSessionEnded)
		opened := h.signIn(g)
		h.authenticated(opened.Token)
		h.pass(-jump)
		h.notAuthenticated(g.opened.Token, account.ErrSessionEnded)
		h.notAuthenticated(opened.Token, account.ErrSessionEnded)
	}
	// What a clock is corrected by now and then is no jump.
	h := newHouse(t)
	g := h.register("ada")
	h.pass(-30 * time.Second)
	h.authenticated(g.opened.Token)
	if !h.Fresh(g.opened.Session) {
		t.Error("half a minute back: not fresh")
	}
}

func TestTouchAtMostOnceAMinute(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	g := h.register("ada")
	began := g.opened.Session.LastSeenAt
	h.pass(59 * time.Second)
	wantSame(t, h.authenticated(g.opened.Token).LastSeenAt, began)
	h.pass(time.Second)
	wantSame(t, h.authenticated(g.opened.Token).LastSeenAt, began.Add(time.Minute))
	h.pass(59 * time.Second)
	wantSame(t, h.authenticated(g.opened.Token).LastSeenAt, began.Add(time.Minute))
	s, _, err := h.store.Session(t.Context(), g.opened.Token.Hash())
	wantError(t, err, nil)
	wantSame(t, s.LastSeenAt, began.Add(time.Minute))
}

func TestFresh(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	g := h.register("ada")
	h.pass(5*time.Minute - time.Millisecond)
	wantSame(t, h.Fresh(g.opened.Session), true)
	unverified := g.opened.Session
	unverified.UserVerified = false
	wantSame(t, h.Fresh(unverified), false)
	h.pass(time.Millisecond)
	wantSame(t, h.Fresh(g.opened.Session), false)
	// Being seen does not make it fresh.
	wantSame(t, h.Fresh(h.authenticated(g.opened.Token)), false)
	wantSame(t, h.Fresh(h.signIn(g).Session), true)
}

func TestRemoveCredential(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	g, other := h.register("ada"), h.register("bob")
	s := g.opened.Session
	wantError(t, h.RemoveCredential(t.Context(), s, g.credential.ID, h.client()), account.ErrLastCredential)
	second, err := h.AddCredential(t.Context(), s, h.spend(), account.Credential{
		ID: random(20), PublicKey: random(77), BackupEligible: new(true),
	}, h.client())
	wantError(t, err, nil)
	wantError(t, h.RemoveCredential(t.Context(), s, other.credential.ID, h.client()), account.ErrNotFound)
	wantError(t, h.RemoveCredential(t.Context(), s, random(20), h.client()), account.ErrNotFound)
	opened := h.signIn(guest{account: g.account, credential: second})
	h.pass(5 * time.Minute)
	wantError(t, h.RemoveCredential(t.Context(), s, second.ID, h.client()), account.ErrStepUp)
	fresh := h.signIn(g)
	wantError(t, h.RemoveCredential(t.Context(), fresh.Session, second.ID, h.client()), nil)
	h.notAuthenticated(opened.Token, account.ErrSessionEnded)
	h.authenticated(g.opened.Token)
	list, err := h.Credentials(t.Context(), g.account.ID)
	wantError(t, err, nil)
	wantSame(t, len(list), 1)
	wantError(t, h.RemoveCredential(t.Context(), fresh.Session, g.credential.ID, h.client()), account.ErrLastCredential)
}

func TestEndSessions(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	g, other := h.register("ada"), h.register("bob")
	second, third := h.signIn(g), h.signIn(g)
	wantError(t, h.EndSession(t.Context(), g.opened.Session, other.opened.Session.ID, h.client()), account.ErrNotFound)
	wantError(t, h.EndSession(t.Context(), g.opened.Session, second.Session.ID, h.client()), nil)
	h.notAuthenticated(second.Token, account.ErrSessionEnded)
	wantError(t, h.EndOtherSessions(t.Context(), g.opened.Session, h.client()), nil)
	h.notAuthenticated(third.Token, account.ErrSessionEnded)
	h.authenticated(g.opened.Token)
	wantError(t, h.EndSession(t.Context(), g.opened.Session, g.opened.Session.ID, h.client()), nil)
	h.notAuthenticated(g.opened.Token, account.ErrSessionEnded)
	h.authenticated(other.opened.Token)
	_, err := h.AddCredential(t.Context(), g.opened.Session, h.spend(), account.Credential{ID: random(20), PublicKey: random(77)}, h.client())
	wantError(t, err, account.ErrSessionEnded)
}

func TestReplacedSession(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	g := h.register("ada")
	opened, err := h.SignIn(t.Context(), account.SigningIn{
		Spend: h.spend(), Account: g.account, CredentialID: g.credential.ID, BackupEligible: true,
		Replaces: &g.opened.Session.TokenHash, Client: h.client(), Bearer: true,
	})
	wantError(t, err, nil)
	h.notAuthenticated(g.opened.Token, account.ErrSessionEnded)
	s := h.authenticated(opened.Token)
	wantSame(t, s.Bearer, true)
	wantSame(t, s.UserVerified, false)
}

// A store that cannot write still knows who is signed in.
func TestAuthenticateWithoutWriting(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	g := h.register("ada")
	h.pass(time.Hour)
	a := account.New(account.Config{Store: readOnly{h.store}, Now: h.clock})
	s, _, err := a.Authenticate(t.Context(), g.opened.Token)
	wantError(t, err, nil)
	wantSame(t, s.LastSeenAt, g.opened.Session.LastSeenAt)
	_, err = a.SignIn(t.Context(), account.SigningIn{Spend: h.spend(), Account: g.account, CredentialID: g.credential.ID})
	wantError(t, err, account.ErrUnavailable)
}

// readOnly is what a store on a full disk is like.
type readOnly struct{ account.Store }

func (readOnly) Apply(context.Context, account.Change) error {
	return errors.Join(account.ErrUnavailable, errors.New("disk is full"))
}
