package term_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/hitherauth/hither/authenticator"
	"github.com/hitherauth/hither/internal/term"
	"github.com/hitherauth/hither/webauthn"
)

func users(names ...string) []webauthn.UserEntity {
	all := make([]webauthn.UserEntity, len(names))
	for i, n := range names {
		all[i] = webauthn.UserEntity{ID: []byte{1}, Name: n, DisplayName: n + " display"}
	}
	return all
}

func TestVerifier(t *testing.T) {
	t.Parallel()
	yes, no := authenticator.Answer{Consented: true, Verified: true}, authenticator.Answer{}
	second := yes
	second.Account = 1
	now := time.Unix(1_700_000_000, 0)
	for name, test := range map[string]struct {
		action  authenticator.Action
		users   []webauthn.UserEntity
		typed   time.Time
		answers []string
		want    authenticator.Answer
		shown   string
	}{
		"sign_in":          {authenticator.ActionSignIn, users("ada"), now, []string{"y"}, yes, "id.example wants to sign you in."},
		"account":          {authenticator.ActionSignIn, users("ada"), now, []string{"y"}, yes, "Account: “ada” (“ada display”)"},
		"create":           {authenticator.ActionCreate, users("ada"), now, []string{"yes"}, yes, "wants to keep a passkey here."},
		"replace":          {authenticator.ActionReplace, users("ada"), now, []string{"y"}, yes, "takes the place"},
		"excluded":         {authenticator.ActionExcluded, users("ada"), now, []string{"y"}, yes, "has a passkey here already"},
		"nothing":          {authenticator.ActionNothing, nil, now, []string{"y"}, yes, "there is no passkey for it here"},
		"declined":         {authenticator.ActionSignIn, users("ada"), now, []string{"n"}, no, "say no"},
		"no_answer":        {authenticator.ActionSignIn, users("ada"), now, []string{""}, no, "Sign in? [y/N]"},
		"closed":           {authenticator.ActionSignIn, users("ada"), now, nil, no, "Sign in?"},
		"second_account":   {authenticator.ActionSignIn, users("ada", "bob"), now, []string{"2"}, second, "2  “bob” (“bob display”)"},
		"no_account":       {authenticator.ActionSignIn, users("ada", "bob"), now, []string{""}, no, "Which account?"},
		"typed_long_ago":   {authenticator.ActionSignIn, users("ada"), now.Add(-2 * time.Minute), []string{"y", "wrong", "right"}, yes, "Passphrase of the vault"},
		"never_typed":      {authenticator.ActionSignIn, users("ada"), time.Time{}, []string{"y", "right"}, yes, "Passphrase of the vault"},
		"clock_went_back":  {authenticator.ActionSignIn, users("ada"), now.Add(time.Hour), []string{"y", "right"}, yes, "Passphrase of the vault"},
		"wrong_passphrase": {authenticator.ActionSignIn, users("ada"), time.Time{}, []string{"y", "a", "b", "c", "right"}, no, "Passphrase"},
		"no_passphrase":    {authenticator.ActionSignIn, users("ada"), time.Time{}, []string{"y", "", "right"}, no, "Passphrase"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			terminal, s := newAsked(t, test.answers...)
			v := &term.Verifier{
				Terminal: terminal, Typed: test.typed,
				Check: func(passphrase string) bool { return passphrase == "right" },
				Now:   func() time.Time { return now },
			}
			got, err := v.Verify(t.Context(), authenticator.Question{
				Action: test.action, RelyingParty: webauthn.RelyingPartyEntity{ID: "id.example", Name: "Example"}, Accounts: test.users,
			})
			if err != nil || got != test.want {
				t.Errorf("got %+v, %v; want %+v", got, err, test.want)
			}
			if all := s.all.String(); !strings.Contains(all, test.shown) {
				t.Errorf("%q was not shown:\n%s", test.shown, all)
			}
			wantShown(t, s)
		})
	}
}

func TestVerifierGivesUp(t *testing.T) {
	t.Parallel()
	s := newScreen(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	terminal := term.New(term.Config{In: typist{s, make(chan string)}, Out: s})
	v := &term.Verifier{Terminal: terminal, Check: func(string) bool { return true }}
	got, err := v.Verify(ctx, authenticator.Question{Action: authenticator.ActionSignIn, RelyingParty: webauthn.RelyingPartyEntity{ID: "id.example"}, Accounts: users("ada")})
	if !errors.Is(err, context.Canceled) || got != (authenticator.Answer{}) {
		t.Errorf("got %+v, %v", got, err)
	}
	wantShown(t, s)
}

// TestHostileQuestion asks in the name of somebody whose domain and names want to
// look like others.
func TestHostileQuestion(t *testing.T) {
	t.Parallel()
	terminal, s := newAsked(t, "")
	v := &term.Verifier{Terminal: terminal, Check: func(string) bool { return true }}
	_, err := v.Verify(t.Context(), authenticator.Question{
		Action:       authenticator.ActionSignIn,
		RelyingParty: webauthn.RelyingPartyEntity{ID: "login.bank.example." + strings.Repeat("a.", 80) + "evil.example", Name: "bank.example\x1b[2K"},
		Accounts:     users("ada” (bank.example)\u202e\x1b[1A\nSign in?" + strings.Repeat("x", 300)),
	})
	if err != nil {
		t.Fatal(err)
	}
	all := s.all.String()
	if !strings.Contains(all, "evil.example wants") || strings.Contains(all, "login.bank") {
		t.Errorf("the end of the domain must be seen:\n%s", all)
	}
	for _, bad := range []string{"\x1b[2K", "\x1b[1A", "\u202e"} {
		if strings.Contains(all, bad) {
			t.Errorf("%q reached the terminal", bad)
		}
	}
	if strings.Count(all, "\n") != 4 {
		t.Errorf("a name begins a line:\n%q", all)
	}
}
