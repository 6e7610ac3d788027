package account

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"maps"
	"time"

	"github.com/hitherauth/hither/webauthn"
)

const (
	// touchEvery bounds how often a session in use causes a write.
	touchEvery = time.Minute
	// ClockSlack is how far in the future a stored moment may lie before it is
	// taken for one from a clock that was wrong. Ceremony keys use the same
	// measure when the clock is seen to go back.
	ClockSlack = time.Minute
	// spendMargin keeps the row of a spent ceremony longer than the ceremony
	// lives: a clock that goes back by less than ClockSlack must find no
	// ceremony in time that the store takes for spent because of swept rows.
	spendMargin = 2 * ClockSlack
)

// Config configures New.
type Config struct {
	// Store is required.
	Store Store
	// SessionIdle ends a session that was not seen for so long; zero: 7 days.
	SessionIdle time.Duration
	// SessionLifetime ends a session so long after its authentication; zero: 30 days.
	SessionLifetime time.Duration
	// StepUp is how fresh the authentication must be for sensitive changes; zero: 5 minutes.
	StepUp time.Duration
	// Providers name new credentials, and old ones for people; nil: no names.
	Providers Providers
	Rand      io.Reader        // nil: crypto/rand
	Now       func() time.Time // nil: time.Now
}

// Accounts applies the rules between people, credentials, sessions and
// invitations. It keeps no state of its own and is safe for concurrent use.
type Accounts struct {
	store     Store
	idle      time.Duration
	lifetime  time.Duration
	stepUp    time.Duration
	providers Providers
	rand      io.Reader
	clock     func() time.Time
}

// New makes Accounts. It panics without a Store, which is a bug of the caller.
func New(c Config) *Accounts {
	if c.Store == nil {
		panic("account: Config.Store is nil")
	}
	a := &Accounts{
		store:     c.Store,
		idle:      cmp.Or(c.SessionIdle, 7*24*time.Hour),
		lifetime:  cmp.Or(c.SessionLifetime, 30*24*time.Hour),
		stepUp:    cmp.Or(c.StepUp, 5*time.Minute),
		providers: maps.Clone(c.Providers),
		rand:      c.Rand,
		clock:     c.Now,
	}
	if a.rand == nil {
		a.rand = rand.Reader
	}
	if a.clock == nil {
		a.clock = time.Now
	}
	return a
}

// now is the present as stores keep it.
func (a *Accounts) now() time.Time { return a.clock().UTC().Truncate(time.Millisecond) }

// Provider is the name by which people know what keeps c, as it says itself:
// see Providers. It is "" when nothing is known.
func (a *Accounts) Provider(c Credential) string { return a.providers.Name(c.AAGUID) }

// NewUserHandle makes a user handle for an account to be: 32 random bytes.
func (a *Accounts) NewUserHandle() (webauthn.Bytes, error) {
	b := make([]byte, 32)
	if _, err := io.ReadFull(a.rand, b); err != nil {
		return nil, fmt.Errorf("account: making a user handle: %w", err)
	}
	return b, nil
}

// AccountByName finds an account by its name in any case. ErrNotFound also for
// what cannot be a name.
func (a *Accounts) AccountByName(ctx context.Context, name string) (Account, error) {
	name, err := ParseName(name)
	if err != nil {
		return Account{}, ErrNotFound
	}
	return a.store.AccountByName(ctx, name)
}

// Accounts lists accounts by name, from behind after ("": from the first), at most limit.
func (a *Accounts) Accounts(ctx context.Context, after string, limit int) ([]Account, error) {
	return a.store.Accounts(ctx, after, limit)
}

// Credential finds a credential and who owns it, whatever the account's state.
func (a *Accounts) Credential(ctx context.Context, id webauthn.Bytes) (Credential, Account, error) {
	return a.store.Credential(ctx, id)
}

// Credentials lists an account's credentials, the oldest first.
func (a *Accounts) Credentials(ctx context.Context, account ID) ([]Credential, error) {
	return a.store.Credentials(ctx, account)
}

// RenameCredential gives one of the person's credentials another name: a
// *NameError, ErrSessionEnded, or ErrNotFound for a credential that is not theirs.
func (a *Accounts) RenameCredential(ctx context.Context, s Session, id webauthn.Bytes, name string, client Client) (Credential, error) {
	name, err := ParseCredentialName(name)
	if err != nil {
		return Credential{}, err
	}
	err = a.store.Apply(ctx, RenameCredential{
		AccountID:    s.AccountID,
		CredentialID: id,
		Session:      s.TokenHash,
		Name:         name,
		Event:        a.personEvent(EventCredentialRenamed, s.AccountID, id, client),
	})
	if err != nil {
		return Credential{}, err
	}
	c, _, err := a.store.Credential(ctx, id)
	return c, err
}

// RemoveCredential removes one of the person's credentials and ends every
// session that it opened, s too if it opened s. ErrStepUp unless s is fresh;
// ErrNotFound for a credential that is not theirs; ErrLastCredential.
func (a *Accounts) RemoveCredential(ctx context.Context, s Session, id webauthn.Bytes, client Client) error {
	if !a.Fresh(s) {
		return ErrStepUp
	}
	return a.store.Apply(ctx, RemoveCredential{
		AccountID:    s.AccountID,
		CredentialID: id,
		Session:      s.TokenHash,
		Event:        a.personEvent(EventCredentialRemoved, s.AccountID, id, client),
	})
}

// Disable keeps an account from signing in and ends its sessions.
// ErrLastAdministrator when no other administrator would be active.
func (a *Accounts) Disable(ctx context.Context, name string) error {
	return a.setState(ctx, name, StateDisabled, EventAccountDisabled)
}

// Enable undoes Disable. Sessions stay ended.
func (a *Accounts) Enable(ctx context.Context, name string) error {
	return a.setState(ctx, name, StateActive, EventAccountEnabled)
}

func (a *Accounts) setState(ctx context.Context, name string, state State, event EventType) error {
	acc, err := a.AccountByName(ctx, name)
	if err != nil {
		return err
	}
	return a.store.Apply(ctx, SetState{AccountID: acc.ID, State: state, Event: a.operatorEvent(event, &acc.ID, acc.Name)})
}

// Remove removes an account with its credentials and sessions.
// ErrLastAdministrator when no other administrator would be active.
func (a *Accounts) Remove(ctx context.Context, name string) error {
	acc, err := a.AccountByName(ctx, name)
	if err != nil {
		return err
	}
	return a.store.Apply(ctx, RemoveAccount{AccountID: acc.ID, Event: a.operatorEvent(EventAccountRemoved, &acc.ID, acc.Name)})
}

// Setup makes a setup link's token, or ErrNotFound when an administrator
// exists. Earlier ones stay good until one of them is used.
func (a *Accounts) Setup(ctx context.Context) (Token, error) {
	sys, err := a.store.System(ctx)
	if err != nil {
		return Token{}, err
	}
	if sys.HasAdministrator {
		return Token{}, ErrNotFound
	}
	_, token, err := a.invite(ctx, Invitation{Administrator: true, Setup: true}, setupLifetime, "setup")
	return token, err
}

// Invite makes an invitation on behalf of the operator. With a name it is for
// an account of that name (a *NameError, ErrNameTaken), without one the person
// chooses. A lifetime of zero is DefaultInvitationLifetime; ErrInvitationLife
// beyond MaxInvitationLifetime.
func (a *Accounts) Invite(ctx context.Context, name string, administrator bool, lifetime time.Duration) (Invitation, Token, error) {
	if lifetime < 0 || lifetime > MaxInvitationLifetime {
		return Invitation{}, Token{}, ErrInvitationLife
	}
	if name != "" {
		parsed, err := ParseName(name)
		if err != nil {
			return Invitation{}, Token{}, err
		}
		switch _, err := a.store.AccountByName(ctx, parsed); {
		case err == nil:
			return Invitation{}, Token{}, ErrNameTaken
		case !errors.Is(err, ErrNotFound):
			return Invitation{}, Token{}, err
		}
		name = parsed
	}
	detail := name
	if administrator {
		detail = "administrator " + name
	}
	return a.invite(ctx, Invitation{Name: name, Administrator: administrator}, cmp.Or(lifetime, DefaultInvitationLifetime), detail)
}

func (a *Accounts) invite(ctx context.Context, inv Invitation, lifetime time.Duration, detail string) (Invitation, Token, error) {
	token, err := NewToken(a.rand)
	if err != nil {
		return Invitation{}, Token{}, err
	}
	if inv.ID, err = NewID(a.rand); err != nil {
		return Invitation{}, Token{}, err
	}
	inv.TokenHash = token.Hash()
	inv.CreatedAt = a.now()
	inv.ExpiresAt = inv.CreatedAt.Add(lifetime)
	if err := a.store.Apply(ctx, CreateInvitation{Invitation: inv, Event: a.operatorEvent(EventInvitationCreated, nil, detail)}); err != nil {
		return Invitation{}, Token{}, err
	}
	return inv, token, nil
}

// Invitation finds the live invitation of a token that client has brought:
// ErrInvitationUsed otherwise, and a *GuessError after too many of those.
func (a *Accounts) Invitation(ctx context.Context, t Token, client Client) (Invitation, error) {
	return a.invitation(ctx, t.Hash(), &Guess{Address: client.Address, At: a.now()})
}

// invitation looks first, which costs no commit, and has the store judge what
// is not live.
func (a *Accounts) invitation(ctx context.Context, hash TokenHash, guess *Guess) (Invitation, error) {
	now := a.now()
	inv, err := a.store.Invitation(ctx, hash)
	if err != nil && !errors.Is(err, ErrNotFound) {
		return Invitation{}, err
	}
	if err == nil && now.Before(inv.ExpiresAt) && inv.CreatedAt.Sub(now) <= ClockSlack {
		return inv, nil
	}
	if err := a.store.Apply(ctx, TryInvitation{TokenHash: hash, At: now, Guess: guess}); err != nil {
		return Invitation{}, err
	}
	return a.store.Invitation(ctx, hash) // made since the first look
}

func (a *Accounts) personEvent(t EventType, account ID, credential webauthn.Bytes, client Client) Event {
	return Event{At: a.now(), Type: t, AccountID: &account, CredentialID: credential, Actor: ActorPerson, Client: client}
}

func (a *Accounts) operatorEvent(t EventType, account *ID, detail string) Event {
	return Event{At: a.now(), Type: t, AccountID: account, Actor: ActorOperator, Detail: detail}
}
