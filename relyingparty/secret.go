package relyingparty

import (
	"crypto/subtle"
	"errors"
	"fmt"
	"log/slog"
)

// SecretSize is the length of a [Secret] in bytes.
const SecretSize = 32

const redacted = "[redacted]"

// Secret is 32 bytes of key. It does not print: every formatting verb, slog and
// JSON show a placeholder. It cannot be compared with ==; use Equal.
type Secret struct {
	_ [0]func() // not comparable
	b [SecretSize]byte
}

// SecretFromBytes copies b, which must be 32 bytes long and not all zero.
func SecretFromBytes(b []byte) (Secret, error) {
	var s Secret
	if len(b) != SecretSize {
		return Secret{}, fmt.Errorf("relyingparty: a secret is %d bytes long, not %d", SecretSize, len(b))
	}
	copy(s.b[:], b)
	if s.isZero() {
		return Secret{}, errors.New("relyingparty: the secret is all zero")
	}
	return s, nil
}

// Bytes gives a copy of the key up. What it returns prints.
func (s Secret) Bytes() []byte { return append([]byte(nil), s.b[:]...) }

// Equal compares in constant time.
func (s Secret) Equal(t Secret) bool { return subtle.ConstantTimeCompare(s.b[:], t.b[:]) == 1 }

func (s Secret) isZero() bool { return s.Equal(Secret{}) }

// String returns a placeholder.
func (s Secret) String() string { return redacted }

// GoString returns a placeholder.
func (s Secret) GoString() string { return redacted }

// Format writes a placeholder for every verb; without it %d would print the bytes.
func (s Secret) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(redacted)) }

// LogValue returns a placeholder.
func (s Secret) LogValue() slog.Value { return slog.StringValue(redacted) }

// MarshalJSON returns a placeholder.
func (s Secret) MarshalJSON() ([]byte, error) { return []byte(`"` + redacted + `"`), nil }
