package clientplatform

import (
	"context"
	"errors"
	"fmt"

	"github.com/hitherauth/hither/ctap2"
)

// Name is the name of the exception that a browser would throw.
type Name string

// The names that are used here.
const (
	// AbortError: the program gave up, by its context.
	AbortError Name = "AbortError"
	// ConstraintError: a discoverable credential or user verification is required,
	// and the authenticator has none.
	ConstraintError Name = "ConstraintError"
	// InvalidStateError: the authenticator has one of the excluded credentials.
	// Its user agreed to tell.
	InvalidStateError Name = "InvalidStateError"
	// NotAllowedError: the user declined, the time is over ([ErrTimeout]), there is
	// no such credential, the authenticator is gone; anything that is none of the others.
	NotAllowedError Name = "NotAllowedError"
	// NotSupportedError: no algorithm in common, or options that contradict
	// themselves.
	NotSupportedError Name = "NotSupportedError"
	// SecurityError: this origin must not use that RP ID, or has no ceremonies.
	SecurityError Name = "SecurityError"
	// SyntaxError: an input of prf is for no credential of the allow list.
	SyntaxError Name = "SyntaxError"
	// TypeError: a user handle that is not 1-64 bytes long, or no challenge.
	TypeError Name = "TypeError"
	// UnknownError: the authenticator's answer is not one to this request, or
	// malformed, or the request is none that it could read. Nothing is given out.
	UnknownError Name = "UnknownError"
)

// Error is the error of every function here.
type Error struct {
	Name Name
	// Err says why. Its chain has the [ctap2.StatusCode] with which the authenticator
	// refused, if it did, [ErrTimeout], or the error of the road to it. A browser hides this
	// from pages; a program may tell its user and should not tell the server.
	Err error
}

// Error returns one sentence for people, with the name in it.
func (e *Error) Error() string { return "clientplatform: " + string(e.Name) + ": " + e.Err.Error() }

// Unwrap returns e.Err.
func (e *Error) Unwrap() error { return e.Err }

// failf makes an Error. As in [fmt.Errorf], %w keeps a cause.
func failf(name Name, format string, a ...any) error {
	return &Error{Name: name, Err: fmt.Errorf(format, a...)}
}

// refused turns an authenticator's error into ours. That the time is over says
// more than what the authenticator made of it.
func refused(ctx context.Context, err error) error {
	if over := over(ctx); over != nil {
		return over
	}
	if _, malformed := errors.AsType[*ctap2.ParseError](err); malformed {
		return failf(UnknownError, "the authenticator's answer, or what it was to be asked: %w", err)
	}
	status, ok := errors.AsType[ctap2.StatusCode](err)
	if !ok {
		return failf(NotAllowedError, "the authenticator did not answer: %w", err)
	}
	switch status {
	case ctap2.StatusCredentialExcluded:
		return failf(InvalidStateError, "the authenticator has a passkey for this account already: %w", err)
	case ctap2.StatusUnsupportedAlgorithm:
		return failf(NotSupportedError, "the authenticator has none of the algorithms: %w", err)
	case ctap2.StatusNoCredentials, ctap2.StatusInvalidCredential:
		return failf(NotAllowedError, "the authenticator has no passkey for this: %w", err)
	case ctap2.StatusOperationDenied, ctap2.StatusKeepaliveCancel:
		return failf(NotAllowedError, "declined on the authenticator: %w", err)
	case ctap2.StatusUserActionTimeout, ctap2.StatusActionTimeout, ctap2.StatusTimeout:
		return failf(NotAllowedError, "nobody answered on the authenticator: %w", err)
	default:
		return failf(NotAllowedError, "the authenticator refused: %w", err)
	}
}
