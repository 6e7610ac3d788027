package webauthntest_test

import (
	"bytes"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"slices"
	"sync"
	"testing"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/protocol/webauthncose"
	oracle "github.com/go-webauthn/webauthn/webauthn"
	"github.com/google/go-cmp/cmp"

	"github.com/hitherauth/hither/webauthn"
	"github.com/hitherauth/hither/webauthn/webauthntest"
)

const (
	testRPID   = "id.example"
	testOrigin = "https://id.example"
)

func creationOptions(algorithms ...webauthn.Algorithm) webauthn.CreationOptions {
	o := webauthn.CreationOptions{
		RP:        webauthn.RelyingPartyEntity{ID: testRPID, Name: "Test"},
		User:      webauthn.UserEntity{ID: webauthn.Bytes("user-handle"), Name: "ann", DisplayName: "Ann"},
		Challenge: bytes.Repeat([]byte{0xc1}, 32),
	}
	for _, a := range algorithms {
		o.Parameters = append(o.Parameters, webauthn.CredentialParameter{Type: "public-key", Algorithm: a})
	}
	return o
}

func requestOptions() webauthn.RequestOptions {
	return webauthn.RequestOptions{RPID: testRPID, Challenge: bytes.Repeat([]byte{0xc2}, 32)}
}

// person is a user of the oracle.
type person struct {
	id          []byte
	credentials []oracle.Credential
}

func (p *person) WebAuthnID() []byte                       { return p.id }
func (p *person) WebAuthnName() string                     { return "ann" }
func (p *person) WebAuthnDisplayName() string              { return "Ann" }
func (p *person) WebAuthnCredentials() []oracle.Credential { return p.credentials }

func newOracle(t *testing.T) *oracle.WebAuthn {
	t.Helper()
	o, err := oracle.New(&oracle.Config{RPID: testRPID, RPDisplayName: "Test", RPOrigins: []string{testOrigin}})
	if err != nil {
		t.Fatalf("oracle: %v", err)
	}
	return o
}

// register lets go-webauthn judge a registration.
func register(t *testing.T, o webauthn.CreationOptions, body []byte) (*oracle.Credential, error) {
	t.Helper()
	parsed, err := protocol.ParseCredentialCreationResponseBytes(body)
	if err != nil {
		return nil, err
	}
	session := oracle.SessionData{
		Challenge:        base64.RawURLEncoding.EncodeToString(o.Challenge),
		UserID:           o.User.ID,
		UserVerification: protocol.VerificationRequired,
	}
	for _, a := range []webauthncose.COSEAlgorithmIdentifier{-7, -8, -35, -36, -257} {
		session.CredParams = append(session.CredParams, protocol.CredentialParameter{
			Type: protocol.PublicKeyCredentialType, Algorithm: a,
		})
	}
	if o.Extensions.CredProps {
		session.Extensions.Requested = []string{"credProps"}
	}
	return newOracle(t).CreateCredential(&person{id: o.User.ID}, session, parsed)
}

// authenticate lets go-webauthn judge an authentication.
func authenticate(t *testing.T, cred *oracle.Credential, o webauthn.RequestOptions, body []byte) error {
	t.Helper()
	parsed, err := protocol.ParseCredentialRequestResponseBytes(body)
	if err != nil {
		return err
	}
	p := &person{id: []byte("user-handle"), credentials: []oracle.Credential{*cred}}
	session := oracle.SessionData{
		Challenge:        base64.RawURLEncoding.EncodeToString(o.Challenge),
		UserVerification: protocol.VerificationRequired,
	}
	find := func(_, _ []byte) (oracle.User, error) { return p, nil }
	_, err = newOracle(t).ValidateDiscoverableLogin(find, session, parsed)
	return err
}

func TestCeremoniesAreValid(t *testing.T) {
	t.Parallel()
	algorithms := map[string]webauthn.Algorithm{
		"es256": webauthn.ES256, "es384": webauthn.ES384, "es512": webauthn.ES512,
		"eddsa": webauthn.EdDSA, "rs256": webauthn.RS256,
	}
	formats := []webauthntest.Attestation{
		webauthntest.AttestationNone, webauthntest.AttestationSelf, webauthntest.AttestationPacked,
		webauthntest.AttestationFIDOU2F, webauthntest.AttestationTPM,
	}
	for _, format := range formats {
		for name, alg := range algorithms {
			if format == webauthntest.AttestationFIDOU2F && alg != webauthn.ES256 ||
				format == webauthntest.AttestationTPM && alg == webauthn.EdDSA {
				continue
			}
			t.Run(string(format)+"_"+name, func(t *testing.T) {
				t.Parallel()
				a := webauthntest.New(webauthntest.Config{
					Attestation: format, AAGUID: webauthn.AAGUID{1, 2, 3}, Counting: true,
					BackupEligible: true, BackupState: true,
				})
				options := creationOptions(alg)
				options.Extensions.CredProps = true
				cred, body, err := a.Create(options, testOrigin)
				if err != nil {
					t.Fatalf("Create: %v", err)
				}
				judged, err := register(t, options, body)
				if err != nil {
					t.Fatalf("registration: %v\n%s", detail(err), body)
				}
				if diff := cmp.Diff([]byte(cred.ID), judged.ID); diff != "" {
					t.Errorf("credential ID (-ours +judged):\n%s", diff)
				}
				if diff := cmp.Diff(cred.PublicKey, judged.PublicKey); diff != "" {
					t.Errorf("public key (-ours +judged):\n%s", diff)
				}
				for range 2 {
					request := requestOptions()
					body, err = a.Get(request, testOrigin)
					if err != nil {
						t.Fatalf("Get: %v", err)
					}
					if err := authenticate(t, judged, request, body); err != nil {
						t.Fatalf("authentication: %v\n%s", detail(err), body)
					}
				}
				if got := cred.SignCount(); got != 2 {
					t.Errorf("SignCount() = %d after two assertions, want 2", got)
				}
			})
		}
	}
}

// detail prints what go-webauthn keeps behind its short errors.
func detail(err error) string {
	if e, ok := errors.AsType[*protocol.Error](err); ok {
		return e.Details + ": " + e.DevInfo
	}
	return err.Error()
}

// go-webauthn trusts Google's and Apple's roots for these formats and nothing else, so here the chain is checked with
// the CA of the test, and the rest by looking.
func TestFormatsWithRootsOfTheirOwn(t *testing.T) {
	t.Parallel()
	for _, format := range []webauthntest.Attestation{
		webauthntest.AttestationPacked, webauthntest.AttestationTPM, webauthntest.AttestationFIDOU2F,
		webauthntest.AttestationAndroidKey, webauthntest.AttestationApple,
	} {
		t.Run(string(format), func(t *testing.T) {
			t.Parallel()
			a := webauthntest.New(webauthntest.Config{Attestation: format})
			var r *webauthntest.Registration
			cred, body, err := a.Create(creationOptions(webauthn.ES256), testOrigin, func(seen *webauthntest.Registration) { r = seen })
			if err != nil {
				t.Fatalf("Create: %v", err)
			}
			leaf, err := x509.ParseCertificate(r.X5C[0])
			if err != nil {
				t.Fatalf("leaf: %v", err)
			}
			ca, err := a.CA()
			if err != nil {
				t.Fatalf("CA: %v", err)
			}
			roots, between := x509.NewCertPool(), x509.NewCertPool()
			root, err := x509.ParseCertificate(ca.Root())
			if err != nil {
				t.Fatalf("root: %v", err)
			}
			roots.AddCert(root)
			for _, der := range r.X5C[1:] {
				c, err := x509.ParseCertificate(der)
				if err != nil {
					t.Fatalf("intermediate: %v", err)
				}
				between.AddCert(c)
			}
			leaf.UnhandledCriticalExtensions = nil // the SubjectAltName of the format tpm
			if _, err := leaf.Verify(x509.VerifyOptions{
				Roots: roots, Intermediates: between, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny},
			}); err != nil {
				t.Errorf("chain: %v", err)
			}
			if format != webauthntest.AttestationAndroidKey && format != webauthntest.AttestationApple {
				return
			}
			if diff := cmp.Diff(cred.Key().Public(), leaf.PublicKey); diff != "" {
				t.Errorf("certificate's key (-credential +certificate):\n%s", diff)
			}
			_, err = register(t, creationOptions(), body)
			if err == nil || detail(err) == "" || !bytes.Contains([]byte(detail(err)), []byte("Error validating x5c cert chain")) {
				t.Errorf("go-webauthn says %v, want only the chain to be wrong", err)
			}
		})
	}
}

func TestLookUp(t *testing.T) {
	t.Parallel()
	a := webauthntest.New(webauthntest.Config{})
	options := creationOptions(webauthn.ES256)
	first, _, err := a.Create(options, testOrigin)
	if err != nil {
		t.Fatalf("Create: %v", err)
	}
	options.AuthenticatorSelection.ResidentKey = "discouraged"
	second, _, err := a.Create(options, testOrigin)
	if err != nil {
		t.Fatalf("Create: %v", err)
	}
	if got, want := a.Credentials(testRPID), []*webauthntest.Credential{second, first}; !slices.Equal(got, want) {
		t.Errorf("Credentials = %v, want the newest first", got)
	}

	request := requestOptions()
	body, err := a.Get(request, testOrigin)
	if err != nil || usedID(t, body) != string(first.ID) {
		t.Errorf("with an empty allow list: %v, %v, want the discoverable one", body, err)
	}
	request.AllowCredentials = []webauthn.CredentialDescriptor{{Type: "public-key", ID: second.ID}}
	body, err = a.Get(request, testOrigin)
	if err != nil || usedID(t, body) != string(second.ID) {
		t.Errorf("with an allow list: %v, %v, want the listed one", body, err)
	}
	request.RPID = "other.example"
	if _, err := a.Get(request, testOrigin); !errors.Is(err, webauthntest.ErrNoCredential) {
		t.Errorf("for another RP ID: %v, want ErrNoCredential", err)
	}
	options.ExcludeCredentials = []webauthn.CredentialDescriptor{{Type: "public-key", ID: first.ID}}
	if _, _, err := a.Create(options, testOrigin); !errors.Is(err, webauthntest.ErrExcluded) {
		t.Errorf("with an exclude list: %v, want ErrExcluded", err)
	}
	a.Forget(first)
	if _, _, err := a.Create(options, testOrigin); err != nil {
		t.Errorf("after Forget: %v", err)
	}
	if _, _, err := a.Create(creationOptions(-48), testOrigin); !errors.Is(err, webauthntest.ErrNoAlgorithm) {
		t.Errorf("with an algorithm that is unknown: %v, want ErrNoAlgorithm", err)
	}
}

func usedID(t *testing.T, body []byte) string {
	t.Helper()
	parsed, err := protocol.ParseCredentialRequestResponseBytes(body)
	if err != nil {
		t.Fatalf("parse: %v", err)
	}
	return string(parsed.RawID)
}

// counter is a source of randomness that repeats itself.
type counter struct{ n byte }

func (c *counter) Read(p []byte) (int, error) {
	for i := range p {
		c.n = c.n*5 + 13
		p[i] = c.n
	}
	return len(p), nil
}

func TestSameRandomnessSameCeremony(t *testing.T) {
	t.Parallel()
	for _, alg := range []webauthn.Algorithm{webauthn.ES256, webauthn.ES384, webauthn.ES512, webauthn.EdDSA} {
		run := func() []byte {
			a := webauthntest.New(webauthntest.Config{
				Rand: &counter{}, Attestation: webauthntest.AttestationPacked, Algorithm: alg,
			})
			_, created, err := a.Create(creationOptions(), testOrigin)
			if err != nil {
				t.Fatalf("Create: %v", err)
			}
			got, err := a.Get(requestOptions(), testOrigin)
			if err != nil {
				t.Fatalf("Get: %v", err)
			}
			return append(created, got...)
		}
		if diff := cmp.Diff(string(run()), string(run())); diff != "" {
			t.Errorf("algorithm %d: two runs differ:\n%s", alg, diff)
		}
	}
}

func TestConcurrentUse(t *testing.T) {
	t.Parallel()
	a := webauthntest.New(webauthntest.Config{Counting: true, Attestation: webauthntest.AttestationPacked})
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			options := creationOptions(webauthn.ES256)
			c, body, err := a.Create(options, testOrigin)
			if err != nil {
				t.Errorf("Create: %v", err)
				return
			}
			cred, err := register(t, options, body)
			if err != nil {
				t.Errorf("registration: %v", detail(err))
				return
			}
			for range 5 {
				body, err := c.Get(requestOptions(), testOrigin)
				if err != nil {
					t.Errorf("Get: %v", err)
					return
				}
				if err := authenticate(t, cred, requestOptions(), body); err != nil {
					t.Errorf("authentication: %v", detail(err))
				}
			}
		})
	}
	wg.Wait()
	if got := len(a.Credentials(testRPID)); got != 8 {
		t.Errorf("%d credentials, want 8", got)
	}
}

func BenchmarkGet(b *testing.B) {
	a := webauthntest.New(webauthntest.Config{})
	c, _, err := a.Create(creationOptions(webauthn.ES256), testOrigin)
	if err != nil {
		b.Fatal(err)
	}
	request := requestOptions()
	for b.Loop() {
		if _, err := c.Get(request, testOrigin); err != nil {
			b.Fatal(err)
		}
	}
}
