package account

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"io"

	"github.com/hitherauth/hither/internal/secret"
)

const tokenTextLen = 43

type hidden[T any] = secret.Hidden[T]

// The text is a secret, or near to one: it is not in the error.
var errToken = errors.New("account: token is malformed")

// Token is 256 random bits that open something: a session, the setup page, an
// invitation. It never prints; [Token.Reveal] gives the text.
type Token struct {
	hidden[[32]byte]
}

// NewToken makes a token from 32 bytes of rand.
func NewToken(rand io.Reader) (Token, error) {
	var b [32]byte
	if _, err := io.ReadFull(rand, b[:]); err != nil {
		return Token{}, fmt.Errorf("account: making a token: %w", err)
	}
	return Token{secret.Hide(b)}, nil
}

// ParseToken reads the text that Reveal gave: 43 characters of base64url. There
// is exactly one text for each token. The error does not repeat the text.
func ParseToken(s string) (Token, error) {
	var b [32]byte
	if !decodeText(b[:], s, tokenTextLen) {
		return Token{}, errToken
	}
	return Token{secret.Hide(b)}, nil
}

// Hash is what the store keeps and finds it by.
func (t Token) Hash() TokenHash { return sha256.Sum256(t.bytes()) }

// Reveal is the secret text: 43 characters that need no escaping in a cookie,
// a header or a URL. It belongs in an answer to the token's owner, nowhere else.
func (t Token) Reveal() string { return base64.RawURLEncoding.EncodeToString(t.bytes()) }

// Equal compares in constant time.
func (t Token) Equal(u Token) bool { return subtle.ConstantTimeCompare(t.bytes(), u.bytes()) == 1 }

func (t Token) bytes() []byte {
	b := secret.Reveal(t.hidden)
	return b[:]
}

// TokenHash is SHA-256 of a Token. No salt is needed: the token is random.
type TokenHash [32]byte

// CeremonyID is relyingparty.CeremonyID, which this room may not import.
type CeremonyID [16]byte
