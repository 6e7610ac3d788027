package ctap2

import (
	"crypto/subtle"
	"fmt"
)

const redacted = "[redacted]"

// PRFSecret is an output of a credential's pseudo-random function: a relying party
// makes keys of it. It does not print, in any format, nor in JSON. It cannot be
// compared with ==; use Equal.
type PRFSecret struct {
	_ [0]func() // not comparable
	b [32]byte
}

// NewPRFSecret keeps b.
func NewPRFSecret(b [32]byte) PRFSecret { return PRFSecret{b: b} }

// Bytes gives a copy of the secret up. What it returns prints.
func (s PRFSecret) Bytes() []byte { return append([]byte(nil), s.b[:]...) }

// Equal compares in constant time.
func (s PRFSecret) Equal(t PRFSecret) bool { return subtle.ConstantTimeCompare(s.b[:], t.b[:]) == 1 }

// String returns a placeholder.
func (s PRFSecret) String() string { return redacted }

// GoString returns a placeholder.
func (s PRFSecret) GoString() string { return redacted }

// Format writes a placeholder for every verb; without it %d would print the bytes.
func (s PRFSecret) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(redacted)) }

// MarshalText returns a placeholder, which JSON and slog print.
func (s PRFSecret) MarshalText() ([]byte, error) { return []byte(redacted), nil }
