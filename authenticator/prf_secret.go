package authenticator

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"fmt"
	"io"
)

// PRFSecretSize is the length of a [PRFSecret] in bytes.
const PRFSecretSize = 32

// PRFSecret is the key of a credential's pseudo-random function, CredRandom in
// CTAP 2.2 §12.7 (hmac-secret). It does not print, and it cannot be compared
// with ==; use Equal.
type PRFSecret struct {
	redacted
	b [PRFSecretSize]byte
}

// PRFSecretFromBytes copies b, which must be 32 bytes long.
func PRFSecretFromBytes(b []byte) (PRFSecret, error) {
	if len(b) != PRFSecretSize {
		return PRFSecret{}, fmt.Errorf("authenticator: a prf secret is %d bytes long, not %d", PRFSecretSize, len(b))
	}
	return PRFSecret{b: [PRFSecretSize]byte(b)}, nil
}

// generatePRFSecret makes a secret from random; nil means crypto/rand.
func generatePRFSecret(random io.Reader) (PRFSecret, error) {
	if random == nil {
		random = rand.Reader
	}
	var s PRFSecret
	if _, err := io.ReadFull(random, s.b[:]); err != nil {
		return PRFSecret{}, fmt.Errorf("authenticator: reading randomness: %w", err)
	}
	return s, nil
}

// Bytes gives a copy of the secret up. What it returns prints.
func (s PRFSecret) Bytes() []byte { return append([]byte(nil), s.b[:]...) }

// Equal compares in constant time.
func (s PRFSecret) Equal(other PRFSecret) bool {
	return subtle.ConstantTimeCompare(s.b[:], other.b[:]) == 1
}

// evaluate is HMAC-SHA-256 over a salt.
func (s PRFSecret) evaluate(salt [sha256.Size]byte) [sha256.Size]byte {
	mac := hmac.New(sha256.New, s.b[:])
	mac.Write(salt[:])
	return [sha256.Size]byte(mac.Sum(nil))
}
