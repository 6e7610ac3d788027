package ctap2

import (
	"context"
	"errors"
)

// Remote is an [Authenticator] at the other end of a road for bytes.
type Remote struct {
	info      Info
	roundTrip func(ctx context.Context, request []byte) (response []byte, err error)
}

// NewRemote makes an authenticator of a road. roundTrip carries a command byte and
// CBOR to the other end, which does what [Handle] does, and its answer back. info
// is what the other end said about itself on the way: it is not asked again, since
// iPhones hang up when they are.
//
// Methods call roundTrip as they are called: at the same time if they are, which a
// road that has one request at a time must not allow.
func NewRemote(info Info, roundTrip func(ctx context.Context, request []byte) (response []byte, err error)) *Remote {
	return &Remote{info: info, roundTrip: roundTrip}
}

var _ Authenticator = (*Remote)(nil)

// GetInfo returns what the other end said when the road was built.
func (r *Remote) GetInfo(context.Context) (Info, error) { return r.info, nil }

// MakeCredential asks the other end. The error is a [StatusCode] if it refused, a
// [*ParseError] if request or response cannot be written or read, and else that of
// the road.
func (r *Remote) MakeCredential(ctx context.Context, request MakeCredentialRequest) (MakeCredentialResponse, error) {
	return ask(ctx, r, CommandMakeCredential, request, ParseMakeCredentialResponse)
}

// GetAssertion asks the other end. Its errors are those of MakeCredential.
func (r *Remote) GetAssertion(ctx context.Context, request GetAssertionRequest) (GetAssertionResponse, error) {
	return ask(ctx, r, CommandGetAssertion, request, ParseGetAssertionResponse)
}

func ask[A any](
	ctx context.Context, r *Remote, command Command, request interface{ Append([]byte) ([]byte, error) }, parse func([]byte) (A, error),
) (A, error) {
	var none A
	b, err := request.Append([]byte{byte(command)})
	if err != nil {
		return none, err
	}
	b, err = r.roundTrip(ctx, b)
	if err != nil {
		return none, err
	}
	if len(b) == 0 {
		return none, &ParseError{Status: StatusInvalidLength, Err: errors.New("a response without a status")}
	}
	if status := StatusCode(b[0]); status != StatusOK {
		return none, status
	}
	return parse(b[1:])
}
