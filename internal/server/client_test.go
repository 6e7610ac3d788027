package server_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"maps"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/hitherauth/hither/webauthn/webauthntest"
)

// browser is one browser with an authenticator, or a program when it has no
// Fetch headers.
type browser struct {
	h       *house
	http    *http.Client
	cookies map[string]string
	headers map[string]string
	key     *webauthntest.Authenticator
}

const firefox = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"

// browser is a new one.
func (h *house) browser() *browser {
	h.t.Helper()
	b := h.program()
	b.headers = map[string]string{"Sec-Fetch-Site": "same-origin", "Sec-Fetch-Mode": "cors", "Origin": h.origin, "User-Agent": firefox}
	return b
}

// program is a client that is no browser.
func (h *house) program() *browser {
	h.t.Helper()
	transport := &http.Transport{
		DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, network, h.address)
		},
	}
	h.t.Cleanup(transport.CloseIdleConnections)
	client := &http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	return &browser{h: h, http: client, cookies: map[string]string{}, headers: map[string]string{}, key: webauthntest.New(webauthntest.Config{})}
}

// copy is b with the cookies it has now: another tab, or a thief.
func (b *browser) copy() *browser {
	c := *b
	c.cookies = maps.Clone(b.cookies)
	c.headers = maps.Clone(b.headers)
	return &c
}

// answer is what came back.
type answer struct {
	status int
	header http.Header
	body   []byte
	cookie map[string]*http.Cookie
}

// do sends a request; a string or bytes are sent as they are, anything else as
// JSON, nil not at all.
func (b *browser) do(method, path string, body any, edits ...func(*http.Request)) answer {
	b.h.t.Helper()
	var reader io.Reader
	var kind string
	switch v := body.(type) {
	case nil:
	case string:
		reader, kind = strings.NewReader(v), "application/json"
	case []byte:
		reader, kind = bytes.NewReader(v), "application/json"
	case formBody:
		reader, kind = strings.NewReader(string(v)), "application/x-www-form-urlencoded"
	default:
		text, err := json.Marshal(v)
		if err != nil {
			b.h.t.Fatal(err)
		}
		reader, kind = bytes.NewReader(text), "application/json"
	}
	r, err := http.NewRequestWithContext(b.h.t.Context(), method, b.h.origin+path, reader)
	if err != nil {
		b.h.t.Fatal(err)
	}
	if kind != "" {
		r.Header.Set("Content-Type", kind)
	}
	for name, value := range b.headers {
		r.Header.Set(name, value)
	}
	for name, value := range b.cookies {
		r.AddCookie(&http.Cookie{Name: name, Value: value})
	}
	for _, edit := range edits {
		edit(r)
	}
	return b.send(r)
}

type formBody string

// send sends r as it is and keeps the cookies that come back.
func (b *browser) send(r *http.Request) answer {
	b.h.t.Helper()
	response, err := b.http.Do(r)
	if err != nil {
		b.h.t.Fatalf("%s %s: %v", r.Method, r.URL, err)
	}
	defer func() { _ = response.Body.Close() }()
	a := answer{status: response.StatusCode, header: response.Header, cookie: map[string]*http.Cookie{}}
	if a.body, err = io.ReadAll(response.Body); err != nil {
		b.h.t.Fatal(err)
	}
	for _, c := range response.Cookies() {
		a.cookie[c.Name] = c
		if c.MaxAge < 0 {
			delete(b.cookies, c.Name)
		} else {
			b.cookies[c.Name] = c.Value
		}
	}
	if a.status == http.StatusInternalServerError {
		b.h.t.Errorf("%s %s: 500 %s\n%s", r.Method, r.URL.Path, a.body, b.h.logs)
	}
	return a
}

// header is an edit that sets a header; "" removes it.
func header(name, value string) func(*http.Request) {
	return func(r *http.Request) {
		if value == "" {
			r.Header.Del(name)
			return
		}
		r.Header.Set(name, value)
	}
}

// json reads the answer's body.
func (a answer) json(t *testing.T) map[string]any {
	t.Helper()
	var v map[string]any
	if err := json.Unmarshal(a.body, &v); err != nil {
		t.Fatalf("status %d: %v in %q", a.status, err, a.body)
	}
	return v
}

// want fails unless the answer has the status and, with a code, is the problem.
func (a answer) want(t *testing.T, status int, code string) answer {
	t.Helper()
	if a.status != status {
		t.Errorf("got status %d, want %d %s: %.300s", a.status, status, code, a.body)
		return a
	}
	if code == "" {
		return a
	}
	if got := a.header.Get("Content-Type"); got != "application/problem+json" {
		t.Errorf("got Content-Type %q for a problem", got)
		return a
	}
	p := a.json(t)
	if p["code"] != code || p["status"] != float64(status) || p["type"] != "about:blank" || p["request_id"] == "" || p["detail"] == "" || p["title"] != http.StatusText(status) {
		t.Errorf("got problem %s, want code %s", a.body, code)
	}
	return a
}

// ok is want for an answer without a problem, as JSON.
func (a answer) ok(t *testing.T, status int) map[string]any {
	t.Helper()
	if a.status != status {
		t.Fatalf("got status %d, want %d: %.300s", a.status, status, a.body)
	}
	if len(a.body) == 0 {
		return nil
	}
	return a.json(t)
}

// begun is a ceremony that has begun.
type begun struct {
	ceremony string
	options  []byte
}

func (a answer) begun(t *testing.T) begun {
	t.Helper()
	var v struct {
		Ceremony  string          `json:"ceremony"`
		PublicKey json.RawMessage `json:"publicKey"`
	}
	if a.status != http.StatusOK {
		t.Fatalf("begin: got %d %s", a.status, a.body)
	}
	if err := json.Unmarshal(a.body, &v); err != nil {
		t.Fatal(err)
	}
	return begun{v.Ceremony, v.PublicKey}
}

// finish is the body of a finish.
func (g begun) finish(credential []byte) string {
	return `{"ceremony":"` + g.ceremony + `","credential":` + string(credential) + `}`
}

const (
	pathRegBegin   = "/api/v1/registration/begin"
	pathRegFinish  = "/api/v1/registration/finish"
	pathAuthBegin  = "/api/v1/authentication/begin"
	pathAuthFinish = "/api/v1/authentication/finish"
)

type object = map[string]any

func (b *browser) beginRegistration(body object) begun {
	b.h.t.Helper()
	return b.do(http.MethodPost, pathRegBegin, body).begun(b.h.t)
}

func (b *browser) beginAuthentication(body object) begun {
	b.h.t.Helper()
	return b.do(http.MethodPost, pathAuthBegin, body).begun(b.h.t)
}

// create makes a credential for g and gives the finishing body.
func (b *browser) create(g begun, edits ...func(*webauthntest.Registration)) (*webauthntest.Credential, string) {
	b.h.t.Helper()
	cred, body, err := b.key.CreateJSON(g.options, b.h.origin, edits...)
	if err != nil {
		b.h.t.Fatal(err)
	}
	return cred, g.finish(body)
}

// assert answers g and gives the finishing body.
func (b *browser) assert(g begun, edits ...func(*webauthntest.Authentication)) string {
	b.h.t.Helper()
	body, err := b.key.GetJSON(g.options, b.h.origin, edits...)
	if err != nil {
		b.h.t.Fatal(err)
	}
	return g.finish(body)
}

// signUp makes an account with a passkey, by open sign-up, and is signed in.
func (b *browser) signUp(name string) *webauthntest.Credential {
	b.h.t.Helper()
	cred, body := b.create(b.beginRegistration(object{"name": name}))
	b.do(http.MethodPost, pathRegFinish, body).ok(b.h.t, http.StatusCreated)
	return cred
}

// signIn signs in with whatever passkey the authenticator offers.
func (b *browser) signIn() map[string]any {
	b.h.t.Helper()
	body := b.assert(b.beginAuthentication(object{}))
	return b.do(http.MethodPost, pathAuthFinish, body).ok(b.h.t, http.StatusOK)
}
