package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/hitherauth/hither/webauthn"
	"github.com/hitherauth/hither/webauthn/webauthntest"
)

// person is somebody with a passkey and a program that is no browser.
type person struct {
	client        *http.Client
	origin        string
	authenticator *webauthntest.Authenticator
}

// newPerson has an ES256 authenticator, as nearly everybody has.
func newPerson(client *http.Client, origin string) *person {
	return &person{client: client, origin: origin, authenticator: webauthntest.New(webauthntest.Config{Algorithm: webauthn.ES256})}
}

// register creates an account: with the token of a link, or, with none, where
// sign-up is open.
func (p *person) register(ctx context.Context, token, name string) error {
	request := map[string]any{"name": name, "display_name": strings.ToUpper(name[:1]) + name[1:]}
	if token != "" {
		request["token"] = token
	}
	return p.ceremony(ctx, "registration", request, http.StatusCreated, func(options []byte) ([]byte, error) {
		_, body, err := p.authenticator.CreateJSON(options, p.origin)
		return body, err
	})
}

// signIn signs in without a name.
func (p *person) signIn(ctx context.Context) error {
	return p.ceremony(ctx, "authentication", map[string]any{}, http.StatusOK, func(options []byte) ([]byte, error) {
		return p.authenticator.GetJSON(options, p.origin)
	})
}

// ceremony begins and finishes one ceremony, with the cookie that ties the two.
func (p *person) ceremony(ctx context.Context, name string, request map[string]any, want int, answer func([]byte) ([]byte, error)) error {
	var begun struct {
		Ceremony  string          `json:"ceremony"`
		PublicKey json.RawMessage `json:"publicKey"`
	}
	cookies, err := p.post(ctx, name+"/begin", request, nil, http.StatusOK, &begun)
	if err != nil {
		return err
	}
	credential, err := answer(begun.PublicKey)
	if err != nil {
		return fmt.Errorf("authenticator: %w", err)
	}
	_, err = p.post(ctx, name+"/finish", map[string]any{
		"ceremony": begun.Ceremony, "credential": json.RawMessage(credential), "session": "bearer",
	}, cookies, want, nil)
	return err
}

func (p *person) post(ctx context.Context, path string, body any, cookies []*http.Cookie, want int, into any) ([]*http.Cookie, error) {
	b, err := json.Marshal(body)
	if err != nil {
		return nil, err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, p.origin+"/api/v1/"+path, bytes.NewReader(b))
	if err != nil {
		return nil, err
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Origin", p.origin)
	for _, c := range cookies {
		r.AddCookie(&http.Cookie{Name: c.Name, Value: c.Value})
	}
	response, err := p.client.Do(r)
	if err != nil {
		return nil, err
	}
	answer, err := io.ReadAll(response.Body)
	if closeErr := response.Body.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		return nil, err
	}
	if response.StatusCode != want {
		return nil, fmt.Errorf("%s: %s: %s", path, response.Status, answer)
	}
	if into != nil {
		err = json.Unmarshal(answer, into)
	}
	return response.Cookies(), err
}

// newClient keeps connections for n workers.
func newClient(t testing.TB, n int) *http.Client {
	t.Helper()
	transport := &http.Transport{MaxIdleConnsPerHost: n, MaxConnsPerHost: n}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport}
}
