package account

import (
	"cmp"
	"context"
	"fmt"

	"github.com/hitherauth/hither/webauthn"
)

// Registering is a finished registration, about to be stored.
type Registering struct {
	Spend        Spend
	Account      Account    // Name ("": the invitation's), DisplayName ("": Name), UserHandle; the rest is made here
	Credential   Credential // Name "": one is made; AccountID and CreatedAt are made here
	Invitation   *TokenHash // nil: open sign-up
	Replaces     *TokenHash // session of the same browser that ends
	Client       Client
	Bearer       bool
	UserVerified bool
}

// Register makes an account with its first credential and signs it in.
//
// Errors: a *NameError, ErrInvitationUsed, ErrCeremonySpent, ErrNameTaken,
// ErrCredentialExists. The invitation alone decides who becomes an administrator.
func (a *Accounts) Register(ctx context.Context, r Registering) (Account, Credential, Opened, error) {
	acc, hash, err := a.newAccount(ctx, r)
	if err != nil {
		return Account{}, Credential{}, Opened{}, err
	}
	cred := r.Credential
	cred.AccountID, cred.CreatedAt, cred.LastUse = acc.ID, acc.CreatedAt, nil
	if cred.Name, err = a.credentialName(cred, r.Client, nil); err != nil {
		return Account{}, Credential{}, Opened{}, err
	}
	opened, err := a.open(Session{
		AccountID:    acc.ID,
		CredentialID: cred.ID,
		Bearer:       r.Bearer,
		UserVerified: r.UserVerified,
		Client:       r.Client,
	})
	if err != nil {
		return Account{}, Credential{}, Opened{}, err
	}
	event := a.personEvent(EventAccountCreated, acc.ID, cred.ID, r.Client)
	if acc.Administrator {
		event.Detail = "administrator"
	}
	err = a.store.Apply(ctx, CreateAccount{
		Spend:      kept(r.Spend),
		Account:    acc,
		Credential: cred,
		Session:    opened.Session,
		Invitation: hash,
		Replaces:   r.Replaces,
		Event:      event,
	})
	if err != nil {
		return Account{}, Credential{}, Opened{}, err
	}
	return acc, cred, opened, nil
}

// newAccount is the account that r asks for, and the hash of its invitation.
func (a *Accounts) newAccount(ctx context.Context, r Registering) (Account, *TokenHash, error) {
	acc := Account{UserHandle: r.Account.UserHandle, State: StateActive, CreatedAt: a.now()}
	if n := len(acc.UserHandle); n == 0 || n > 64 {
		return Account{}, nil, fmt.Errorf("account: user handle has %d bytes, not 1 to 64", n)
	}
	var hash *TokenHash
	var fixed string
	if r.Invitation != nil {
		inv, err := a.invitation(ctx, *r.Invitation, nil)
		if err != nil {
			return Account{}, nil, err
		}
		fixed, acc.Administrator, hash = inv.Name, inv.Administrator, &inv.TokenHash
	}
	var err error
	if acc.Name, err = ParseName(cmp.Or(r.Account.Name, fixed)); err != nil {
		return Account{}, nil, err
	}
	if fixed != "" && FoldName(acc.Name) != FoldName(fixed) {
		return Account{}, nil, &NameError{Reason: "This invitation is for another user name."}
	}
	if acc.DisplayName, err = ParseDisplayName(cmp.Or(r.Account.DisplayName, acc.Name)); err != nil {
		return Account{}, nil, err
	}
	if acc.ID, err = NewID(a.rand); err != nil {
		return Account{}, nil, err
	}
	return acc, hash, nil
}

// AddCredential stores another credential for the person of s. A session may
// begin this only while it is fresh (see Fresh); between begin and finish it may
// grow older, but must not end: ErrSessionEnded, ErrDisabled. Also
// ErrCeremonySpent, ErrCredentialExists and ErrTooManyCredentials.
func (a *Accounts) AddCredential(ctx context.Context, s Session, spend Spend, c Credential, client Client) (Credential, error) {
	taken, err := a.store.Credentials(ctx, s.AccountID)
	if err != nil {
		return Credential{}, err
	}
	c.AccountID, c.CreatedAt, c.LastUse = s.AccountID, a.now(), nil
	if c.Name, err = a.credentialName(c, client, taken); err != nil {
		return Credential{}, err
	}
	err = a.store.Apply(ctx, AddCredential{
		Spend:      kept(spend),
		Credential: c,
		Session:    s.TokenHash,
		Event:      a.personEvent(EventCredentialAdded, s.AccountID, c.ID, client),
	})
	if err != nil {
		return Credential{}, err
	}
	return c, nil
}

// Refuse spends a ceremony that was refused and records why. An e.At of zero
// is now. ErrCeremonySpent when it has been spent before: the refusal is then
// not recorded again.
func (a *Accounts) Refuse(ctx context.Context, s Spend, e Event) error {
	if e.At.IsZero() {
		e.At = a.now()
	}
	return a.store.Apply(ctx, Refuse{Spend: kept(s), Event: e})
}

// SigningIn is a finished authentication, about to be stored.
type SigningIn struct {
	Spend          Spend
	Account        Account // as the credential was found with
	CredentialID   webauthn.Bytes
	SignCount      uint32
	BackupEligible bool
	BackupState    bool
	UserVerified   bool
	Replaces       *TokenHash // session of the same browser that ends
	Client         Client
	Bearer         bool
}

// SignIn opens a session for a person whose credential has answered.
//
// Errors: ErrCeremonySpent, ErrNotFound, ErrDisabled, ErrSignCount,
// ErrBackupEligible. After one of the last four nothing is stored: the caller
// spends the ceremony with Refuse before it answers.
func (a *Accounts) SignIn(ctx context.Context, s SigningIn) (Opened, error) {
	opened, err := a.open(Session{
		AccountID:    s.Account.ID,
		CredentialID: s.CredentialID,
		Bearer:       s.Bearer,
		UserVerified: s.UserVerified,
		Client:       s.Client,
	})
	if err != nil {
		return Opened{}, err
	}
	err = a.store.Apply(ctx, SignIn{
		Spend:          kept(s.Spend),
		CredentialID:   s.CredentialID,
		AccountID:      s.Account.ID,
		SignCount:      s.SignCount,
		BackupEligible: s.BackupEligible,
		BackupState:    s.BackupState,
		Session:        opened.Session,
		Replaces:       s.Replaces,
		Event:          a.personEvent(EventSignedIn, s.Account.ID, s.CredentialID, s.Client),
	})
	if err != nil {
		return Opened{}, err
	}
	return opened, nil
}

// credentialName is the credential's own name, or one made for it.
func (a *Accounts) credentialName(c Credential, client Client, taken []Credential) (string, error) {
	if c.Name == "" {
		return defaultCredentialName(c, a.Provider(c), client.Browser, taken), nil
	}
	return ParseCredentialName(c.Name)
}

// kept is s with its row kept for as long as a clock that goes back needs it.
func kept(s Spend) Spend {
	s.ExpiresAt = s.ExpiresAt.Add(spendMargin)
	return s
}
