package term

import (
	"context"
	"errors"
	"fmt"
	"time"
	"unicode/utf8"

	"github.com/hitherauth/hither/authenticator"
	"github.com/hitherauth/hither/internal/cli"
	"github.com/hitherauth/hither/webauthn"
)

// freshness is how long ago a person may have typed the passphrase for it to count
// for the question that is asked now.
const freshness = time.Minute

// Verifier asks the person at a terminal what an authenticator wants to know, and
// has them prove by the vault's passphrase that they are its user.
type Verifier struct {
	// Terminal is where the person is. Required.
	Terminal *Terminal
	// Check says whether a passphrase is the vault's. Required.
	Check func(passphrase string) bool
	// Typed is when the person typed it last; zero: not yet.
	Typed time.Time
	// Now is the clock; nil means time.Now.
	Now func() time.Time
}

// Verify shows who wants what and asks. It is [authenticator.UserVerifier]'s.
func (v *Verifier) Verify(ctx context.Context, q authenticator.Question) (authenticator.Answer, error) {
	account, err := v.consent(ctx, q)
	if errors.Is(err, ErrDeclined) {
		return authenticator.Answer{}, nil
	}
	if err != nil {
		return authenticator.Answer{}, err
	}
	verified, err := v.verify(ctx)
	if errors.Is(err, ErrDeclined) || err == nil && !verified {
		return authenticator.Answer{}, nil
	}
	if err != nil {
		return authenticator.Answer{}, err
	}
	return authenticator.Answer{Consented: true, Verified: true, Account: account}, nil
}

// consent returns the account that the person agrees to.
func (v *Verifier) consent(ctx context.Context, q authenticator.Question) (account int, err error) {
	who := v.Terminal.domain(q.RelyingParty.ID)
	if q.Action == authenticator.ActionSignIn && len(q.Accounts) > 1 {
		options := make([]string, len(q.Accounts))
		for i, a := range q.Accounts {
			options[i] = v.Terminal.account(a)
		}
		return v.Terminal.Choose(ctx, who+" wants to sign you in. Which account?", options)
	}
	var above []string
	question := "Agree?"
	switch q.Action {
	case authenticator.ActionCreate, authenticator.ActionReplace:
		above, question = []string{who + " wants to keep a passkey here."}, "Create it?"
		if q.Action == authenticator.ActionReplace {
			above = append(above, "It takes the place of the one that is here for this account.")
		}
	case authenticator.ActionExcluded:
		above, question = []string{who + " has a passkey here already. No other one is made."}, "Tell it so?"
	case authenticator.ActionSignIn:
		above, question = []string{who + " wants to sign you in."}, "Sign in?"
	case authenticator.ActionNothing:
		above, question = []string{who + " wants to sign you in, and there is no passkey for it here."}, "Tell it so?"
	}
	if len(q.Accounts) > 0 {
		above = append(above, "Account: "+v.Terminal.account(q.Accounts[0]))
	}
	above = append(above, "If it was not you who began this, somebody else did: say no.")
	yes, err := v.Terminal.Confirm(ctx, question, above...)
	if err == nil && !yes {
		err = ErrDeclined
	}
	return 0, err
}

// verify finds out whether the person knows the passphrase.
func (v *Verifier) verify(ctx context.Context) (bool, error) {
	now := v.Now
	if now == nil {
		now = time.Now
	}
	if age := now().Sub(v.Typed); !v.Typed.IsZero() && age >= 0 && age <= freshness {
		return true, nil
	}
	for range attempts {
		passphrase, err := v.Terminal.Passphrase(ctx, "Passphrase of the vault, to prove that it is you: ")
		if err != nil || passphrase == "" {
			return false, err
		}
		if v.Check(passphrase) {
			v.Typed = now()
			return true, nil
		}
	}
	return false, nil
}

// beside is the room that a line has for the words beside a name.
const beside = 60

// domain is an RP ID as it is shown. What is too long loses its beginning: whose
// domain it is stands at its end.
func (t *Terminal) domain(id string) string {
	columns, _ := t.size()
	id = cli.Printable(id)
	room := max(columns-beside, 20)
	if n := utf8.RuneCountInString(id); n > room {
		return "…" + string([]rune(id)[n-room+1:])
	}
	return id
}

// maxShownName is how much of each name of an account is shown, in characters.
const maxShownName = 30

// account is an account as it is shown: in quotes, for it is a stranger's text.
func (t *Terminal) account(a webauthn.UserEntity) string {
	name := fmt.Sprintf("“%s”", Shorten(cli.Printable(a.Name), maxShownName))
	if a.DisplayName != "" && a.DisplayName != a.Name {
		name += fmt.Sprintf(" (“%s”)", Shorten(cli.Printable(a.DisplayName), maxShownName))
	}
	return name
}
