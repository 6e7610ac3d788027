package front

import (
	"errors"
	"fmt"
	"net"
	"syscall"

	"github.com/hitherauth/hither/internal/cli"
)

// Attempt is a try to listen.
type Attempt struct {
	Address string // host and port
	Setting string // what chooses the address, such as "--listen"
	Program string // who listens
}

// ListenFailure is what to say when an attempt has failed with err.
func ListenFailure(err error, a Attempt) *cli.ExitError {
	if call, ok := errors.AsType[*net.OpError](err); ok && call.Addr != nil {
		a.Address = call.Addr.String()
	}
	code := cli.ExitRefused
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		code = cli.ExitBusy
		err = fmt.Errorf("address %s is in use by another program: stop it, or choose another with %s", a.Address, a.Setting)
	case errors.Is(err, syscall.EACCES):
		err = fmt.Errorf("address %s may not be listened on: choose a port above 1023 with %s, or give %s CAP_NET_BIND_SERVICE", a.Address, a.Setting, a.Program)
	default:
		err = fmt.Errorf("listening on %s: %w", a.Address, err)
	}
	return &cli.ExitError{Code: code, Err: err}
}
