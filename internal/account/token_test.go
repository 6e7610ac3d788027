package account_test

import (
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/hitherauth/hither/internal/account"
)

func TestTokenDoesNotPrint(t *testing.T) {
	t.Parallel()
	token, err := account.NewToken(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	opened := account.Opened{Token: token}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%t", "%08b", "%T %v"} {
		fmt.Fprintf(&out, verb+" ", token)
		fmt.Fprintf(&out, verb+" ", opened)
		fmt.Fprintf(&out, verb+" ", &token)
	}
	for _, log := range []*slog.Logger{slog.New(slog.NewTextHandler(&out, nil)), slog.New(slog.NewJSONHandler(&out, nil))} {
		log.Info("opened", slog.Any("token", token), slog.Any("opened", opened))
	}
	b, err := json.Marshal(map[string]any{"token": token, "opened": opened, "pointer": &token})
	if err != nil {
		t.Fatal(err)
	}
	out.Write(b)
	out.WriteString(fmt.Sprint(token) + token.String() + token.GoString())

	raw, err := account.ParseToken(token.Reveal())
	if err != nil || !raw.Equal(token) {
		t.Fatalf("the token does not come back: %v", err)
	}
	secret := decode(t, token.Reveal())
	text := strings.ToLower(out.String())
	for _, form := range []string{
		strings.ToLower(token.Reveal()), hex.EncodeToString(secret), fmt.Sprintf("%d", secret), strings.Trim(fmt.Sprintf("%d", secret[:4]), "[]"),
	} {
		if strings.Contains(text, form) {
			t.Errorf("%q was printed:\n%s", form, out.String())
		}
	}
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
