package clientplatform_test

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"testing"

	"github.com/hitherauth/hither/clientplatform"
	"github.com/hitherauth/hither/ctap2"
	"github.com/hitherauth/hither/relyingparty"
	"github.com/hitherauth/hither/webauthn"
	"github.com/hitherauth/hither/webauthn/webauthntest"
)

const (
	testID     = "id.example.test"
	testOrigin = "https://id.example.test"
)

// phone is an authenticator that answers what it is asked, with one thing broken
// where a test wants it so. It notes what it was asked.
type phone struct {
	info   ctap2.Info
	device *webauthntest.Authenticator

	failing error // instead of an answer to MakeCredential and GetAssertion
	made    func(*ctap2.MakeCredentialResponse)
	signed  func(*ctap2.GetAssertionResponse)
	data    func(*webauthntest.AuthenticatorData) // before it is encoded and signed

	creations  []ctap2.MakeCredentialRequest
	assertions []ctap2.GetAssertionRequest
}

func newPhone(config webauthntest.Config) *phone {
	return &phone{
		device: webauthntest.New(config),
		info: ctap2.Info{
			Versions:   []string{"FIDO_2_0", "FIDO_2_1"},
			Extensions: []string{"prf"},
			Options:    ctap2.Options{"rk": true, "uv": true},
			Transports: []string{"internal", "hybrid", "cable", "of-the-future"},
		},
	}
}

func (p *phone) GetInfo(ctx context.Context) (ctap2.Info, error) { return p.info, ctx.Err() }

// edit prepares a ceremony that is made for a client data hash that is known alone.
func (p *phone) edit(c *webauthntest.Ceremony, hash [32]byte, o ctap2.Options) {
	if !o["uv"] {
		c.AuthenticatorData.Flags &^= webauthntest.FlagUserVerified
	}
	if up, ok := o["up"]; ok && !up {
		c.AuthenticatorData.Flags &^= webauthntest.FlagUserPresent
	}
	if p.data != nil {
		p.data(&c.AuthenticatorData)
	}
	c.At(webauthntest.BeforeSigning, func() { c.SignatureInput = slices.Concat(c.RawAuthenticatorData, hash[:]) })
}

func (p *phone) MakeCredential(_ context.Context, q ctap2.MakeCredentialRequest) (ctap2.MakeCredentialResponse, error) {
	p.creations = append(p.creations, q)
	if p.failing != nil {
		return ctap2.MakeCredentialResponse{}, p.failing
	}
	var made *webauthntest.Registration
	_, body, err := p.device.Create(webauthn.CreationOptions{
		RP: q.RP, User: q.User, Parameters: q.Parameters, ExcludeCredentials: q.ExcludeList,
	}, "https://"+q.RP.ID, func(r *webauthntest.Registration) {
		made = r
		p.edit(&r.Ceremony, q.ClientDataHash, q.Options)
	})
	switch {
	case errors.Is(err, webauthntest.ErrExcluded):
		return ctap2.MakeCredentialResponse{}, ctap2.StatusCredentialExcluded
	case errors.Is(err, webauthntest.ErrNoAlgorithm):
		return ctap2.MakeCredentialResponse{}, ctap2.StatusUnsupportedAlgorithm
	case err != nil:
		return ctap2.MakeCredentialResponse{}, err
	}
	response := ctap2.MakeCredentialResponse{AuthenticatorData: made.RawAuthenticatorData, Statement: made.Statement.Encode()}
	if parsed, err := webauthn.ParseRegistrationResponse(body); err == nil { // not with broken data
		response.Format = parsed.AttestationObject.Format
	} else {
		response.Format = "none"
	}
	if p.made != nil {
		p.made(&response)
	}
	return response, nil
}

func (p *phone) GetAssertion(_ context.Context, q ctap2.GetAssertionRequest) (ctap2.GetAssertionResponse, error) {
	p.assertions = append(p.assertions, q)
	if up, ok := q.Options["up"]; p.failing != nil && (!ok || up) {
		return ctap2.GetAssertionResponse{}, p.failing
	}
	var made *webauthntest.Authentication
	_, err := p.device.Get(webauthn.RequestOptions{RPID: q.RPID, AllowCredentials: q.AllowList}, "https://"+q.RPID, func(g *webauthntest.Authentication) {
		made = g
		p.edit(&g.Ceremony, q.ClientDataHash, q.Options)
	})
	switch {
	case errors.Is(err, webauthntest.ErrNoCredential):
		return ctap2.GetAssertionResponse{}, ctap2.StatusNoCredentials
	case err != nil:
		return ctap2.GetAssertionResponse{}, err
	}
	response := ctap2.GetAssertionResponse{
		Credential:        &webauthn.CredentialDescriptor{Type: "public-key", ID: made.CredentialID},
		AuthenticatorData: made.RawAuthenticatorData,
		Signature:         made.Signature,
		User:              &webauthn.UserEntity{ID: made.UserHandle},
	}
	if p.signed != nil {
		p.signed(&response)
	}
	return response, nil
}

// scene is a relying party and a client for its origin.
type scene struct {
	rp     *relyingparty.RelyingParty
	client *clientplatform.Client
}

func newScene(t testing.TB, edit func(*relyingparty.Config)) *scene {
	t.Helper()
	keyring, err := relyingparty.NewKeyring()
	if err != nil {
		t.Fatal(err)
	}
	config := relyingparty.Config{ID: testID, Name: "Example", Origins: []string{testOrigin}, Keyring: keyring}
	if edit != nil {
		edit(&config)
	}
	rp, err := relyingparty.New(config)
	if err != nil {
		t.Fatal(err)
	}
	return &scene{rp: rp, client: newClient(t, testOrigin)}
}

func newClient(t testing.TB, origin string) *clientplatform.Client {
	t.Helper()
	client, err := clientplatform.New(clientplatform.Config{Origin: origin})
	if err != nil {
		t.Fatal(err)
	}
	return client
}

// throughJSON is what a client reads of what a server sends.
func throughJSON[T any](t testing.TB, options any, parse func([]byte) (T, error)) T {
	t.Helper()
	b, err := json.Marshal(options)
	if err != nil {
		t.Fatal(err)
	}
	read, err := parse(b)
	if err != nil {
		t.Fatal(err)
	}
	return read
}

// register runs a whole registration and returns what the relying party knows then.
func (s *scene) register(t testing.TB, a ctap2.Authenticator, exclude ...webauthn.CredentialDescriptor) (relyingparty.Registration, error) {
	t.Helper()
	options, sealed, err := s.rp.BeginRegistration(relyingparty.RegistrationRequest{
		User:    webauthn.UserEntity{ID: webauthn.Bytes("handle of alice"), Name: "alice", DisplayName: "Alice"},
		Exclude: exclude,
	})
	if err != nil {
		t.Fatal(err)
	}
	answer, err := s.client.Create(t.Context(), a, throughJSON(t, options, webauthn.ParseCreationOptions))
	if err != nil {
		return relyingparty.Registration{}, err
	}
	ceremony, err := s.rp.OpenRegistration(sealed, nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := webauthn.ParseRegistrationResponse(answer.JSON)
	if err != nil {
		t.Fatal(err)
	}
	registration, err := s.rp.FinishRegistration(ceremony, response)
	if err != nil {
		t.Fatal(err)
	}
	return registration, nil
}

// authenticate runs a whole authentication against a record.
func (s *scene) authenticate(t testing.TB, a ctap2.Authenticator, r relyingparty.Registration, q relyingparty.AuthenticationRequest) (relyingparty.Authentication, error) {
	t.Helper()
	options, sealed, err := s.rp.BeginAuthentication(q)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := s.client.Get(t.Context(), a, throughJSON(t, options, webauthn.ParseRequestOptions))
	if err != nil {
		return relyingparty.Authentication{}, err
	}
	ceremony, err := s.rp.OpenAuthentication(sealed, nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := webauthn.ParseAuthenticationResponse(answer.JSON)
	if err != nil {
		t.Fatal(err)
	}
	authentication, err := s.rp.FinishAuthentication(ceremony, response, relyingparty.Credential{
		ID: r.CredentialID, UserHandle: r.UserHandle, PublicKey: r.PublicKey, SignCount: r.SignCount, BackupEligible: &r.BackupEligible,
	})
	if err != nil {
		t.Fatal(err)
	}
	return authentication, nil
}

// creation and request are options that a phone can answer.
func creation() webauthn.CreationOptions {
	return webauthn.CreationOptions{
		RP:        webauthn.RelyingPartyEntity{ID: testID, Name: "Example"},
		User:      webauthn.UserEntity{ID: webauthn.Bytes("handle of alice"), Name: "alice", DisplayName: "Alice"},
		Challenge: webauthn.Bytes("0123456789abcdef"),
		Parameters: []webauthn.CredentialParameter{
			{Type: "public-key", Algorithm: webauthn.ES256},
			{Type: "public-key", Algorithm: webauthn.EdDSA},
		},
	}
}

func request() webauthn.RequestOptions {
	return webauthn.RequestOptions{RPID: testID, Challenge: webauthn.Bytes("0123456789abcdef")}
}

// enrolled is a phone with a passkey, and its id.
func enrolled(t testing.TB) (*phone, webauthn.CredentialDescriptor) {
	t.Helper()
	p := newPhone(webauthntest.Config{})
	answer, err := newClient(t, testOrigin).Create(t.Context(), p, creation())
	if err != nil {
		t.Fatal(err)
	}
	p.creations = nil
	return p, webauthn.CredentialDescriptor{Type: "public-key", ID: answer.CredentialID}
}

// failed checks the name of an error, that its chain holds cause if that is not
// nil, and that there is no result beside it.
func failed[T any](t testing.TB, got T, err error, name clientplatform.Name, cause error) {
	t.Helper()
	e, ok := errors.AsType[*clientplatform.Error](err)
	if !ok || e.Name != name {
		t.Fatalf("got error %v, want %s", err, name)
	}
	if cause != nil && !errors.Is(err, cause) {
		t.Errorf("error %v is not due to %v", err, cause)
	}
	if b, _ := json.Marshal(got); string(b) != `{"JSON":null,"CredentialID":"","PRF":null}` {
		t.Errorf("a result beside error %v: %s", err, b)
	}
}
