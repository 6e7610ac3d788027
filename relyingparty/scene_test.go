package relyingparty_test

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/hitherauth/hither/relyingparty"
	"github.com/hitherauth/hither/webauthn"
	"github.com/hitherauth/hither/webauthn/webauthntest"
)

const (
	testID     = "id.example.test"
	testOrigin = "https://id.example.test"
)

func testHandle() webauthn.Bytes { return webauthn.Bytes("handle of alice") }

// clock is a clock that tests turn by hand.
type clock struct{ now time.Time }

func (c *clock) Now() time.Time { return c.now }

// scene is a relying party and an authenticator with a client in front of it.
type scene struct {
	rp            *relyingparty.RelyingParty
	authenticator *webauthntest.Authenticator
	clock         *clock
}

// newScene makes a scene that is valid as it stands. Both edits may be nil.
func newScene(tb testing.TB, rp func(*relyingparty.Config), authenticator func(*webauthntest.Config)) *scene {
	tb.Helper()
	keyring, err := relyingparty.NewKeyring()
	if err != nil {
		tb.Fatal(err)
	}
	s := &scene{clock: &clock{now: time.Now()}}
	config := relyingparty.Config{
		ID:         testID,
		Name:       "Example",
		Origins:    []string{testOrigin},
		Algorithms: []webauthn.Algorithm{webauthn.ES256, webauthn.EdDSA, webauthn.RS256},
		Keyring:    keyring,
		Now:        s.clock.Now,
	}
	if rp != nil {
		rp(&config)
	}
	if s.rp, err = relyingparty.New(config); err != nil {
		tb.Fatal(err)
	}
	var c webauthntest.Config
	if authenticator != nil {
		authenticator(&c)
	}
	s.authenticator = webauthntest.New(c)
	return s
}

func registrationRequest() relyingparty.RegistrationRequest {
	return relyingparty.RegistrationRequest{
		User:       webauthn.UserEntity{ID: testHandle(), Name: "alice", DisplayName: "Alice"},
		Binding:    relyingparty.Binding("browser"),
		Attachment: []byte("memory"),
	}
}

func (s *scene) beginRegistration(tb testing.TB) (webauthn.CreationOptions, relyingparty.RegistrationCeremony) {
	tb.Helper()
	options, sealed, err := s.rp.BeginRegistration(registrationRequest())
	if err != nil {
		tb.Fatal(err)
	}
	ceremony, err := s.rp.OpenRegistration(sealed, relyingparty.Binding("browser"))
	if err != nil {
		tb.Fatal(err)
	}
	return options, ceremony
}

// create makes a registration body; edits break it.
func (s *scene) create(tb testing.TB, o webauthn.CreationOptions, edits ...func(*webauthntest.Registration)) (*webauthntest.Credential, []byte) {
	tb.Helper()
	cred, body, err := s.authenticator.Create(o, testOrigin, edits...)
	if err != nil {
		tb.Fatal(err)
	}
	return cred, body
}

// register runs a whole valid registration.
func (s *scene) register(tb testing.TB, edits ...func(*webauthntest.Registration)) (*webauthntest.Credential, relyingparty.Credential) {
	tb.Helper()
	options, ceremony := s.beginRegistration(tb)
	cred, body := s.create(tb, options, edits...)
	response, err := webauthn.ParseRegistrationResponse(body)
	if err != nil {
		tb.Fatal(err)
	}
	registration, err := s.rp.FinishRegistration(ceremony, response)
	if err != nil {
		tb.Fatal(err)
	}
	return cred, record(registration)
}

// record is what a caller stores of a registration.
func record(r relyingparty.Registration) relyingparty.Credential {
	return relyingparty.Credential{
		ID:             r.CredentialID,
		UserHandle:     r.UserHandle,
		PublicKey:      r.PublicKey,
		SignCount:      r.SignCount,
		BackupEligible: &r.BackupEligible,
	}
}

func (s *scene) beginAuthentication(tb testing.TB, r relyingparty.AuthenticationRequest) (webauthn.RequestOptions, relyingparty.AuthenticationCeremony) {
	tb.Helper()
	options, sealed, err := s.rp.BeginAuthentication(r)
	if err != nil {
		tb.Fatal(err)
	}
	ceremony, err := s.rp.OpenAuthentication(sealed, r.Binding)
	if err != nil {
		tb.Fatal(err)
	}
	return options, ceremony
}

// finishRegistration parses a body and judges it.
func (s *scene) finishRegistration(c relyingparty.RegistrationCeremony, body []byte) (relyingparty.Registration, error) {
	response, err := webauthn.ParseRegistrationResponse(body)
	if err != nil {
		return relyingparty.Registration{}, err
	}
	return s.rp.FinishRegistration(c, response)
}

// finishAuthentication parses a body and judges it.
func (s *scene) finishAuthentication(c relyingparty.AuthenticationCeremony, body []byte, r relyingparty.Credential) (relyingparty.Authentication, error) {
	response, err := webauthn.ParseAuthenticationResponse(body)
	if err != nil {
		return relyingparty.Authentication{}, err
	}
	return s.rp.FinishAuthentication(c, response, r)
}

// verdict says in one word what became of a ceremony: a check, "malformed",
// "accepted", or "error" for anything else, which is always wrong.
func verdict(err error) string {
	var refused *relyingparty.VerificationError
	var malformed *webauthn.ParseError
	switch {
	case err == nil:
		return accepted
	case errors.As(err, &refused):
		return string(refused.Check)
	case errors.As(err, &malformed):
		return malformedBody
	}
	return "error"
}

const (
	accepted      = "accepted"
	malformedBody = "malformed"
)

// requireVerdict fails the test unless err means want, and a refusal came with
// the zero value of the result.
func requireVerdict[T any](tb testing.TB, result T, err error, want string) {
	tb.Helper()
	if got := verdict(err); got != want {
		tb.Fatalf("verdict %s, want %s (error: %v)", got, want, err)
	}
	var zero T
	if err != nil && !cmp.Equal(result, zero) {
		tb.Errorf("result beside an error: %+v", result)
	}
}

// seeded is a deterministic source of bytes.
func seeded(seed uint64) *rand.ChaCha8 {
	var key [32]byte
	for i := range 8 {
		key[i] = byte(seed >> (8 * i))
	}
	return rand.NewChaCha8(key)
}

func describe(c *webauthntest.Credential) webauthn.CredentialDescriptor {
	return webauthn.CredentialDescriptor{Type: "public-key", ID: c.ID}
}

// flip returns b with one bit changed.
func flip(b []byte, bit int) []byte {
	out := bytes.Clone(b)
	out[bit/8] ^= 1 << (bit % 8)
	return out
}
