package tunnel

import (
	"crypto/x509"
	"errors"
	"net/netip"
	"net/url"
	"strings"
)

// Service is a tunnel service.
type Service struct {
	// URL is where it is, without a path: "wss://cable.example:8443".
	// "ws://" is for a loopback address alone.
	URL string
	// RootCAs are whom to trust for it; nil means the system's.
	RootCAs *x509.CertPool
}

// base is the service's URL, or why it is not one.
func (s Service) base() (*url.URL, error) {
	u, err := url.Parse(s.URL)
	switch {
	case err != nil:
		return nil, errors.New("tunnel: the service's URL is none")
	case u.Scheme != "wss" && u.Scheme != "ws":
		return nil, errors.New(`tunnel: the service's URL does not begin with "wss://"`)
	case u.Hostname() == "" || u.User != nil || strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.ForceQuery || u.Fragment != "":
		return nil, errors.New("tunnel: the service's URL is more, or less, than a scheme, a host and a port")
	case u.Scheme == "ws" && !isLoopback(u.Hostname()):
		return nil, errors.New(`tunnel: a service without TLS ("ws://") must be at a loopback address`)
	}
	return &url.URL{Scheme: u.Scheme, Host: u.Host}, nil
}

// isLoopback says whether host is this machine by its address. "localhost" is a
// name that somebody else may resolve, and does not count.
func isLoopback(host string) bool {
	addr, err := netip.ParseAddr(host)
	return err == nil && addr.Unmap().IsLoopback()
}
