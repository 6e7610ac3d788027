package hybrid

import (
	"fmt"
	"log/slog"
)

const placeholder = "[redacted]"

// redacted is embedded in types that hold secrets. They do not print: every
// formatting verb, slog and JSON show a placeholder. They cannot be compared with
// ==; use Equal.
type redacted struct {
	_ [0]func() // not comparable
}

// String returns a placeholder.
func (redacted) String() string { return placeholder }

// GoString returns a placeholder.
func (redacted) GoString() string { return placeholder }

// Format writes a placeholder for every verb; without it %d would print the bytes.
func (redacted) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(placeholder)) }

// LogValue returns a placeholder.
func (redacted) LogValue() slog.Value { return slog.StringValue(placeholder) }

// MarshalJSON returns a placeholder.
func (redacted) MarshalJSON() ([]byte, error) { return []byte(`"` + placeholder + `"`), nil }
