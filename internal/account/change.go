package account

import (
	"time"

	"github.com/hitherauth/hither/webauthn"
)

// Change is one of the structs below: what [Store.Apply] makes durable as a
// whole. Each says what the engine judges again inside its transaction and with
// which error it refuses. "Alive", "live" mean not yet expired at Event.At.
// An Event with an empty Type is not recorded.
type Change interface{ change() }

// Spend names the ceremony that a change consumes; a second use fails with
// ErrCeremonySpent, which is judged before everything else. So does a first one
// whose row would not outlive a row that Sweep has removed, whatever the clock
// says now: nobody can tell any more that it is the first.
type Spend struct {
	Ceremony  CeremonyID
	ExpiresAt time.Time // when the row may be swept
}

// CreateAccount makes an account with its first credential and signs it in.
//
// ErrInvitationUsed: the invitation is not live, fixes another name, or does
// not grant Account.Administrator; a setup invitation also once an administrator
// exists. ErrNameTaken. ErrCredentialExists: whoever has the credential id.
type CreateAccount struct {
	Spend      Spend
	Account    Account
	Credential Credential
	Session    Session
	Invitation *TokenHash // consumed; nil with open sign-up, which makes no administrator. A setup invitation ends all setup invitations
	Replaces   *TokenHash // session of the same browser that ends
	Event      Event
}

// AddCredential gives the account of Session another credential.
//
// ErrSessionEnded: the session is not alive or is not of Credential.AccountID.
// ErrDisabled. ErrCredentialExists: whoever has the credential id.
// ErrTooManyCredentials: the account has MaxCredentials.
type AddCredential struct {
	Spend      Spend
	Credential Credential
	Session    TokenHash // must still be alive, and its account active
	Event      Event
}

// SignIn opens a session and moves the credential's record on. The account keeps
// MaxSessions: one more ends the one that was not seen for longest, with an event
// like Event that says so.
//
// ErrNotFound: there is no such credential or it is not AccountID's. ErrDisabled.
// ErrSignCount: [WebAuthn L3 §7.2], unless both counters are zero. ErrBackupEligible.
//
// [WebAuthn L3 §7.2]: https://www.w3.org/TR/webauthn-3/#sctn-verifying-assertion
type SignIn struct {
	Spend          Spend
	CredentialID   webauthn.Bytes
	AccountID      ID // must own the credential, and be active
	SignCount      uint32
	BackupEligible bool // learnt when the record does not know it; otherwise must be equal
	BackupState    bool
	Session        Session
	Replaces       *TokenHash
	Event          Event
}

// Refuse spends a ceremony that was judged and refused.
type Refuse struct {
	Spend Spend
	Event Event
}

// RenameCredential gives a credential another name.
//
// ErrSessionEnded: the session is not alive or is not of AccountID. ErrNotFound:
// AccountID does not own the credential.
type RenameCredential struct {
	AccountID    ID
	CredentialID webauthn.Bytes
	Session      TokenHash // must still be alive
	Name         string
	Event        Event
}

// RemoveCredential also ends every session that the credential opened.
//
// ErrSessionEnded: the session is not alive or is not of AccountID. ErrNotFound:
// AccountID does not own the credential. ErrLastCredential.
type RemoveCredential struct {
	AccountID    ID
	CredentialID webauthn.Bytes
	Session      TokenHash // must still be alive
	Event        Event
}

// EndSessions ends one session (Only), or all but one (Except), or all of an account.
type EndSessions struct {
	AccountID ID
	Only      *ID // ErrNotFound when the account has no such session
	Except    *ID
	Event     Event
}

// TouchSession moves LastSeenAt forward, never back. ErrSessionEnded when there
// is no such session.
type TouchSession struct {
	TokenHash TokenHash
	At        time.Time
}

// CreateInvitation stores an invitation. ErrNotFound: it is for setup and an
// administrator exists.
type CreateInvitation struct {
	Invitation Invitation
	Event      Event
}

// TryInvitation judges a token that somebody brought; nil: it is live. A live
// one is let through whatever was guessed before, because 256 bits are not
// guessed: a limit would only let strangers shut its owner out.
//
// ErrInvitationUsed, which is the one refusal that leaves something behind: an
// invitation that is no longer live, or was made more than ClockSlack after At,
// is removed, so that a clock which is set back does not revive it; a token that
// no invitation has is counted. *GuessError instead when it would be one too many.
type TryInvitation struct {
	TokenHash TokenHash
	At        time.Time
	Guess     *Guess // nil: not counted, because who brings it has shown a live token before
}

// SetState of an account; disabling ends its sessions. ErrNotFound.
// ErrLastAdministrator: no other administrator would be active.
type SetState struct {
	AccountID ID
	State     State
	Event     Event
}

// RemoveAccount removes an account with its credentials and sessions; its
// events stay. ErrNotFound. ErrLastAdministrator as with SetState.
type RemoveAccount struct {
	AccountID ID
	Event     Event
}

// ClaimSystem stores RP ID and key check on a new database; ErrSystemDiffers
// when others are there.
type ClaimSystem struct {
	RPID     string
	KeyCheck []byte
}

// PutKeys adds keys and drops those that Drop names; a name that no key has is no error.
type PutKeys struct {
	Add  []Key
	Drop [][8]byte
	// Anew says that no key is left that sealed anything before: what Spend
	// refuses on account of swept rows cannot be opened any more, so that it is
	// forgotten. See System.SweptUntil.
	Anew bool
}

func (CreateAccount) change()    {}
func (AddCredential) change()    {}
func (SignIn) change()           {}
func (Refuse) change()           {}
func (RenameCredential) change() {}
func (RemoveCredential) change() {}
func (EndSessions) change()      {}
func (TouchSession) change()     {}
func (CreateInvitation) change() {}
func (TryInvitation) change()    {}
func (SetState) change()         {}
func (RemoveAccount) change()    {}
func (ClaimSystem) change()      {}
func (PutKeys) change()          {}
