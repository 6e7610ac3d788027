package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// writeCertificate writes a new certificate for localhost and its key.
func writeCertificate(t *testing.T, certFile, keyFile string, serial int64) {
	t.Helper()
	if err := makeCertificate(certFile, keyFile, serial, time.Hour); err != nil {
		t.Fatal(err)
	}
}

// makeCertificate writes a certificate for localhost that has so much time left;
// none, when that is negative. It began an hour before now, or before its end.
func makeCertificate(certFile, keyFile string, serial int64, left time.Duration) error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	now := time.Now()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(serial), DNSNames: []string{localhost},
		NotBefore: now.Add(min(left, 0) - time.Hour), NotAfter: now.Add(left),
	}
	cert, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return err
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return err
	}
	for name, block := range map[string]*pem.Block{keyFile: {Type: "PRIVATE KEY", Bytes: der}, certFile: {Type: "CERTIFICATE", Bytes: cert}} {
		if err := os.WriteFile(name, pem.EncodeToMemory(block), 0o600); err != nil {
			return err
		}
	}
	return nil
}

// TestHostileTLS replaces the certificate of a running server.
func TestHostileTLS(t *testing.T) {
	t.Parallel()
	t.Run("HTTP-30_reload_and_old_versions", func(t *testing.T) {
		t.Parallel()
		dir := t.TempDir()
		certFile, keyFile := filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
		writeCertificate(t, certFile, keyFile, 1)
		s := startServer(t, "HITHER_TLS_CERT_FILE="+certFile, "HITHER_TLS_KEY_FILE="+keyFile)
		if !strings.HasPrefix(s.origin, "https://localhost:") {
			t.Fatalf("origin %s, want https", s.origin)
		}
		kept, fresh := secureClient(t), secureClient(t)
		get(t, kept, s.origin, 1)

		// A pair that does not fit keeps the last good one.
		other := filepath.Join(dir, "other.pem")
		writeCertificate(t, certFile, other, 2)
		get(t, fresh, s.origin, 1)
		s.waitForLog(t, "certificate not reloaded")

		if err := os.Rename(other, keyFile); err != nil {
			t.Fatal(err)
		}
		fresh.CloseIdleConnections()
		get(t, fresh, s.origin, 2)
		get(t, kept, s.origin, 1) // the connection that was open goes on

		for name, config := range map[string]*tls.Config{
			"TLS 1.0":  {MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS10},
			"TLS 1.1":  {MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11},
			"RC4":      {MaxVersion: tls.VersionTLS12, CipherSuites: []uint16{tls.TLS_ECDHE_ECDSA_WITH_RC4_128_SHA}},
			"3DES":     {MaxVersion: tls.VersionTLS12, CipherSuites: []uint16{tls.TLS_RSA_WITH_3DES_EDE_CBC_SHA, tls.TLS_ECDHE_RSA_WITH_3DES_EDE_CBC_SHA}},
			"RSA keys": {MaxVersion: tls.VersionTLS12, CipherSuites: []uint16{tls.TLS_RSA_WITH_AES_128_GCM_SHA256}},
		} {
			config.InsecureSkipVerify = true
			conn, err := (&tls.Dialer{Config: config}).DialContext(t.Context(), "tcp", strings.TrimPrefix(s.origin, "https://"))
			if err == nil {
				_ = conn.Close()
				t.Errorf("%s was accepted", name)
			} else if !strings.Contains(err.Error(), "remote error: tls:") {
				t.Errorf("%s was not refused by the server: %v", name, err)
			}
		}
		s.stop(t)
	})
}

func secureClient(t *testing.T) *http.Client {
	t.Helper()
	transport := &http.Transport{
		ForceAttemptHTTP2: true,
		DialContext:       (&net.Dialer{}).DialContext,
		TLSClientConfig:   &tls.Config{InsecureSkipVerify: true},
	}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport}
}

// get asks for a page over HTTP/2 and checks the certificate's serial number.
func get(t *testing.T, client *http.Client, origin string, serial int64) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, origin+"/livez", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	response, err := client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(io.Discard, response.Body); err != nil {
		t.Error(err)
	}
	if err := response.Body.Close(); err != nil {
		t.Error(err)
	}
	got := response.TLS.PeerCertificates[0].SerialNumber.Int64()
	if response.StatusCode != http.StatusOK || response.ProtoMajor != 2 || got != serial {
		t.Errorf("got %s over %s with certificate %d, want 200 over HTTP/2.0 with %d", response.Status, response.Proto, got, serial)
	}
}
