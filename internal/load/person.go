package load

import (
	"context"
	"fmt"

	"github.com/hitherauth/hither/internal/api"
	"github.com/hitherauth/hither/webauthn"
	"github.com/hitherauth/hither/webauthn/webauthntest"
)

// Person is somebody with one authenticator, which holds what it is asked to
// hold. Somebody with two passkeys in different places is two of them, the
// second with Join.
type Person struct {
	client        *api.Client
	authenticator *webauthntest.Authenticator
}

// NewPerson has an ES256 authenticator, as nearly everybody has. With another
// one, use Person.With.
func NewPerson(c *api.Client) *Person {
	return &Person{client: c, authenticator: webauthntest.New(webauthntest.Config{Algorithm: webauthn.ES256})}
}

// With is the same person with another authenticator.
func (p *Person) With(a *webauthntest.Authenticator) *Person {
	return &Person{client: p.client, authenticator: a}
}

// Authenticator is the person's.
func (p *Person) Authenticator() *webauthntest.Authenticator { return p.authenticator }

// Register makes an account with a first passkey, and a session.
func (p *Person) Register(ctx context.Context, r api.Registration) (api.Result, error) {
	return finish(ctx)(p.AnswerRegistration(ctx, r))
}

// SignIn signs in without a name, by the authenticator's newest passkey.
func (p *Person) SignIn(ctx context.Context) (api.Result, error) {
	return finish(ctx)(p.AnswerAuthentication(ctx))
}

// Join adds a passkey of this person's authenticator to the account of a
// session, which need not be this authenticator's.
func (p *Person) Join(ctx context.Context, token string) (api.Result, error) {
	return finish(ctx)(p.AnswerAddition(ctx, token))
}

func finish(ctx context.Context) func(*Answer, error) (api.Result, error) {
	return func(a *Answer, err error) (api.Result, error) {
		if err != nil {
			return api.Result{}, err
		}
		return a.Finish(ctx)
	}
}

// AnswerRegistration begins a registration and has it answered: all of Register
// but the last request.
func (p *Person) AnswerRegistration(ctx context.Context, r api.Registration) (*Answer, error) {
	return p.answer(p.create)(p.client.BeginRegistration(ctx, r))
}

// AnswerAddition is all of Join but the last request.
func (p *Person) AnswerAddition(ctx context.Context, token string) (*Answer, error) {
	return p.answer(p.create)(p.client.BeginAddition(ctx, token))
}

// AnswerAuthentication is all of SignIn but the last request.
func (p *Person) AnswerAuthentication(ctx context.Context) (*Answer, error) {
	return p.answer(func(options []byte) ([]byte, error) {
		return p.authenticator.GetJSON(options, p.client.Origin())
	})(p.client.BeginAuthentication(ctx))
}

func (p *Person) create(options []byte) ([]byte, error) {
	_, response, err := p.authenticator.CreateJSON(options, p.client.Origin())
	return response, err
}

// answer lets the authenticator answer a ceremony that was begun.
func (p *Person) answer(authenticate func([]byte) ([]byte, error)) func(*api.Ceremony, error) (*Answer, error) {
	return func(c *api.Ceremony, err error) (*Answer, error) {
		if err != nil {
			return nil, err
		}
		response, err := authenticate(c.Options)
		if err != nil {
			return nil, fmt.Errorf("load: authenticator: %w", err)
		}
		return &Answer{ceremony: c, response: response}, nil
	}
}

// Answer is a ceremony that was begun and answered, and can be finished: once,
// or as often as somebody tries who wants to spend it twice.
type Answer struct {
	ceremony *api.Ceremony
	response []byte
}

// Finish hands the answer in.
func (a *Answer) Finish(ctx context.Context) (api.Result, error) {
	return a.ceremony.Finish(ctx, a.response)
}
