package ctap2

import "fmt"

// LargeBlobKey encrypts what a relying party keeps with a credential, CTAP 2.2
// §12.3. Nil is none. It does not print, in any format, nor in JSON.
type LargeBlobKey []byte

// String returns a placeholder.
func (k LargeBlobKey) String() string { return redacted }

// GoString returns a placeholder.
func (k LargeBlobKey) GoString() string { return redacted }

// Format writes a placeholder for every verb.
func (k LargeBlobKey) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(redacted)) }

// MarshalText returns a placeholder, which JSON and slog print.
func (k LargeBlobKey) MarshalText() ([]byte, error) { return []byte(redacted), nil }
