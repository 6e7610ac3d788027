package testbed

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"math/big"
	"net"
	"net/http"
	"time"

	"github.com/hitherauth/hither/hybrid"
	"github.com/hitherauth/hither/tunnel"
	"github.com/hitherauth/hither/tunnel/relay"
)

// domain is the tunnel service that phones of a bed use: one of those that anybody
// may run, whose name nobody has.
const domain hybrid.Domain = 0xf980

// farewell is how long the tunnel service may take to say goodbye.
const farewell = 5 * time.Second

// tunnels is the tunnel service of a bed, on loopback, with a certificate that is
// thrown away.
type tunnels struct {
	address     string // host:port
	certificate *x509.Certificate
	relay       *relay.Relay
	gate        *gate // in front of it
	server      *http.Server
	failed      chan error // why it does not serve any more, once
}

func startTunnels(ctx context.Context) (*tunnels, error) {
	pair, certificate, err := throwAway()
	if err != nil {
		return nil, err
	}
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	// Whatever is asked for here is one test's, and a phone's patience is its own.
	service := relay.New(relay.Config{Limits: relay.Limits{Waiting: time.Hour, WaitingPerPrefix: 2048, WakesPerPrefix: 2048, WakesPerContact: 2048}})
	gate := newGate(service)
	t := &tunnels{
		address: listener.Addr().String(), certificate: certificate, relay: service, gate: gate, failed: make(chan error, 1),
		server: relay.NewServer(gate, &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12}),
	}
	go func() { t.failed <- t.server.ServeTLS(listener, "", "") }()
	return t, nil
}

// close ends the service. It returns when nobody is served any more.
func (t *tunnels) close() error {
	ctx, cancel := context.WithTimeout(context.Background(), farewell)
	defer cancel()
	return errors.Join(t.relay.Shutdown(ctx), t.server.Close())
}

// throwAway makes a certificate for the tunnel service of a bed, which outlives no
// test. It may stand in a store of authorities, for it can sign nothing but itself:
// nobody has the key once the bed is gone.
func throwAway() (pair tls.Certificate, certificate *x509.Certificate, err error) {
	name, err := domain.Host()
	if err != nil {
		return pair, nil, err
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return pair, nil, err
	}
	now := time.Now()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(now.UnixNano()), Subject: pkix.Name{CommonName: "Hither test bed"},
		NotBefore: now.Add(-time.Hour), NotAfter: now.AddDate(0, 0, 30),
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		BasicConstraintsValid: true, IsCA: true, MaxPathLenZero: true,
		DNSNames: []string{name, "localhost"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return pair, nil, err
	}
	if certificate, err = x509.ParseCertificate(der); err != nil {
		return pair, nil, err
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: certificate}, certificate, nil
}

// Tunnel is the tunnel service of this bed: the domain that its phones advertise, and
// where it is, with the certificate to trust.
func (b *Bed) Tunnel() (hybrid.Domain, tunnel.Service) {
	roots := x509.NewCertPool()
	roots.AddCert(b.tunnels.certificate)
	return domain, tunnel.Service{URL: "wss://" + b.tunnels.address, RootCAs: roots}
}

// Certificate is the tunnel service's certificate in PEM, for programs that are to
// trust it.
func (b *Bed) Certificate() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: b.tunnels.certificate.Raw})
}

// pin is how Chromium is told to trust the key of a certificate: the hash of its
// SubjectPublicKeyInfo.
func pin(certificate *x509.Certificate) string {
	sum := sha256.Sum256(certificate.RawSubjectPublicKeyInfo)
	return base64.StdEncoding.EncodeToString(sum[:])
}
