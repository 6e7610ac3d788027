//go:build linux

package deploy_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"
)

// Where clients of the tests are, and where one of them says it is. All of
// 127.0.0.0/8 is this machine.
const (
	client1 = "127.1.2.3"
	client2 = "127.4.5.6"
	spoofed = "203.0.113.66"
)

// liar adds an X-Forwarded-For of its own to each request.
type liar struct{ *http.Transport }

func (l liar) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Header.Set("X-Forwarded-For", spoofed)
	r.Header.Set("Forwarded", "for="+spoofed)
	r.Header.Set("X-Real-IP", spoofed)
	return l.Transport.RoundTrip(r)
}

// browse makes a client at an address, for which every name is the proxy's.
func (p place) browse(t *testing.T, address string) *http.Client {
	t.Helper()
	pool := x509.NewCertPool()
	cert, err := os.ReadFile(p.cert)
	if err != nil || !pool.AppendCertsFromPEM(cert) {
		t.Fatalf("certificate: %v", err)
	}
	transport := &http.Transport{
		ForceAttemptHTTP2: true,
		TLSClientConfig:   &tls.Config{RootCAs: pool},
		DialContext: func(ctx context.Context, network, to string) (net.Conn, error) {
			at := map[string]string{"443": p.https, "80": p.http}[portOf(to)]
			if at == "" {
				at = to
			}
			d := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(address)}}
			return d.DialContext(ctx, network, at)
		},
	}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: liar{transport}, Timeout: patience}
}

// testProxy is what a proxy must do and must leave alone.
func testProxy(t *testing.T, p proxy, s *server, at place) {
	client := at.browse(t, client1)
	const origin = "https://" + domain
	ready := func() bool {
		a, err := try(t, client, http.MethodGet, origin+"/readyz", "")
		return err == nil && a.status == http.StatusOK
	}
	for deadline := time.Now().Add(patience); !ready(); <-time.After(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("the proxy does not answer")
		}
	}

	if s.origin != origin {
		t.Errorf("hitherd is at %s", s.origin)
	}
	s.signIn(t, client)
	if log := s.logged(t); strings.Contains(log, spoofed) || !strings.Contains(log, "address="+client1) {
		t.Errorf("the client's address is not %s in the log", client1)
	}
	checkHeaders(t, client, origin)
	checkPaths(t, p, client, origin, "http://"+at.backend)
	checkSize(t, client, origin)
	checkNames(t, p, at)
	a, err := try(t, client, http.MethodGet, "http://"+domain+"/login?a=b", "")
	if to := a.header.Get("Location"); err != nil || a.status/100 != 3 || to != origin+"/login?a=b" {
		t.Errorf("over http: %v to %q, %v", a, to, err)
	}
	checkLimits(t, client, at, origin)
}

// checkHeaders: what hitherd says to browsers arrives once, over HTTP/2.
func checkHeaders(t *testing.T, client *http.Client, origin string) {
	t.Helper()
	a := fetch(t, client, origin+"/login")
	if a.status != http.StatusOK || a.major != 2 {
		t.Errorf("the sign-in page is %d over HTTP/%d", a.status, a.major)
	}
	for _, name := range []string{"Content-Security-Policy", "Strict-Transport-Security", "X-Content-Type-Options", "Cache-Control", "Referrer-Policy"} {
		if len(a.header[name]) != 1 {
			t.Errorf("%s is %q", name, a.header[name])
		}
	}
	kept := false
	for _, c := range a.cookies {
		kept = kept || strings.HasPrefix(c.Name, "__Host-") && c.Secure && c.HttpOnly && c.Path == "/" && c.Domain == ""
	}
	if !kept {
		t.Errorf("got cookies %v", a.cookies)
	}
}

// checkPaths: a path is the same path on both sides.
func checkPaths(t *testing.T, p proxy, client *http.Client, origin, backend string) {
	t.Helper()
	for _, path := range []string{"/", "/login/", "//login", "/%6cogin", "/login%2f", "/login;a", "/a%2f..%2flogin", "/api/v1/credentials/a%2Fb", "/login?a=%2F&b=+"} {
		behind, err := try(t, client, http.MethodGet, origin+path, "")
		if err != nil {
			t.Errorf("%s: %v", path, err)
			continue
		}
		direct, err := try(t, &http.Client{Transport: &http.Transport{}}, http.MethodGet, backend+path, "", func(r *http.Request) { r.Host = domain })
		if err != nil {
			t.Errorf("%s: %v", path, err)
			continue
		}
		if p.mergesSlashes && strings.HasPrefix(path, "//") {
			continue
		}
		if behind.status != direct.status || behind.header.Get("Location") != direct.header.Get("Location") {
			t.Errorf("%s is %d to %q, and %d to %q without the proxy", path,
				behind.status, behind.header.Get("Location"), direct.status, direct.header.Get("Location"))
		}
	}
}

// checkSize: a body that is too large is refused in hitherd's words.
func checkSize(t *testing.T, client *http.Client, origin string) {
	t.Helper()
	a, err := try(t, client, http.MethodPost, origin+"/api/v1/authentication/finish", `"`+strings.Repeat("a", 64<<10)+`"`)
	if err != nil || a.status != http.StatusRequestEntityTooLarge || problem(a) == "" {
		t.Errorf("64 KiB and more: %v, %v", a, err)
	}
}

// checkNames: another name gets nothing.
func checkNames(t *testing.T, p proxy, at place) {
	t.Helper()
	client := at.browse(t, client1)
	for name, url := range map[string]string{"in_header": "https://" + domain + "/login", "everywhere": "https://evil.example/login"} {
		client.Transport.(liar).TLSClientConfig.InsecureSkipVerify = name == "everywhere"
		a, err := try(t, client, http.MethodGet, url, "", func(r *http.Request) { r.Host = "evil.example" })
		switch {
		case name == "everywhere" && p.refusesHandshake:
			if err == nil {
				t.Errorf("%s: got %v, want no connection", name, a)
			}
		case err != nil || a.status/100 != 4 && a.status/100 != 2 || a.status/100 == 2 && a.body != "":
			t.Errorf("%s: got %v, %v", name, a, err)
		}
		client.CloseIdleConnections()
	}
}

// checkLimits: 429 arrives with its Retry-After, and is for one client alone.
func checkLimits(t *testing.T, client *http.Client, at place, origin string) {
	t.Helper()
	begin := func(client *http.Client) answer {
		a, err := try(t, client, http.MethodPost, origin+"/api/v1/authentication/begin", "{}")
		if err != nil {
			t.Fatal(err)
		}
		return a
	}
	var last answer
	for range 5_000 {
		if last = begin(client); last.status != http.StatusOK {
			break
		}
	}
	seconds, err := strconv.Atoi(last.header.Get("Retry-After"))
	if last.status != http.StatusTooManyRequests || err != nil || seconds < 1 || problem(last) == "" {
		t.Errorf("got %v, Retry-After %q", last, last.header.Get("Retry-After"))
	}
	if a := begin(at.browse(t, client2)); a.status != http.StatusOK {
		t.Errorf("somebody else got %v", a)
	}
}

// problem is the code of a refusal in hitherd's form, or "".
func problem(a answer) string {
	var p struct {
		Code string `json:"code"`
	}
	if json.Unmarshal([]byte(a.body), &p) != nil {
		return ""
	}
	return p.Code
}
