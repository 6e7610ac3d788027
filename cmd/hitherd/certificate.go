package main

import (
	"crypto/tls"
	"log/slog"
	"os"
	"sync"
)

// certificate is a pair of PEM files that is read again when one of them
// changes, so that a renewal needs no restart. Safe for concurrent use.
type certificate struct {
	certFile, keyFile string
	logger            *slog.Logger

	mu      sync.Mutex
	seen    [2]os.FileInfo
	current *tls.Certificate
}

// openCertificate reads the files for the first time.
func openCertificate(certFile, keyFile string, logger *slog.Logger) (*certificate, error) {
	c := &certificate{certFile: certFile, keyFile: keyFile, logger: logger}
	seen, err := c.stat()
	if err != nil {
		return nil, refused("reading the certificate: %w", err)
	}
	pair, err := tls.LoadX509KeyPair(certFile, keyFile)
	if err != nil {
		return nil, refused("tls_cert_file %s with tls_key_file %s: %w", certFile, keyFile, err)
	}
	c.seen, c.current = seen, &pair
	return c, nil
}

// tlsConfig is for a server that speaks HTTP/2 and HTTP/1.1.
func (c *certificate) tlsConfig() *tls.Config {
	return &tls.Config{
		MinVersion:     tls.VersionTLS12,
		NextProtos:     []string{"h2", "http/1.1"},
		GetCertificate: c.get,
	}
}

// get is called for each handshake. A changed pair that does not load is
// reported once, and the last good one stays.
func (c *certificate) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
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

func (c *certificate) stat() (seen [2]os.FileInfo, err error) {
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
