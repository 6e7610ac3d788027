package relyingparty_test

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/sha256"
	"slices"
	"testing"

	stdcrypto "crypto"

	"github.com/hitherauth/hither/relyingparty"
	"github.com/hitherauth/hither/webauthn"
	"github.com/hitherauth/hither/webauthn/webauthntest"
)

func BenchmarkBeginAuthentication(b *testing.B) {
	s := newScene(b, nil, nil)
	b.ReportAllocs()
	for b.Loop() {
		if _, _, err := s.rp.BeginAuthentication(relyingparty.AuthenticationRequest{}); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkBeginRegistration(b *testing.B) {
	s := newScene(b, nil, nil)
	request := registrationRequest()
	b.ReportAllocs()
	for b.Loop() {
		if _, _, err := s.rp.BeginRegistration(request); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkOpenAuthentication(b *testing.B) {
	s := newScene(b, nil, nil)
	_, sealed, err := s.rp.BeginAuthentication(relyingparty.AuthenticationRequest{})
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := s.rp.OpenAuthentication(sealed, nil); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkAuthentication puts FinishAuthentication beside the bare verification
// of the same signature, and beside go-webauthn's whole path.
func BenchmarkAuthentication(b *testing.B) {
	for _, a := range allAlgorithms() {
		s := newScene(b, func(c *relyingparty.Config) { c.Algorithms = allAlgorithms() }, func(c *webauthntest.Config) { c.Algorithm = a })
		cred, stored := s.register(b)
		options, ceremony := s.beginAuthentication(b, relyingparty.AuthenticationRequest{})
		body, err := cred.Get(options, testOrigin)
		if err != nil {
			b.Fatal(err)
		}
		response, err := webauthn.ParseAuthenticationResponse(body)
		if err != nil {
			b.Fatal(err)
		}
		o := newOracle(b)
		for name, run := range map[string]func() error{
			"bare":    bareVerification(b, cred, response),
			"finish":  func() error { return second(s.rp.FinishAuthentication(ceremony, response, stored)) },
			"whole":   func() error { return second(s.finishAuthentication(ceremony, body, stored)) },
			"library": func() error { return second(o.authenticate(options, nil, body, stored)) },
		} {
			b.Run(algorithmName(a)+"/"+name, func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					if err := run(); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}

// bareVerification is the signature alone, by the standard library.
func bareVerification(b *testing.B, cred *webauthntest.Credential, r webauthn.AuthenticationResponse) func() error {
	b.Helper()
	hash := r.ClientData.Hash()
	signed := slices.Concat(r.AuthenticatorData.Raw, hash[:])
	public := cred.Key().Public()
	return func() error {
		var valid bool
		switch key := public.(type) {
		case *ecdsa.PublicKey:
			digest := digestFor(cred.Algorithm, signed)
			valid = ecdsa.VerifyASN1(key, digest, r.Signature)
		case ed25519.PublicKey:
			valid = ed25519.Verify(key, signed, r.Signature)
		case *rsa.PublicKey:
			digest := sha256.Sum256(signed)
			return rsa.VerifyPKCS1v15(key, stdcrypto.SHA256, digest[:], r.Signature)
		}
		if !valid {
			b.Fatal("the signature does not verify")
		}
		return nil
	}
}

func digestFor(a webauthn.Algorithm, signed []byte) []byte {
	hash := map[webauthn.Algorithm]stdcrypto.Hash{webauthn.ES256: stdcrypto.SHA256, webauthn.ES384: stdcrypto.SHA384, webauthn.ES512: stdcrypto.SHA512}[a].New()
	hash.Write(signed)
	return hash.Sum(nil)
}

func BenchmarkFinishRegistration(b *testing.B) {
	for _, k := range []kind{
		{webauthn.ES256, webauthntest.AttestationNone},
		{webauthn.EdDSA, webauthntest.AttestationNone},
		{webauthn.RS256, webauthntest.AttestationNone},
		{webauthn.ES256, webauthntest.AttestationSelf},
		{webauthn.ES256, webauthntest.AttestationPacked},
	} {
		for _, policy := range []relyingparty.StatementPolicy{relyingparty.StatementIgnore, relyingparty.StatementVerify} {
			b.Run(algorithmName(k.algorithm)+"/"+string(k.attestation)+"/"+string(policy), func(b *testing.B) {
				s := newScene(b, func(c *relyingparty.Config) { c.Attestation.Statement = policy },
					func(c *webauthntest.Config) { c.Algorithm, c.Attestation = k.algorithm, k.attestation })
				options, ceremony := s.beginRegistration(b)
				_, body := s.create(b, options)
				response, err := webauthn.ParseRegistrationResponse(body)
				if err != nil {
					b.Fatal(err)
				}
				b.ReportAllocs()
				for b.Loop() {
					if _, err := s.rp.FinishRegistration(ceremony, response); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}
