package hybrid

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// What a caller may want to act on. Each comes inside an [Error], which says at
// which stage it happened.
var (
	// ErrNoAdvert: nobody was heard who holds the secret of the QR code, or of the
	// link. Without an advert there is no session, whatever else is known of it.
	ErrNoAdvert = errors.New("no advert was heard: is the phone near, and is Bluetooth on at both ends?")
	// ErrLinkGone: the tunnel service says that the phone of a link can never be
	// reached again, and the link has been removed. Show a QR code.
	ErrLinkGone = errors.New("the phone cannot be reached by this link any more")
	// ErrSilent: the other end said nothing for as long as this stage may take.
	ErrSilent = errors.New("the other end said nothing in time")
	// ErrProtocol: the other end said what it may not say there. The connection is over.
	ErrProtocol = errors.New("the other end broke the protocol")
	// ErrClosed: the connection is over; phones hang up after one ceremony.
	ErrClosed = errors.New("the connection is closed")
	// ErrBusy: a request is waiting for its reply, and a phone takes one at a time.
	ErrBusy = errors.New("another request is waiting for its reply")
	// ErrOldQRCode: the QR code was made too long ago. Have a new one shown.
	ErrOldQRCode = errors.New("the QR code is too old")
	// ErrUnknownLink: somebody woke this phone by a link that it does not have.
	ErrUnknownLink = errors.New("the link is unknown here")
	// ErrNoDomain: the client platform knows none of the tunnel services that this phone may use.
	ErrNoDomain = errors.New("the other end knows none of the configured tunnel services")
)

// Stage is a part of the transport, in the order of CTAP 2.2 §11.5.
type Stage string

// The stages. Both ends go through all of them.
const (
	StageProximity     Stage = "proximity"      // adverts and the QR code
	StageConnection    Stage = "connection"     // the tunnel service
	StageHandshake     Stage = "handshake"      // who is there
	StagePostHandshake Stage = "post_handshake" // what the phone can do
	StageRequest       Stage = "request"        // requests, replies, updates
	StageLinking       Stage = "linking"        // what is remembered afterwards
)

// Error is what functions of this package return when a transaction fails. It
// holds no secret.
type Error struct {
	Stage Stage
	Err   error
}

func (e *Error) Error() string { return fmt.Sprintf("hybrid: %s: %v", e.Stage, e.Err) }

// Unwrap gives the cause up.
func (e *Error) Unwrap() error { return e.Err }

// failed puts a stage to err, once. Nil stays nil.
func failed(stage Stage, err error) error {
	if err == nil {
		return nil
	}
	if already, ok := errors.AsType[*Error](err); ok {
		return already
	}
	return &Error{Stage: stage, Err: err}
}

// limited bounds ctx by the time limit of a stage. When that passes, explain
// makes late of whatever error it caused; an end of ctx itself stays what it is.
func limited(ctx context.Context, limit time.Duration, late error) (bounded context.Context, explain func(error) error, stop context.CancelFunc) {
	bounded, stop = context.WithTimeoutCause(ctx, limit, late)
	return bounded, func(err error) error {
		switch {
		case err == nil:
			return nil
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case errors.Is(bounded.Err(), context.DeadlineExceeded), errors.Is(err, context.DeadlineExceeded):
			// And not that it was stopped. A dialer has a limit of its own, which is no other reason.
			return fmt.Errorf("%w (%v)", late, limit)
		default:
			return err
		}
	}, stop
}
