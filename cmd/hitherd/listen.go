package main

import (
	"context"
	"errors"
	"net"
	"strconv"
	"syscall"
)

// endpoint is the configured address to listen on.
type endpoint struct {
	host string
	port int
}

func parseListen(text string) (endpoint, error) {
	host, port, err := net.SplitHostPort(text)
	if err != nil {
		return endpoint{}, refused("listen %q is no address and port: write it like 127.0.0.1:8080", text)
	}
	n, err := strconv.ParseUint(port, 10, 16)
	if err != nil {
		return endpoint{}, refused("listen %q: %q is no port", text, port)
	}
	return endpoint{host: host, port: int(n)}, nil
}

// local reports whether the endpoint is what browsers call localhost.
func (e endpoint) local() bool {
	return e.host == localhost || e.host == "127.0.0.1" || e.host == "::1"
}

// attempts is how often a free port is asked for before one is found that is
// free on both loopback addresses.
const attempts = 20

// openListener opens the configured listener. For localhost that is one on each
// loopback address, with the same port, because browsers try both.
func (c config) openListener(ctx context.Context, s site) (door, error) {
	e, err := parseListen(c.Listen)
	if err != nil {
		return door{}, err
	}
	var lc net.ListenConfig
	if s.host != localhost || !e.local() {
		l, err := lc.Listen(ctx, "tcp", net.JoinHostPort(e.host, strconv.Itoa(e.port)))
		if err != nil {
			return door{}, listenFailure(c.Listen, err)
		}
		return door{listeners: []net.Listener{l}}, nil
	}
	for range attempts {
		var listeners []net.Listener
		listeners, err = listenLocal(ctx, lc, e.port)
		if err == nil {
			return door{listeners: listeners}, nil
		}
		if e.port != 0 || !errors.Is(err, syscall.EADDRINUSE) {
			break
		}
	}
	return door{}, listenFailure(c.Listen, err)
}

// listenLocal listens on both loopback addresses, or on one where the machine
// has no other.
func listenLocal(ctx context.Context, lc net.ListenConfig, port int) ([]net.Listener, error) {
	var listeners []net.Listener
	var missing error
	for _, host := range []string{"127.0.0.1", "::1"} {
		l, err := lc.Listen(ctx, "tcp", net.JoinHostPort(host, strconv.Itoa(port)))
		switch {
		case err == nil:
			listeners = append(listeners, l)
			port = portOf(l)
		case errors.Is(err, syscall.EADDRNOTAVAIL), errors.Is(err, syscall.EAFNOSUPPORT):
			missing = err
		default:
			for _, open := range listeners {
				_ = open.Close()
			}
			return nil, err
		}
	}
	if len(listeners) == 0 {
		return nil, missing
	}
	return listeners, nil
}

func listenFailure(address string, err error) error {
	var call *net.OpError
	if errors.As(err, &call) && call.Addr != nil {
		address = call.Addr.String()
	}
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return busy("address %s is in use by another program: stop it, or choose another with HITHER_LISTEN", address)
	case errors.Is(err, syscall.EACCES):
		return refused("address %s may not be listened on: choose a port above 1023 with HITHER_LISTEN, or give hitherd CAP_NET_BIND_SERVICE", address)
	default:
		return refused("listening on %s: %w", address, err)
	}
}

func portOf(l net.Listener) int {
	a, ok := l.Addr().(*net.TCPAddr)
	if !ok {
		return 0
	}
	return a.Port
}
