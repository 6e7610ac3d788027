package account_test

import (
	"crypto/rand"
	"strings"
	"testing"

	"github.com/hitherauth/hither/internal/account"
	"github.com/hitherauth/hither/internal/secret/secrettest"
)

func TestTokenDoesNotPrint(t *testing.T) {
	t.Parallel()
	token, err := account.NewToken(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := account.ParseToken(token.Reveal())
	if err != nil || !raw.Equal(token) {
		t.Fatalf("the token does not come back: %v", err)
	}
	secrettest.Check(t, "account.Token", token, decode(t, token.Reveal()))
	secrettest.Check(t, "account.Opened", account.Opened{Token: token}, decode(t, token.Reveal()))
}

func TestParseToken(t *testing.T) {
	t.Parallel()
	token, err := account.NewToken(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	s := token.Reveal()
	for _, bad := range []string{
		"", s[:42], s + "A", s + "=", s + "\n", "\n" + s[1:], s[:20] + "\r\n" + s[22:], "+" + s[1:], "/" + s[1:], " " + s[1:],
		s[:42] + "B", // bits that no byte has
	} {
		got, err := account.ParseToken(bad)
		if err == nil && bad != s {
			t.Errorf("%q was read as a token", bad)
		}
		if err != nil {
			if !got.Equal(account.Token{}) {
				t.Errorf("%q: an error and a token", bad)
			}
			if len(bad) > 10 && strings.Contains(err.Error(), bad[5:20]) {
				t.Errorf("the error repeats the text: %v", err)
			}
		}
	}
}

func FuzzParseToken(f *testing.F) {
	f.Add(strings.Repeat("A", 43))
	f.Add("")
	f.Add(strings.Repeat("A", 42) + "B")
	f.Add(strings.Repeat("A", 41) + "\r\n")
	f.Fuzz(func(t *testing.T, s string) {
		token, err := account.ParseToken(s)
		if err != nil {
			if !token.Equal(account.Token{}) {
				t.Errorf("%q: an error and a token", s)
			}
			return
		}
		if got := token.Reveal(); got != s {
			t.Errorf("got %q, want %q", got, s)
		}
	})
}

func FuzzParseID(f *testing.F) {
	f.Add(strings.Repeat("A", 22))
	f.Add("")
	f.Add(strings.Repeat("A", 21) + "B")
	f.Fuzz(func(t *testing.T, s string) {
		id, err := account.ParseID(s)
		if err != nil {
			if id != (account.ID{}) {
				t.Errorf("%q: an error and an id", s)
			}
			return
		}
		if got := id.String(); got != s {
			t.Errorf("got %q, want %q", got, s)
		}
	})
}
