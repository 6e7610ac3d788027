package authenticator_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"sync"
	"testing"

	"github.com/hitherauth/hither/authenticator"
	"github.com/hitherauth/hither/clientplatform"
	"github.com/hitherauth/hither/ctap2"
	"github.com/hitherauth/hither/relyingparty"
	"github.com/hitherauth/hither/webauthn"
)

const (
	rpID   = "example.org"
	origin = "https://id.example.org"
)

// person answers as told and remembers what was asked.
type person struct {
	answer func(context.Context, authenticator.Question) (authenticator.Answer, error)

	mu    sync.Mutex
	asked []authenticator.Question
}

func (p *person) Verify(ctx context.Context, q authenticator.Question) (authenticator.Answer, error) {
	p.mu.Lock()
	p.asked = append(p.asked, q)
	p.mu.Unlock()
	if p.answer == nil {
		return authenticator.Answer{Consented: true, Verified: true}, nil
	}
	return p.answer(ctx, q)
}

// questions is what was asked since the last call.
func (p *person) questions() []authenticator.Question {
	p.mu.Lock()
	defer p.mu.Unlock()
	asked := p.asked
	p.asked = nil
	return asked
}

// says makes a person who always answers the same.
func says(answer authenticator.Answer) *person {
	return &person{answer: func(context.Context, authenticator.Question) (authenticator.Answer, error) { return answer, nil }}
}

// agreed says yes and remembers nothing.
type agreed struct{}

func (agreed) Verify(context.Context, authenticator.Question) (authenticator.Answer, error) {
	return authenticator.Answer{Consented: true, Verified: true}, nil
}

// makeRequest asks for a discoverable credential of an account.
func makeRequest(account string, edits ...func(*ctap2.MakeCredentialRequest)) ctap2.MakeCredentialRequest {
	r := ctap2.MakeCredentialRequest{
		ClientDataHash: [32]byte{1},
		RP:             webauthn.RelyingPartyEntity{ID: rpID, Name: "Example"},
		User:           webauthn.UserEntity{ID: webauthn.Bytes(account), Name: account, DisplayName: "The " + account},
		Parameters:     []webauthn.CredentialParameter{{Type: "public-key", Algorithm: webauthn.ES256}},
		Options:        ctap2.Options{"rk": true, "uv": true},
	}
	for _, edit := range edits {
		edit(&r)
	}
	return r
}

func getRequest(edits ...func(*ctap2.GetAssertionRequest)) ctap2.GetAssertionRequest {
	r := ctap2.GetAssertionRequest{RPID: rpID, ClientDataHash: [32]byte{2}, Options: ctap2.Options{"uv": true}}
	for _, edit := range edits {
		edit(&r)
	}
	return r
}

// mustMake makes a credential and returns it as the authenticator tells of it.
func mustMake(t testing.TB, a ctap2.Authenticator, r ctap2.MakeCredentialRequest) webauthn.AuthenticatorData {
	t.Helper()
	made, err := a.MakeCredential(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	data, err := webauthn.ParseAuthenticatorData(made.AuthenticatorData)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func descriptor(id []byte) webauthn.CredentialDescriptor {
	return webauthn.CredentialDescriptor{Type: "public-key", ID: id}
}

// wantStatus expects an answer of the authenticator, and nothing with it.
func wantStatus(t *testing.T, err error, want ctap2.StatusCode) {
	t.Helper()
	got, ok := errors.AsType[ctap2.StatusCode](err)
	if !ok || got != want {
		t.Errorf("got error %v, want %v", err, want)
	}
}

// newRelyingParty demands user verification and verifies statements.
func newRelyingParty(t testing.TB, algorithm webauthn.Algorithm) *relyingparty.RelyingParty {
	t.Helper()
	keyring, err := relyingparty.NewKeyring()
	if err != nil {
		t.Fatal(err)
	}
	rp, err := relyingparty.New(relyingparty.Config{
		ID: rpID, Origins: []string{origin}, Keyring: keyring, Algorithms: []webauthn.Algorithm{algorithm},
		Attestation: relyingparty.AttestationPolicy{Statement: relyingparty.StatementVerify},
	})
	if err != nil {
		t.Fatal(err)
	}
	return rp
}

func newClient(t testing.TB) *clientplatform.Client {
	t.Helper()
	client, err := clientplatform.New(clientplatform.Config{Origin: origin})
	if err != nil {
		t.Fatal(err)
	}
	return client
}

// register runs a whole registration ceremony.
func register(t testing.TB, rp *relyingparty.RelyingParty, a ctap2.Authenticator, edits ...func(*webauthn.CreationOptions)) relyingparty.Registration {
	t.Helper()
	user := webauthn.UserEntity{ID: webauthn.Bytes("alice's handle"), Name: "alice", DisplayName: "Alice"}
	options, sealed, err := rp.BeginRegistration(relyingparty.RegistrationRequest{User: user})
	if err != nil {
		t.Fatal(err)
	}
	for _, edit := range edits {
		edit(&options)
	}
	made, err := newClient(t).Create(t.Context(), a, options)
	if err != nil {
		t.Fatal(err)
	}
	return finishRegistration(t, rp, sealed, made.JSON)
}

func finishRegistration(t testing.TB, rp *relyingparty.RelyingParty, sealed relyingparty.SealedCeremony, body []byte) relyingparty.Registration {
	t.Helper()
	ceremony, err := rp.OpenRegistration(sealed, nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := webauthn.ParseRegistrationResponse(body)
	if err != nil {
		t.Fatal(err)
	}
	registration, err := rp.FinishRegistration(ceremony, response)
	if err != nil {
		t.Fatal(err)
	}
	return registration
}

// signIn runs a whole authentication ceremony.
func signIn(t testing.TB, rp *relyingparty.RelyingParty, a ctap2.Authenticator, r relyingparty.Registration) relyingparty.Authentication {
	t.Helper()
	options, sealed, err := rp.BeginAuthentication(relyingparty.AuthenticationRequest{})
	if err != nil {
		t.Fatal(err)
	}
	answer, err := newClient(t).Get(t.Context(), a, options)
	if err != nil {
		t.Fatal(err)
	}
	return finishAuthentication(t, rp, sealed, answer.JSON, r)
}

func finishAuthentication(t testing.TB, rp *relyingparty.RelyingParty, sealed relyingparty.SealedCeremony, body []byte, r relyingparty.Registration) relyingparty.Authentication {
	t.Helper()
	ceremony, err := rp.OpenAuthentication(sealed, nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := webauthn.ParseAuthenticationResponse(body)
	if err != nil {
		t.Fatal(err)
	}
	authentication, err := rp.FinishAuthentication(ceremony, response, relyingparty.Credential{
		ID: r.CredentialID, UserHandle: r.UserHandle, PublicKey: r.PublicKey, SignCount: r.SignCount, BackupEligible: &r.BackupEligible,
	})
	if err != nil {
		t.Fatal(err)
	}
	return authentication
}

func readFile(t testing.TB, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return bytes.Clone(b)
}
