package webauthn

import (
	"errors"
	"fmt"
)

// ParseError says which part of an input is malformed, and how. Every error of
// a Parse function is one.
type ParseError struct {
	// Member is the path of the malformed part, such as
	// "response.clientDataJSON.origin", made of names from the specification
	// alone. It is "" for the input as a whole.
	Member string
	// Err says what was seen. It holds at most a short piece of the input, and
	// never a piece of a challenge, a key or a signature.
	Err error
}

// Error returns one sentence for people.
func (e *ParseError) Error() string {
	if e.Member == "" {
		return "webauthn: " + e.Err.Error()
	}
	return "webauthn: " + e.Member + ": " + e.Err.Error()
}

// Unwrap returns e.Err.
func (e *ParseError) Unwrap() error { return e.Err }

// errMissing is the cause for a member that must be there.
var errMissing = errors.New("missing")

// within puts member in front of the path of err, or begins a path with it. It
// returns nil for nil.
func within(member string, err error) error {
	if err == nil {
		return nil
	}
	inner, ok := errors.AsType[*ParseError](err)
	switch {
	case !ok:
		return &ParseError{Member: member, Err: err}
	case member == "" || inner.Member == "":
		return &ParseError{Member: member + inner.Member, Err: inner.Err}
	default:
		return &ParseError{Member: member + "." + inner.Member, Err: inner.Err}
	}
}

// malformed makes an error for member.
func malformed(member, format string, a ...any) error {
	return &ParseError{Member: member, Err: fmt.Errorf(format, a...)}
}
