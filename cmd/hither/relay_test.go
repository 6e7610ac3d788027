package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hitherauth/hither/tunnel"
)

// relayPatience is how long anything may take before a test says that it will not come.
const relayPatience = 20 * time.Second

// runningRelay is a hither relay in this process.
type runningRelay struct {
	tunnel.Service
	dialer *tunnel.Dialer
	log    *lockedBuffer
	stop   context.CancelFunc // as SIGTERM does
	ended  chan error
}

// startRelay runs hither relay until the test ends.
func startRelay(t *testing.T, args ...string) *runningRelay {
	t.Helper()
	ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	r := &runningRelay{dialer: tunnel.New(tunnel.Config{}), log: &lockedBuffer{}, stop: stop, ended: make(chan error, 1)}
	out, in := io.Pipe()
	cmd := program{stdout: in, stderr: r.log}.relayCommand()
	cmd.SetArgs(append([]string{"--listen", "127.0.0.1:0"}, args...))
	cmd.SilenceErrors, cmd.SilenceUsage = true, true
	go func() {
		err := cmd.ExecuteContext(ctx)
		r.ended <- err
		_ = in.CloseWithError(io.EOF)
	}()
	t.Cleanup(func() {
		stop()
		_, _ = io.Copy(io.Discard, out)
	})
	line, err := bufio.NewReader(out).ReadString('\n')
	url, ok := strings.CutPrefix(strings.TrimSpace(line), "listening ")
	if err != nil || !ok {
		t.Fatalf("it says %q, %v\n%s", line, err, r.log)
	}
	r.URL = url
	return r
}

// ends waits for the end of the command.
func (r *runningRelay) ends(t *testing.T) {
	t.Helper()
	select {
	case err := <-r.ended:
		if err != nil {
			t.Errorf("it ended with %v", err)
		}
	case <-time.After(relayPatience):
		t.Fatalf("it does not end\n%s", r.log)
	}
}

func (r *runningRelay) address() string { return r.URL[strings.LastIndex(r.URL, "/")+1:] }

// get asks for a page of the relay, on a connection of its own.
func (r *runningRelay) get(t *testing.T, url string) (status int, body string, state *tls.ConnectionState) {
	t.Helper()
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true, TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}}
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, strings.Replace(url, "ws", "http", 1), http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	response, err := client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(text), response.TLS
}

// pair opens a tunnel and comes to it.
func (r *runningRelay) pair(t *testing.T, id tunnel.ID) (phone, client *tunnel.Channel, routing tunnel.RoutingID) {
	t.Helper()
	phone, routing, err := r.dialer.Create(t.Context(), r.Service, id)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { phone.Close() })
	client, err = r.dialer.Connect(t.Context(), r.Service, routing, id)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { client.Close() })
	return phone, client, routing
}

// carries wants a message to come through.
func carries(t *testing.T, from, to *tunnel.Channel, message string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), relayPatience)
	defer cancel()
	if err := from.Send(ctx, []byte(message)); err != nil {
		t.Fatal(err)
	}
	if got, err := to.Receive(ctx); err != nil || string(got) != message {
		t.Fatalf("received %q, %v", got, err)
	}
}

// lockedBuffer is a log that is read while it is written.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(b)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// keyPair is a certificate for 127.0.0.1 in two files.
type keyPair struct{ cert, key string }

func newKeyPair(t *testing.T, serial int64) keyPair {
	t.Helper()
	dir := t.TempDir()
	p := keyPair{filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")}
	p.write(t, serial)
	return p
}

// write makes a new pair in the same files, and a pool that trusts it.
func (p keyPair) write(t *testing.T, serial int64) *x509.CertPool {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(serial), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
	}
	certificate, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	for name, block := range map[string]*pem.Block{p.key: {Type: "PRIVATE KEY", Bytes: der}, p.cert: {Type: "CERTIFICATE", Bytes: certificate}} {
		text := pem.EncodeToMemory(block)
		pool.AppendCertsFromPEM(text)
		if err := os.WriteFile(name, text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return pool
}

// startTLS runs a relay with a certificate of its own.
func startTLS(t *testing.T, args ...string) (*runningRelay, keyPair) {
	t.Helper()
	pair := newKeyPair(t, 1)
	roots := pair.write(t, 1)
	r := startRelay(t, append([]string{"--tls-cert-file", pair.cert, "--tls-key-file", pair.key}, args...)...)
	r.RootCAs = roots
	return r, pair
}

func TestRelayReadsItsCertificateAgain(t *testing.T) {
	t.Parallel()
	r, pair := startTLS(t, "--metrics-listen", "127.0.0.1:0", "--log-format", "json")
	phone, client, _ := r.pair(t, tunnel.ID{1})
	r.RootCAs = pair.write(t, 2)
	status, body, state := r.get(t, r.URL+"/readyz")
	if serial := state.PeerCertificates[0].SerialNumber.Int64(); status != http.StatusOK || body != "ok\n" || serial != 2 {
		t.Errorf("got %d %q with certificate %d", status, body, serial)
	}
	carries(t, phone, client, "the tunnel goes on")
	other, also, _ := r.pair(t, tunnel.ID{2})
	carries(t, other, also, "and so does the relay")

	_, metrics, _ := r.get(t, regexp.MustCompile(`http://[0-9.:]+/metrics`).FindString(r.log.String()))
	for _, want := range []string{
		`hither_relay_tunnels{state="passing"} 2`, "hither_tls_certificate_not_after_timestamp_seconds 1", "hither_build_info{", "process_open_fds ",
	} {
		if !strings.Contains(metrics, want) {
			t.Errorf("the metrics have no %s", want)
		}
	}
	r.get(t, r.URL+"/metrics") // is a 404 like any other
	if status, _, _ := r.get(t, r.URL+"/metrics"); status != http.StatusNotFound {
		t.Errorf("the relay's own listener answers /metrics with %d", status)
	}
}

func TestRelayStopsInGoodOrder(t *testing.T) {
	t.Parallel()
	r, _ := startTLS(t)
	id := tunnel.ID{1}
	phone, routing, err := r.dialer.Create(t.Context(), r.Service, id)
	if err != nil {
		t.Fatal(err)
	}
	r.stop()
	for deadline := time.Now().Add(relayPatience); ; <-time.After(5 * time.Millisecond) {
		status, _, _ := r.get(t, r.URL+"/readyz")
		if status == http.StatusServiceUnavailable {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("it is told to stop, and ready: %d", status)
		}
	}
	if status, _, _ := r.get(t, r.URL+"/livez"); status != http.StatusOK {
		t.Errorf("it is not alive any more: %d", status)
	}
	var refused *tunnel.StatusError
	if _, _, err := r.dialer.Create(t.Context(), r.Service, tunnel.ID{2}); !errors.As(err, &refused) || refused.Status != http.StatusServiceUnavailable {
		t.Errorf("a new tunnel while it stops: %v", err)
	}
	client, err := r.dialer.Connect(t.Context(), r.Service, routing, id)
	if err != nil {
		t.Fatal(err)
	}
	carries(t, client, phone, "to the end")
	client.Close()
	phone.Close()
	r.ends(t)
	if log := r.log.String(); strings.Contains(log, "cut off") || !strings.Contains(log, "msg=stopped") {
		t.Errorf("its log:\n%s", log)
	}
}

func TestRelayCutsOffWhoStays(t *testing.T) {
	t.Parallel()
	r, _ := startTLS(t, "--grace", "10ms")
	phone, _, _ := r.pair(t, tunnel.ID{1})
	r.stop()
	r.ends(t)
	var closed *tunnel.CloseError
	if _, err := phone.Receive(t.Context()); !errors.As(err, &closed) || closed.Code != 1001 {
		t.Errorf("the phone was told %v", err)
	}
	if log := r.log.String(); !strings.Contains(log, `msg="tunnels cut off" tunnels=1`) {
		t.Errorf("its log:\n%s", log)
	}
}

// TestRelayLogsNobody: not at any level.
func TestRelayLogsNobody(t *testing.T) {
	t.Parallel()
	r, _ := startTLS(t, "--log-level", "debug")
	id := tunnel.ID{0xAB, 0xCD, 0xEF, 0x12, 0x34}
	phone, client, routing := r.pair(t, id)
	carries(t, phone, client, "psst")
	client.Close()
	phone.Close()
	r.stop()
	r.ends(t)
	log := strings.ToLower(r.log.String())
	if !strings.Contains(log, "tunnel ended") {
		t.Errorf("the log of level debug has no tunnel:\n%s", log)
	}
	for _, secret := range []string{strings.ToLower(id.Text()), strings.ToLower(routing.Text()), "127.0.0.1", "/cable/", "psst"} {
		if strings.Contains(log, secret) {
			t.Errorf("the log holds %s:\n%s", secret, log)
		}
	}
}
