package ctap2

import (
	"bytes"
	"crypto/subtle"

	"github.com/hitherauth/hither/internal/secret"
)

// LargeBlobKey encrypts what a relying party keeps with a credential, CTAP 2.2
// §12.3. The zero value is none. It does not print, in any format, nor in JSON. It
// cannot be compared with ==; use Equal.
type LargeBlobKey struct{ hidden[[]byte] }

// NewLargeBlobKey keeps b. Nil is none.
func NewLargeBlobKey(b []byte) LargeBlobKey { return LargeBlobKey{secret.Hide(bytes.Clone(b))} }

// Bytes gives a copy of the key up, nil for none. What it returns prints.
func (k LargeBlobKey) Bytes() []byte { return bytes.Clone(secret.Reveal(k.hidden)) }

// Equal compares in constant time. None is not an empty key.
func (k LargeBlobKey) Equal(l LargeBlobKey) bool {
	a, b := secret.Reveal(k.hidden), secret.Reveal(l.hidden)
	return (a == nil) == (b == nil) && subtle.ConstantTimeCompare(a, b) == 1
}
