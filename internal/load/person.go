package load

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"

	"github.com/hitherauth/hither/webauthn"
	"github.com/hitherauth/hither/webauthn/webauthntest"
)

// Person is somebody with one authenticator, which holds what it is asked to
// hold. Somebody with two passkeys in different places is two of them, the
// second with Join.
type Person struct {
	client        *Client
	authenticator *webauthntest.Authenticator
}

// NewPerson has an ES256 authenticator, as nearly everybody has. With another
// one, use Person.With.
func NewPerson(c *Client) *Person {
	return &Person{client: c, authenticator: webauthntest.New(webauthntest.Config{Algorithm: webauthn.ES256})}
}

// With is the same person with another authenticator.
func (p *Person) With(a *webauthntest.Authenticator) *Person {
	return &Person{client: p.client, authenticator: a}
}

// Authenticator is the person's.
func (p *Person) Authenticator() *webauthntest.Authenticator { return p.authenticator }

// Registration says whose account is to be made.
type Registration struct {
	Name        string // "": an invitation fixes it
	DisplayName string // "": like Name
	Token       string // of a setup or invitation link; "": sign-up is open
}

// Register makes an account with a first passkey, and a session.
func (p *Person) Register(ctx context.Context, r Registration) (Result, error) {
	return finish(ctx)(p.AnswerRegistration(ctx, r))
}

// SignIn signs in without a name, by the authenticator's newest passkey.
func (p *Person) SignIn(ctx context.Context) (Result, error) {
	return finish(ctx)(p.AnswerAuthentication(ctx))
}

// Join adds a passkey of this person's authenticator to the account of a
// session, which need not be this authenticator's.
func (p *Person) Join(ctx context.Context, token string) (Result, error) {
	return finish(ctx)(p.AnswerAddition(ctx, token))
}

func finish(ctx context.Context) func(*Answer, error) (Result, error) {
	return func(a *Answer, err error) (Result, error) {
		if err != nil {
			return Result{}, err
		}
		return a.Finish(ctx)
	}
}

// AnswerRegistration begins a registration and has it answered: all of Register
// but the last request.
func (p *Person) AnswerRegistration(ctx context.Context, r Registration) (*Answer, error) {
	request := map[string]string{}
	for member, value := range map[string]string{"name": r.Name, "display_name": r.DisplayName, "token": r.Token} {
		if value != "" {
			request[member] = value
		}
	}
	return p.answer(ctx, "registration", "", request, p.create)
}

// AnswerAddition is all of Join but the last request.
func (p *Person) AnswerAddition(ctx context.Context, token string) (*Answer, error) {
	return p.answer(ctx, "registration", token, map[string]string{}, p.create)
}

// AnswerAuthentication is all of SignIn but the last request.
func (p *Person) AnswerAuthentication(ctx context.Context) (*Answer, error) {
	return p.answer(ctx, "authentication", "", map[string]string{}, func(options []byte) ([]byte, error) {
		return p.authenticator.GetJSON(options, p.client.origin)
	})
}

func (p *Person) create(options []byte) ([]byte, error) {
	_, body, err := p.authenticator.CreateJSON(options, p.client.origin)
	return body, err
}

// answer begins a ceremony and lets the authenticator answer it.
func (p *Person) answer(ctx context.Context, kind, token string, request any, authenticate func([]byte) ([]byte, error)) (*Answer, error) {
	var begun struct {
		Ceremony  string          `json:"ceremony"`
		PublicKey json.RawMessage `json:"publicKey"`
	}
	r, err := p.client.request(ctx, http.MethodPost, kind+"/begin", request)
	if err != nil {
		return nil, err
	}
	authorize(r, token)
	cookies, err := p.client.send(r, &begun)
	if err != nil {
		return nil, err
	}
	credential, err := authenticate(begun.PublicKey)
	if err != nil {
		return nil, fmt.Errorf("load: authenticator: %w", err)
	}
	body := map[string]any{"ceremony": begun.Ceremony, "credential": json.RawMessage(credential)}
	if token == "" {
		body["session"] = "bearer"
	}
	return &Answer{client: p.client, kind: kind, token: token, cookies: cookies, body: body}, nil
}

// Answer is a ceremony that was begun and answered, and can be finished: once,
// or as often as somebody tries who wants to spend it twice.
type Answer struct {
	client  *Client
	kind    string
	token   string
	cookies []*http.Cookie // tie the finish to the begin
	body    map[string]any
}

// Result is what finishing a ceremony has given.
type Result struct {
	Account    Account    `json:"account"`
	Credential Credential `json:"credential"`
	Session    Session    `json:"session"` // zero after Join
}

// Finish hands the answer in.
func (a *Answer) Finish(ctx context.Context) (Result, error) {
	r, err := a.client.request(ctx, http.MethodPost, a.kind+"/finish", a.body)
	if err != nil {
		return Result{}, err
	}
	authorize(r, a.token)
	r.Header.Set("Origin", a.client.origin) // goes with cookies
	for _, c := range a.cookies {
		r.AddCookie(&http.Cookie{Name: c.Name, Value: c.Value}) //nolint:gosec // G124: attributes are the server's matter; this is the way back
	}
	var result Result
	_, err = a.client.send(r, &result)
	return result, err
}

func authorize(r *http.Request, token string) {
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
}
