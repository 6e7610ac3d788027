package ctap2

import (
	"crypto/subtle"
	"fmt"
)

const redacted = "[redacted]"

// PRFSecret is an output of a credential's pseudo-random function: a relying party
// makes keys of it. It does not print, in any format, nor in JSON. It cannot be
// compared with ==; use Equal. The zero value is 32 zero bytes.
type PRFSecret struct {
	_ [0]func() // not comparable
	// b is a pointer because fmt asks no methods when a verb does not fit a pointer
	// in a struct, and then prints what it points to, down to the next pointer.
	b *[32]byte
}

// NewPRFSecret keeps b.
func NewPRFSecret(b [32]byte) PRFSecret { return PRFSecret{b: &b} }

// Bytes gives a copy of the secret up, 32 bytes. What it returns prints.
func (s PRFSecret) Bytes() []byte {
	b := make([]byte, 32)
	if s.b != nil {
		copy(b, s.b[:])
	}
	return b
}

// Equal compares in constant time.
func (s PRFSecret) Equal(t PRFSecret) bool {
	return subtle.ConstantTimeCompare(s.Bytes(), t.Bytes()) == 1
}

// String returns a placeholder.
func (s PRFSecret) String() string { return redacted }

// GoString returns a placeholder.
func (s PRFSecret) GoString() string { return redacted }

// Format writes a placeholder for every verb; without it %d would print the bytes.
func (s PRFSecret) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(redacted)) }

// MarshalText returns a placeholder, which JSON and slog print.
func (s PRFSecret) MarshalText() ([]byte, error) { return []byte(redacted), nil }
