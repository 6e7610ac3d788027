package account

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"log/slog"
)

const (
	tokenTextLen = 43
	redacted     = "[redacted]"
)

// The text is a secret, or near to one: it is not in the error.
var errToken = errors.New("account: token is malformed")

// Token is 256 random bits that open something: a session, the setup page, an
// invitation. It never prints; [Token.Reveal] gives the text.
type Token struct {
	_ [0]func() // == would compare in variable time: use Equal
	b [32]byte
}

// NewToken makes a token from 32 bytes of rand.
func NewToken(rand io.Reader) (Token, error) {
	var t Token
	if _, err := io.ReadFull(rand, t.b[:]); err != nil {
		return Token{}, fmt.Errorf("account: making a token: %w", err)
	}
	return t, nil
}

// ParseToken reads the text that Reveal gave: 43 characters of base64url. There
// is exactly one text for each token. The error does not repeat the text.
func ParseToken(s string) (Token, error) {
	var t Token
	if !decodeText(t.b[:], s, tokenTextLen) {
		return Token{}, errToken
	}
	return t, nil
}

// Hash is what the store keeps and finds it by.
func (t Token) Hash() TokenHash { return sha256.Sum256(t.b[:]) }

// Reveal is the secret text: 43 characters that need no escaping in a cookie,
// a header or a URL. It belongs in an answer to the token's owner, nowhere else.
func (t Token) Reveal() string { return base64.RawURLEncoding.EncodeToString(t.b[:]) }

// Equal compares in constant time.
func (t Token) Equal(u Token) bool { return subtle.ConstantTimeCompare(t.b[:], u.b[:]) == 1 }

// String reveals nothing.
func (t Token) String() string { return redacted }

// GoString reveals nothing.
func (t Token) GoString() string { return redacted }

// Format reveals nothing, whatever the verb.
func (t Token) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, redacted) }

// LogValue reveals nothing.
func (t Token) LogValue() slog.Value { return slog.StringValue(redacted) }

// MarshalText reveals nothing.
func (t Token) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// MarshalJSON reveals nothing.
func (t Token) MarshalJSON() ([]byte, error) { return []byte(`"` + redacted + `"`), nil }

// TokenHash is SHA-256 of a Token. No salt is needed: the token is random.
type TokenHash [32]byte

// CeremonyID is relyingparty.CeremonyID, which this room may not import.
type CeremonyID [16]byte
