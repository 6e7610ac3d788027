package ctap2

import (
	"context"
	"errors"
)

// Handle answers a request that came as bytes: a command byte and CBOR go in, a
// status byte and CBOR come out. There is always an answer, at least one byte of it.
//
// [StatusInvalidLength] answers a request without a command,
// [StatusInvalidCommand] a command that a has no method for, and the Status of the
// [*ParseError] a request that cannot be read. An error of a is answered with the
// [StatusCode] in it, and with [StatusOther] when there is none.
func Handle(ctx context.Context, a Authenticator, request []byte) (response []byte) {
	if len(request) == 0 {
		return []byte{byte(StatusInvalidLength)}
	}
	switch body := request[1:]; Command(request[0]) {
	case CommandMakeCredential:
		return answer(ctx, body, ParseMakeCredentialRequest, a.MakeCredential)
	case CommandGetAssertion:
		return answer(ctx, body, ParseGetAssertionRequest, a.GetAssertion)
	case CommandGetInfo:
		if len(body) > 0 {
			return []byte{byte(StatusInvalidLength)}
		}
		info, err := a.GetInfo(ctx)
		return encode(info, err)
	default:
		return []byte{byte(StatusInvalidCommand)}
	}
}

// answer reads a request, has it done, and writes the response.
func answer[Q any, A interface{ Append([]byte) ([]byte, error) }](
	ctx context.Context, body []byte, parse func([]byte) (Q, error), do func(context.Context, Q) (A, error),
) []byte {
	request, err := parse(body)
	if malformed, ok := errors.AsType[*ParseError](err); ok {
		return []byte{byte(malformed.Status)}
	}
	response, err := do(ctx, request)
	return encode(response, err)
}

// encode writes a response, or the status of an error.
func encode[A interface{ Append([]byte) ([]byte, error) }](response A, err error) []byte {
	if err != nil {
		status, ok := errors.AsType[StatusCode](err)
		if !ok || status == StatusOK {
			status = StatusOther
		}
		return []byte{byte(status)}
	}
	b, err := response.Append([]byte{byte(StatusOK)})
	if err != nil {
		return []byte{byte(StatusOther)}
	}
	return b
}
