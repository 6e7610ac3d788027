package ctap2

import (
	"crypto/subtle"

	"github.com/hitherauth/hither/internal/secret"
)

type hidden[T any] = secret.Hidden[T]

// PRFSecret is an output of a credential's pseudo-random function: a relying party
// makes keys of it. It does not print, in any format, nor in JSON. It cannot be
// compared with ==; use Equal. The zero value is 32 zero bytes.
type PRFSecret struct {
	hidden[[32]byte]
}

// NewPRFSecret keeps b.
func NewPRFSecret(b [32]byte) PRFSecret { return PRFSecret{secret.Hide(b)} }

// Bytes gives a copy of the secret up, 32 bytes. What it returns prints.
func (s PRFSecret) Bytes() []byte {
	b := secret.Reveal(s.hidden)
	return b[:]
}

// Equal compares in constant time.
func (s PRFSecret) Equal(t PRFSecret) bool {
	return subtle.ConstantTimeCompare(s.Bytes(), t.Bytes()) == 1
}
