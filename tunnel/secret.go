package tunnel

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"io"

	"github.com/hitherauth/hither/internal/secret"
)

// ContactSecretSize is the length of a [ContactSecret] in bytes.
const ContactSecretSize = 32

type hidden[T any] = secret.Hidden[T]

// ContactSecret is how a phone proves to our tunnel service that a contact id is
// its own: the id is a hash of it, so the service need not remember anybody. It
// does not print: every formatting verb, slog and JSON show a placeholder. It
// cannot be compared with ==; use Equal.
type ContactSecret struct {
	hidden[[ContactSecretSize]byte]
}

// NewContactSecret makes a secret from r; nil means crypto/rand.
func NewContactSecret(r io.Reader) (ContactSecret, error) {
	if r == nil {
		r = rand.Reader
	}
	var b [ContactSecretSize]byte
	if _, err := io.ReadFull(r, b[:]); err != nil {
		return ContactSecret{}, fmt.Errorf("tunnel: making a contact secret: %w", err)
	}
	return ContactSecret{secret.Hide(b)}, nil
}

// ContactSecretFromBytes copies b, which must be 32 bytes long and not all zero.
func ContactSecretFromBytes(b []byte) (ContactSecret, error) {
	if len(b) != ContactSecretSize {
		return ContactSecret{}, fmt.Errorf("tunnel: a contact secret is %d bytes long, not %d", ContactSecretSize, len(b))
	}
	s := ContactSecret{secret.Hide([ContactSecretSize]byte(b))}
	if s.Equal(ContactSecret{}) {
		return ContactSecret{}, errors.New("tunnel: the contact secret is all zero")
	}
	return s, nil
}

// ParseContactSecret reads what [ContactSecret.Bearer] wrote.
func ParseContactSecret(text string) (ContactSecret, error) {
	if len(text) != base64.RawURLEncoding.EncodedLen(ContactSecretSize) {
		return ContactSecret{}, errors.New("tunnel: a contact secret is 43 characters long")
	}
	b, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil {
		// Not the decoder's error: it says where.
		return ContactSecret{}, errors.New("tunnel: a contact secret is base64url")
	}
	return ContactSecretFromBytes(b)
}

// ContactID is the contact id that the secret proves, at the service's node:
// node ‖ SHA-256("hither contact id" ‖ 00 ‖ secret), 33 bytes.
func (s ContactSecret) ContactID(node byte) ContactID {
	const label = "hither contact id\x00"
	sum := sha256.Sum256(append([]byte(label), s.Bytes()...))
	return append(ContactID{node}, sum[:]...)
}

// Bytes gives a copy of the secret up. What it returns prints.
func (s ContactSecret) Bytes() []byte {
	b := secret.Reveal(s.hidden)
	return b[:]
}

// Bearer gives the secret up as our tunnel service wants it, in the header
// Authorization: base64url of 43 characters. It prints.
func (s ContactSecret) Bearer() string { return base64.RawURLEncoding.EncodeToString(s.Bytes()) }

// Equal compares in constant time.
func (s ContactSecret) Equal(t ContactSecret) bool {
	return subtle.ConstantTimeCompare(s.Bytes(), t.Bytes()) == 1
}
