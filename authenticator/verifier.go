package authenticator

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/hitherauth/hither/ctap2"
	"github.com/hitherauth/hither/webauthn"
)

// Action is what a person is asked to consent to.
type Action int

// The actions. What is asked for comes from another device, or from a program on
// this one, in the name of a relying party.
const (
	// ActionCreate makes a credential for the one account.
	ActionCreate Action = iota + 1
	// ActionReplace makes one too; the one that is here for the account goes.
	ActionReplace
	// ActionExcluded tells the relying party that one of the credentials that it
	// named is here. Nothing is made.
	ActionExcluded
	// ActionSignIn signs in with one of the accounts, the newest first.
	ActionSignIn
	// ActionNothing tells the relying party that no credential here fits. There
	// are no accounts.
	ActionNothing
)

// String returns a word for a program's own log.
func (a Action) String() string {
	names := [...]string{"", "create", "replace", "excluded", "sign_in", "nothing"}
	if a <= 0 || int(a) >= len(names) {
		return fmt.Sprintf("action %d", int(a))
	}
	return names[a]
}

// Question is what a person is asked.
//
// The RP ID is a domain in ASCII and in lower case. All names are claims of
// whoever asks: UTF-8 of at most [MaxNameLength] bytes, with any characters in
// it. A terminal must not print them as they are.
type Question struct {
	Action       Action
	RelyingParty webauthn.RelyingPartyEntity
	Accounts     []webauthn.UserEntity
}

// Answer is what a person said. The zero value declines.
type Answer struct {
	// Consented: yes, do this.
	Consented bool
	// Verified: this person is the user, by a lock of the screen, a passphrase or
	// the like.
	Verified bool
	// Account is the index of the chosen one of Question.Accounts.
	Account int
}

// UserVerifier asks the person in front of the authenticator.
type UserVerifier interface {
	// Verify asks and waits for the answer. When ctx ends it takes the question
	// away and returns an error. An authenticator asks one question at a time.
	Verify(ctx context.Context, q Question) (Answer, error)
}

// ask asks the person, when it is this request's turn. An error that is no
// status code says that there was no answer.
func (a *Authenticator) ask(ctx context.Context, q Question) (Answer, error) {
	if a.config.Verifier == nil {
		return Answer{}, ctap2.StatusOperationDenied
	}
	asking, cancel := context.WithTimeoutCause(ctx, a.config.UserTimeout, ctap2.StatusUserActionTimeout)
	defer cancel()
	answer, err := a.config.Verifier.Verify(asking, q)
	if ctx.Err() != nil {
		return Answer{}, fmt.Errorf("authenticator: asking the user: %w", ctx.Err())
	}
	// A late yes is none: what the person saw is gone.
	if asking.Err() != nil {
		return Answer{}, ctap2.StatusUserActionTimeout
	}
	if err != nil {
		return Answer{}, fmt.Errorf("authenticator: asking the user: %w", err)
	}
	if !answer.Consented {
		return Answer{}, ctap2.StatusOperationDenied
	}
	if !answer.Verified && !a.config.AllowUnverified {
		return Answer{}, ctap2.StatusOperationDenied
	}
	if answer.Account < 0 || answer.Account >= max(1, len(q.Accounts)) {
		return Answer{}, errors.New("authenticator: the user verifier chose an account that was not shown")
	}
	return answer, nil
}

// turn waits until no other request is at work.
func (a *Authenticator) turn(ctx context.Context) (done func(), err error) {
	waiting := time.NewTimer(a.config.UserTimeout)
	defer waiting.Stop()
	select {
	case a.working <- struct{}{}:
		return func() { <-a.working }, nil
	case <-waiting.C:
		return nil, ctap2.StatusUserActionTimeout
	case <-ctx.Done():
		return nil, fmt.Errorf("authenticator: waiting for another request: %w", ctx.Err())
	}
}
