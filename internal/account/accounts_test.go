package account_test

import (
	"context"
	"crypto/rand"
	"errors"
	"net/netip"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/hitherauth/hither/internal/account"
	"github.com/hitherauth/hither/internal/store/sqlite"
	"github.com/hitherauth/hither/webauthn"
)

// house is Accounts on a real database, with a clock that the test moves.
type house struct {
	*account.Accounts
	t     *testing.T
	store *sqlite.Store

	mu  sync.Mutex
	now time.Time
}

func newHouse(t *testing.T) *house {
	t.Helper()
	dir, err := sqlite.OwnDirectory(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	store, err := sqlite.Open(t.Context(), sqlite.Config{Directory: dir})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := errors.Join(store.Close(), dir.Close()); err != nil {
			t.Error(err)
		}
	})
	h := &house{t: t, store: store, now: time.Date(2026, 11, 22, 16, 0, 0, 123456789, time.UTC)}
	h.Accounts = account.New(account.Config{Store: store, Now: h.clock})
	return h
}

func (h *house) clock() time.Time {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.now
}

func (h *house) pass(d time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.now = h.now.Add(d)
}

func random(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.Read(b) // never fails
	return b
}

func (h *house) spend() account.Spend {
	return account.Spend{Ceremony: account.CeremonyID(random(16)), ExpiresAt: h.clock().Add(5 * time.Minute)}
}

func (h *house) client() account.Client {
	return account.Client{Address: netip.MustParseAddr("192.0.2.7"), Browser: "Firefox on Linux"}
}

func (h *house) registering(name string) account.Registering {
	h.t.Helper()
	handle, err := h.NewUserHandle()
	if err != nil {
		h.t.Fatal(err)
	}
	return account.Registering{
		Spend:   h.spend(),
		Account: account.Account{Name: name, UserHandle: handle},
		Credential: account.Credential{
			ID: random(20), PublicKey: random(77), BackupEligible: new(true), AttestationFormat: "none", Attachment: "platform",
		},
		Client:       h.client(),
		UserVerified: true,
	}
}

// guest is somebody who is registered and signed in.
type guest struct {
	account    account.Account
	credential account.Credential
	opened     account.Opened
}

func (h *house) register(name string) guest {
	h.t.Helper()
	return h.registered(h.registering(name))
}

func (h *house) registered(r account.Registering) guest {
	h.t.Helper()
	acc, cred, opened, err := h.Register(h.t.Context(), r)
	if err != nil {
		h.t.Fatal(err)
	}
	return guest{acc, cred, opened}
}

func (h *house) signIn(g guest) account.Opened {
	h.t.Helper()
	opened, err := h.SignIn(h.t.Context(), account.SigningIn{
		Spend: h.spend(), Account: g.account, CredentialID: g.credential.ID, BackupEligible: true, UserVerified: true, Client: h.client(),
	})
	if err != nil {
		h.t.Fatal(err)
	}
	return opened
}

func (h *house) setUp() guest {
	h.t.Helper()
	token, err := h.Setup(h.t.Context())
	if err != nil {
		h.t.Fatal(err)
	}
	r := h.registering("Root")
	r.Invitation = new(token.Hash())
	return h.registered(r)
}

func (h *house) authenticated(token account.Token) account.Session {
	h.t.Helper()
	s, _, err := h.Authenticate(h.t.Context(), token)
	if err != nil {
		h.t.Fatal(err)
	}
	return s
}

func (h *house) notAuthenticated(token account.Token, want error) {
	h.t.Helper()
	_, _, err := h.Authenticate(h.t.Context(), token)
	wantError(h.t, err, want)
}

func wantError(t *testing.T, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("got error %v, want %v", err, want)
	}
}

func wantSame(t *testing.T, got, want any) {
	t.Helper()
	if diff := cmp.Diff(want, got, cmpopts.EquateComparable(netip.Addr{})); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestRegisterAndSignIn(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	g := h.register("Ada")
	wantSame(t, g.account.Administrator, false)
	wantSame(t, g.account.DisplayName, "Ada")
	wantSame(t, len(g.account.UserHandle), 32)
	wantSame(t, g.credential.Name, "Firefox on Linux")
	wantSame(t, g.opened.Session.ExpiresAt, h.clock().Truncate(time.Millisecond).Add(30*24*time.Hour))
	wantSame(t, h.authenticated(g.opened.Token), g.opened.Session)

	stored, owner, err := h.Credential(t.Context(), g.credential.ID)
	wantError(t, err, nil)
	wantSame(t, stored, g.credential)
	wantSame(t, owner, g.account)

	h.pass(time.Hour)
	again := h.signIn(g)
	if again.Token.Equal(g.opened.Token) || again.Session.ID == g.opened.Session.ID {
		t.Error("a new authentication has an old token or id")
	}
	list, err := h.Sessions(t.Context(), g.account.ID)
	wantError(t, err, nil)
	wantSame(t, list, []account.Session{again.Session, g.opened.Session})

	for _, name := range []string{"ada", "ADA", " Ada "} {
		got, err := h.AccountByName(t.Context(), name)
		wantError(t, err, nil)
		wantSame(t, got, g.account)
	}
	for _, name := range []string{"", "nobody", "\x00", "a b"} {
		_, err := h.AccountByName(t.Context(), name)
		wantError(t, err, account.ErrNotFound)
	}
}

func TestRegisterRefuses(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.register("ada")
	r := h.registering("ADA")
	_, _, _, err := h.Register(t.Context(), r)
	wantError(t, err, account.ErrNameTaken)
	r = h.registering("a/b")
	_, _, _, err = h.Register(t.Context(), r)
	if _, ok := errors.AsType[*account.NameError](err); !ok {
		t.Errorf("got error %v, want a NameError", err)
	}
	r = h.registering("bob")
	r.Account.Administrator = true // is not asked
	wantSame(t, h.registered(r).account.Administrator, false)
	r = h.registering("carol")
	r.Account.UserHandle = nil
	if _, _, _, err := h.Register(t.Context(), r); err == nil {
		t.Error("an account without a user handle was made")
	}
}

func TestCredentialNames(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	g := h.register("ada")
	add := func(edit func(*account.Credential, *account.Client)) string {
		t.Helper()
		c := account.Credential{ID: random(20), PublicKey: random(77)}
		client := h.client()
		edit(&c, &client)
		c, err := h.AddCredential(t.Context(), g.opened.Session, h.spend(), c, client)
		if err != nil {
			t.Fatal(err)
		}
		return c.Name
	}
	for _, row := range []struct {
		want string
		edit func(*account.Credential, *account.Client)
	}{
		{"Firefox on Linux 2", func(*account.Credential, *account.Client) {}},
		{"Firefox on Linux 3", func(*account.Credential, *account.Client) {}},
		{"Passkey", func(_ *account.Credential, c *account.Client) { c.Browser = "" }},
		{"Passkey 2", func(_ *account.Credential, c *account.Client) { c.Browser = "evil\u202e" }},
		{"Phone or tablet", func(c *account.Credential, _ *account.Client) {
			c.Attachment, c.Transports = "cross-platform", []webauthn.Transport{webauthn.TransportHybrid}
		}},
		{"Security key", func(c *account.Credential, _ *account.Client) {
			c.Attachment, c.Transports = "cross-platform", []webauthn.Transport{webauthn.TransportNFC, webauthn.TransportUSB}
		}},
		{"Mine", func(c *account.Credential, _ *account.Client) { c.Name = " Mine " }},
	} {
		wantSame(t, add(row.edit), row.want)
	}
	renamed, err := h.RenameCredential(t.Context(), g.opened.Session, g.credential.ID, "  Laptop  at home ", h.client())
	wantError(t, err, nil)
	wantSame(t, renamed.Name, "Laptop at home")
	_, err = h.RenameCredential(t.Context(), g.opened.Session, g.credential.ID, "a\nb", h.client())
	if _, ok := errors.AsType[*account.NameError](err); !ok {
		t.Errorf("got error %v, want a NameError", err)
	}
	_, err = h.RenameCredential(t.Context(), h.register("bob").opened.Session, g.credential.ID, "Mine", h.client())
	wantError(t, err, account.ErrNotFound)
}

func TestSetup(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	var links []account.Token
	for range 3 {
		token, err := h.Setup(t.Context())
		wantError(t, err, nil)
		links = append(links, token)
	}
	var wg sync.WaitGroup
	errs := make([]error, 2*len(links))
	for i := range errs {
		r := h.registering("root" + string(rune('a'+i)))
		r.Invitation = new(links[i%len(links)].Hash())
		wg.Go(func() { _, _, _, errs[i] = h.Register(t.Context(), r) })
	}
	wg.Wait()
	won := 0
	for _, err := range errs {
		if err == nil {
			won++
		} else {
			wantError(t, err, account.ErrInvitationUsed)
		}
	}
	wantSame(t, won, 1)
	_, err := h.Setup(t.Context())
	wantError(t, err, account.ErrNotFound)
	for _, l := range links {
		_, err := h.Invitation(t.Context(), l, account.Client{})
		wantError(t, err, account.ErrInvitationUsed)
	}
	list, err := h.Accounts.Accounts(t.Context(), "", 10)
	wantError(t, err, nil)
	wantSame(t, len(list), 1)
	wantSame(t, list[0].Administrator, true)
}

func TestInvite(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.setUp()
	inv, token, err := h.Invite(t.Context(), "Bob", false, 0)
	wantError(t, err, nil)
	wantSame(t, inv.ExpiresAt.Sub(inv.CreatedAt), 24*time.Hour)
	got, err := h.Invitation(t.Context(), token, account.Client{})
	wantError(t, err, nil)
	wantSame(t, got, inv)
	r := h.registering("Mallory")
	r.Invitation = &inv.TokenHash
	_, _, _, err = h.Register(t.Context(), r)
	if _, ok := errors.AsType[*account.NameError](err); !ok {
		t.Errorf("another name: got error %v, want a NameError", err)
	}
	r.Account.Name = ""
	wantSame(t, h.registered(r).account.Name, "Bob")
	r = h.registering("bob2")
	r.Invitation = &inv.TokenHash
	_, _, _, err = h.Register(t.Context(), r)
	wantError(t, err, account.ErrInvitationUsed)

	_, _, err = h.Invite(t.Context(), "BOB", false, 0)
	wantError(t, err, account.ErrNameTaken)
	_, _, err = h.Invite(t.Context(), "", false, 7*24*time.Hour)
	wantError(t, err, nil)
	for _, d := range []time.Duration{-1, 7*24*time.Hour + 1} {
		_, _, err = h.Invite(t.Context(), "", false, d)
		wantError(t, err, account.ErrInvitationLife)
	}
	_, _, err = h.Invite(t.Context(), "b b", false, 0)
	if _, ok := errors.AsType[*account.NameError](err); !ok {
		t.Errorf("got error %v, want a NameError", err)
	}
	admin, _, err := h.Invite(t.Context(), "", true, 0)
	wantError(t, err, nil)
	r = h.registering("carol")
	r.Invitation = &admin.TokenHash
	wantSame(t, h.registered(r).account.Administrator, true)
}

func TestInvitationStaysExpired(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	inv, token, err := h.Invite(t.Context(), "", false, time.Hour)
	wantError(t, err, nil)
	h.pass(time.Hour - time.Millisecond)
	_, err = h.Invitation(t.Context(), token, account.Client{})
	wantError(t, err, nil)
	h.pass(time.Millisecond)
	_, err = h.Invitation(t.Context(), token, account.Client{})
	wantError(t, err, account.ErrInvitationUsed)
	h.pass(-30 * time.Minute)
	_, err = h.Invitation(t.Context(), token, account.Client{})
	wantError(t, err, account.ErrInvitationUsed)
	r := h.registering("ada")
	r.Invitation = &inv.TokenHash
	_, _, _, err = h.Register(t.Context(), r)
	wantError(t, err, account.ErrInvitationUsed)

	_, token, err = h.Invite(t.Context(), "", false, time.Hour)
	wantError(t, err, nil)
	h.pass(-24 * time.Hour)
	_, err = h.Invitation(t.Context(), token, account.Client{})
	wantError(t, err, account.ErrInvitationUsed)
}

func TestRefuseSpends(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	g := h.register("ada")
	spend := h.spend()
	event := account.Event{Type: account.EventAuthenticationFail, AccountID: &g.account.ID, Actor: account.ActorStranger, Check: "origin"}
	wantError(t, h.Refuse(t.Context(), spend, event), nil)
	wantError(t, h.Refuse(t.Context(), spend, event), account.ErrCeremonySpent)
	_, err := h.SignIn(t.Context(), account.SigningIn{Spend: spend, Account: g.account, CredentialID: g.credential.ID, BackupEligible: true})
	wantError(t, err, account.ErrCeremonySpent)

	// Swept when the ceremony is over, but not at once: the clock may go back a little.
	h.pass(5*time.Minute + time.Second)
	wantError(t, h.store.Sweep(context.WithoutCancel(t.Context()), h.clock()), nil)
	h.pass(-time.Minute)
	wantError(t, h.Refuse(t.Context(), spend, event), account.ErrCeremonySpent)
	list, err := h.store.Events(t.Context(), 0, 10)
	wantError(t, err, nil)
	wantSame(t, len(list), 2)
	if list[1].At.IsZero() || list[1].Check != "origin" {
		t.Errorf("got %+v", list[1])
	}
}
