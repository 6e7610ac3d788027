package front

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"log/slog"
	"os"
	"sync"

	"github.com/prometheus/client_golang/prometheus"
)

// Certificate is a pair of PEM files that is read again when one of them
// changes, so that a renewal needs no restart. Safe for concurrent use.
type Certificate struct {
	certFile, keyFile string
	logger            *slog.Logger

	mu      sync.Mutex
	seen    [2]os.FileInfo
	current *tls.Certificate
}

// OpenCertificate reads the files for the first time: the certificate with its
// chain, and its private key.
func OpenCertificate(certFile, keyFile string, logger *slog.Logger) (*Certificate, error) {
	c := &Certificate{certFile: certFile, keyFile: keyFile, logger: logger}
	seen, err := c.stat()
	if err != nil {
		return nil, fmt.Errorf("reading the certificate: %w", err)
	}
	pair, err := tls.LoadX509KeyPair(certFile, keyFile)
	if err != nil {
		return nil, fmt.Errorf("certificate %s with key %s: %w", certFile, keyFile, err)
	}
	c.seen, c.current = seen, &pair
	return c, nil
}

// TLSConfig is for a server that speaks HTTP/2 and HTTP/1.1. Connections that are
// open keep the certificate that they began with.
func (c *Certificate) TLSConfig() *tls.Config {
	return &tls.Config{
		MinVersion:     tls.VersionTLS12,
		NextProtos:     []string{"h2", "http/1.1"},
		GetCertificate: c.get,
	}
}

// Leaf is the certificate in use, without its chain.
func (c *Certificate) Leaf() *x509.Certificate {
	pair, _ := c.get(nil) // it never fails
	return pair.Leaf
}

// Collector tells until when the certificate is valid.
func (c *Certificate) Collector() prometheus.Collector {
	return prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "hither_tls_certificate_not_after_timestamp_seconds",
		Help: "When the certificate in use ends, in seconds since 1970.",
	}, func() float64 { return float64(c.Leaf().NotAfter.Unix()) })
}

// get is called for each handshake. A changed pair that does not load is
// reported once, and the last good one stays.
func (c *Certificate) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	seen, err := c.stat()
	if err != nil || unchanged(seen, c.seen) {
		return c.current, nil // a file that is away for a moment is being renewed
	}
	c.seen = seen
	pair, err := tls.LoadX509KeyPair(c.certFile, c.keyFile)
	if err != nil {
		c.logger.Warn("certificate not reloaded", "err", err)
		return c.current, nil
	}
	c.logger.Info("certificate reloaded")
	c.current = &pair
	return c.current, nil
}

func (c *Certificate) stat() (seen [2]os.FileInfo, err error) {
	for i, name := range []string{c.certFile, c.keyFile} {
		if seen[i], err = os.Stat(name); err != nil {
			return seen, err
		}
	}
	return seen, nil
}

func unchanged(a, b [2]os.FileInfo) bool {
	for i := range a {
		if !os.SameFile(a[i], b[i]) || a[i].Size() != b[i].Size() || !a[i].ModTime().Equal(b[i].ModTime()) {
			return false
		}
	}
	return true
}
