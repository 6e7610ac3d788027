package relyingparty

import (
	"crypto/subtle"
	"errors"
	"fmt"

	"github.com/hitherauth/hither/internal/secret"
)

// SecretSize is the length of a [Secret] in bytes.
const SecretSize = 32

type hidden[T any] = secret.Hidden[T]

// Secret is 32 bytes of key. It does not print: every formatting verb, slog and
// JSON show a placeholder. It cannot be compared with ==; use Equal.
type Secret struct {
	hidden[[SecretSize]byte]
}

// SecretFromBytes copies b, which must be 32 bytes long and not all zero.
func SecretFromBytes(b []byte) (Secret, error) {
	if len(b) != SecretSize {
		return Secret{}, fmt.Errorf("relyingparty: a secret is %d bytes long, not %d", SecretSize, len(b))
	}
	s := Secret{secret.Hide([SecretSize]byte(b))}
	if s.isZero() {
		return Secret{}, errors.New("relyingparty: the secret is all zero")
	}
	return s, nil
}

// Bytes gives a copy of the key up. What it returns prints.
func (s Secret) Bytes() []byte {
	b := secret.Reveal(s.hidden)
	return b[:]
}

// Equal compares in constant time.
func (s Secret) Equal(t Secret) bool { return subtle.ConstantTimeCompare(s.Bytes(), t.Bytes()) == 1 }

func (s Secret) isZero() bool { return s.Equal(Secret{}) }
