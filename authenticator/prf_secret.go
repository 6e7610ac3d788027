package authenticator

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"fmt"
	"io"

	"github.com/hitherauth/hither/internal/secret"
)

// prfSecretSize is the length of a [PRFSecret] in bytes.
const prfSecretSize = 32

// PRFSecret is the key of a credential's pseudo-random function, CredRandom in
// CTAP 2.2 §12.7 (hmac-secret). It does not print, and it cannot be compared
// with ==; use Equal.
type PRFSecret struct {
	hidden[[prfSecretSize]byte]
}

// PRFSecretFromBytes copies b, which must be 32 bytes long.
func PRFSecretFromBytes(b []byte) (PRFSecret, error) {
	if len(b) != prfSecretSize {
		return PRFSecret{}, fmt.Errorf("authenticator: a prf secret is %d bytes long, not %d", prfSecretSize, len(b))
	}
	return PRFSecret{secret.Hide([prfSecretSize]byte(b))}, nil
}

// generatePRFSecret makes a secret from random.
func generatePRFSecret(random io.Reader) (PRFSecret, error) {
	var b [prfSecretSize]byte
	if _, err := io.ReadFull(random, b[:]); err != nil {
		return PRFSecret{}, fmt.Errorf("authenticator: reading randomness: %w", err)
	}
	return PRFSecret{secret.Hide(b)}, nil
}

// Bytes gives a copy of the secret up. What it returns prints.
func (s PRFSecret) Bytes() []byte {
	b := secret.Reveal(s.hidden)
	return b[:]
}

// Equal compares in constant time.
func (s PRFSecret) Equal(other PRFSecret) bool {
	return subtle.ConstantTimeCompare(s.Bytes(), other.Bytes()) == 1
}

// evaluate is HMAC-SHA-256 over a salt.
func (s PRFSecret) evaluate(salt [sha256.Size]byte) [sha256.Size]byte {
	mac := hmac.New(sha256.New, s.Bytes())
	mac.Write(salt[:])
	return [sha256.Size]byte(mac.Sum(nil))
}
