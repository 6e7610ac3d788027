// Package secret keeps a value where nothing that prints finds it.
//
// A method that redacts is not enough. Package fmt calls no method of a value in
// an unexported field, nor does anything else that prints by reflection, and then
// the bytes are there to see; a pointer in front of them stops fmt, and not
// go-cmp. What no printer can look into is a function. So a secret is one.
package secret

import (
	"fmt"
	"log/slog"
)

const redacted = "[redacted]"

// Hidden is a T that does not print, wherever it is kept: every formatting verb,
// slog, JSON and text show a placeholder, and reflection an address of code. It
// cannot be compared with ==. The zero value hides the zero T.
//
// A type for one kind of secret embeds it under an unexported name, and has an
// Equal of its own, in constant time:
//
//	type hidden[T any] = secret.Hidden[T]
//
//	type Key struct{ hidden[[32]byte] }
type Hidden[T any] struct {
	reveal func() T // nil: the zero T
}

// Hide hides v. Of an array it keeps a copy, of a slice or a pointer what that
// points to.
func Hide[T any](v T) Hidden[T] { return Hidden[T]{reveal: func() T { return v }} }

// Reveal gives the value up. What it returns prints. It is no method, so that what
// embeds a Hidden does not have it.
func Reveal[T any](h Hidden[T]) (v T) {
	if h.reveal != nil {
		v = h.reveal()
	}
	return v
}

// String returns a placeholder.
func (Hidden[T]) String() string { return redacted }

// GoString returns a placeholder.
func (Hidden[T]) GoString() string { return redacted }

// Format writes a placeholder for every verb.
func (Hidden[T]) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(redacted)) }

// LogValue returns a placeholder.
func (Hidden[T]) LogValue() slog.Value { return slog.StringValue(redacted) }

// MarshalText returns a placeholder, which JSON shows too.
func (Hidden[T]) MarshalText() ([]byte, error) { return []byte(redacted), nil }
