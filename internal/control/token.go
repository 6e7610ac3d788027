package control

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"net/http"
	"strings"

	"github.com/hitherauth/hither/internal/secret"
)

type hidden[T any] = secret.Hidden[T]

// Token is 256 random bits that open a control API. It never prints; [Token.Reveal]
// gives the text. The zero Token opens nothing.
type Token struct {
	hidden[[32]byte]
}

// newToken makes a token.
func newToken() Token {
	var b [32]byte
	_, _ = rand.Read(b[:]) // never fails
	return Token{secret.Hide(b)}
}

// Reveal is the secret text: 43 characters of base64url. It belongs in the
// environment of the command that the bed is for, nowhere else.
func (t Token) Reveal() string {
	b := secret.Reveal(t.hidden)
	return base64.RawURLEncoding.EncodeToString(b[:])
}

// Equal compares in constant time.
func (t Token) Equal(u Token) bool {
	a, b := secret.Reveal(t.hidden), secret.Reveal(u.hidden)
	return subtle.ConstantTimeCompare(a[:], b[:]) == 1
}

// opens says whether a request shows the token, once and in the one way.
func (t Token) opens(r *http.Request) bool {
	values := r.Header["Authorization"]
	if len(values) != 1 {
		return false
	}
	scheme, text, _ := strings.Cut(values[0], " ")
	want := t.Reveal()
	return strings.EqualFold(scheme, "Bearer") && !t.Equal(Token{}) && subtle.ConstantTimeCompare([]byte(text), []byte(want)) == 1
}
