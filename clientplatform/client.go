package clientplatform

import (
	"context"
	"errors"
	"time"

	"github.com/hitherauth/hither/webauthn"
)

// The range for the time that a ceremony may take, [WebAuthn L3 §15.1]. The
// recommended default is the shortest.
//
// [WebAuthn L3 §15.1]: https://www.w3.org/TR/webauthn-3/#sctn-timeout-recommended-range
const (
	minLifetime = 5 * time.Minute
	maxLifetime = 10 * time.Minute
)

// attachment is how this client sees every authenticator: as one that was reached.
const attachment = "cross-platform"

const typePublicKey = "public-key"

// ErrTimeout is in the chain of an [Error] when the time of the ceremony was over
// before the authenticator answered.
var ErrTimeout = errors.New("the time for an answer is over")

// Config is what [New] needs.
type Config struct {
	// Origin is the server that the program speaks with and will send the response
	// to, and nobody else: scheme, host and port as a browser writes them, such as
	// "https://id.example.org:8443". The scheme is https, or http on localhost and
	// the names below it. An internationalised name is in its xn-- form. It is
	// required.
	Origin string
}

// Client asks authenticators for one origin. It keeps nothing between ceremonies
// and may be used by several goroutines. Make one with [New].
type Client struct {
	origin string
	host   string // the effective domain
}

// New makes a client for an origin. The error is an [Error] of the name
// [SecurityError]: an origin that has no ceremonies in a browser has none here.
func New(c Config) (*Client, error) {
	host, err := effectiveDomain(c.Origin)
	if err != nil {
		return nil, &Error{Name: SecurityError, Err: err}
	}
	return &Client{origin: c.Origin, host: host}, nil
}

// clientData makes the client data of a ceremony of a page that is in no frame.
func (c *Client) clientData(kind string, challenge webauthn.Bytes) webauthn.ClientData {
	return webauthn.NewClientData(webauthn.ClientData{Type: kind, Challenge: challenge.String(), Origin: c.origin})
}

// begin starts the clock, §5.1.3 and §5.1.4: a timeout out of range is corrected
// to the closest value in it, and so is one that is absent. stop must be called.
func begin(ctx context.Context, timeout webauthn.Milliseconds) (limited context.Context, stop func()) {
	return context.WithTimeoutCause(ctx, min(max(time.Duration(timeout), minLifetime), maxLifetime), ErrTimeout)
}

// over is the error of a ceremony whose time is over, for whatever reason, or nil.
func over(ctx context.Context) error {
	if ctx.Err() == nil {
		return nil
	}
	if cause := context.Cause(ctx); !errors.Is(cause, ErrTimeout) {
		return &Error{Name: AbortError, Err: cause}
	}
	return &Error{Name: NotAllowedError, Err: ErrTimeout}
}
