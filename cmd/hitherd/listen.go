package main

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"syscall"

	"github.com/hitherauth/hither/internal/front"
)

// endpoint is a configured address to listen on.
type endpoint struct {
	host string
	port int
}

// parseListen reads the value of the configuration key that holds an endpoint.
func parseListen(key, text string) (endpoint, error) {
	host, port, err := net.SplitHostPort(text)
	if err != nil {
		return endpoint{}, refused("%s %q is no address and port: write it like 127.0.0.1:8080", key, text)
	}
	n, err := strconv.ParseUint(port, 10, 16)
	if err != nil {
		return endpoint{}, refused("%s %q: %q is no port", key, text, port)
	}
	return endpoint{host: host, port: int(n)}, nil
}

// listen opens the endpoint of a configuration key.
func (e endpoint) listen(ctx context.Context, key string) (net.Listener, error) {
	address := net.JoinHostPort(e.host, strconv.Itoa(e.port))
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", address)
	if err != nil {
		return nil, listenFailure(key, address, err)
	}
	return l, nil
}

// local reports whether the endpoint is what browsers call localhost.
func (e endpoint) local() bool {
	return e.host == localhost || e.host == "127.0.0.1" || e.host == "::1"
}

// loopback reports whether only this machine reaches the endpoint.
func (e endpoint) loopback() bool {
	a, err := netip.ParseAddr(e.host)
	return e.host == localhost || err == nil && a.Unmap().IsLoopback()
}

// certificate opens the configured one.
func (c config) certificate(logger *slog.Logger) (*front.Certificate, error) {
	certificate, err := front.OpenCertificate(c.TLSCertFile, c.TLSKeyFile, logger)
	if err != nil {
		return nil, refused("tls_cert_file and tls_key_file: %w", err)
	}
	return certificate, nil
}

// attempts is how often a free port is asked for before one is found that is
// free on both loopback addresses.
const attempts = 20

// openListener opens the configured listener. For localhost that is one on each
// loopback address, with the same port, because browsers try both.
func (c config) openListener(ctx context.Context, s site) (door, error) {
	e, err := parseListen("listen", c.Listen)
	if err != nil {
		return door{}, err
	}
	if s.host != localhost || !e.local() {
		l, err := e.listen(ctx, "listen")
		if err != nil {
			return door{}, err
		}
		return door{listeners: []net.Listener{l}}, nil
	}
	var lc net.ListenConfig
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
	return door{}, listenFailure("listen", c.Listen, err)
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

func listenFailure(key, address string, err error) error {
	return front.ListenFailure(err, front.Attempt{Address: address, Setting: environment + strings.ToUpper(key), Program: "hitherd"})
}

func portOf(l net.Listener) int {
	a, ok := l.Addr().(*net.TCPAddr)
	if !ok {
		return 0
	}
	return a.Port
}
