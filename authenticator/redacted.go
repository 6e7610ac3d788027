package authenticator

import (
	"fmt"
	"log/slog"
)

const redactedText = "[redacted]"

// redacted makes whatever embeds it impossible to print and to compare with ==:
// every formatting verb, slog and JSON show a placeholder.
type redacted struct {
	_ [0]func()
}

// String returns a placeholder.
func (redacted) String() string { return redactedText }

// GoString returns a placeholder.
func (redacted) GoString() string { return redactedText }

// Format writes a placeholder for every verb; without it %d would print the bytes.
func (redacted) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(redactedText)) }

// LogValue returns a placeholder.
func (redacted) LogValue() slog.Value { return slog.StringValue(redactedText) }

// MarshalJSON returns a placeholder.
func (redacted) MarshalJSON() ([]byte, error) { return []byte(`"` + redactedText + `"`), nil }
