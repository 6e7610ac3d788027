package relyingparty_test

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/sha256"
	"errors"
	"runtime"
	"slices"
	"testing"
	"time"

	stdcrypto "crypto"

	"github.com/hitherauth/hither/relyingparty"
	"github.com/hitherauth/hither/webauthn"
	"github.com/hitherauth/hither/webauthn/webauthntest"
)

func benchmarkedAlgorithms() []webauthn.Algorithm {
	return []webauthn.Algorithm{webauthn.ES256, webauthn.EdDSA, webauthn.RS256}
}

// beside measures run, and reports what the bare verification of one signature
// costs (bare-ns/op, bare-allocs/op) and how often run's time holds that
// (x-bare). The two take turns in short rounds, and of the rounds the median
// counts: whatever else the machine does, it does to both.
func beside(b *testing.B, bare, run func() error) {
	b.Helper()
	b.ReportAllocs()
	const round = 8
	var times, bareTimes []time.Duration
	for b.Loop() {
		bareTimes = append(bareTimes, timed(b, round, bare))
		times = append(times, timed(b, round, run))
	}
	took, bareTook := median(times)/round, median(bareTimes)/round
	b.ReportMetric(took, "ns/op")
	b.ReportMetric(bareTook, "bare-ns/op")
	b.ReportMetric(took/bareTook, "x-bare")
	allocs, bytes := allocated(b, run)
	bareAllocs, _ := allocated(b, bare)
	b.ReportMetric(allocs, "allocs/op")
	b.ReportMetric(bytes, "B/op")
	b.ReportMetric(bareAllocs, "bare-allocs/op")
}

func timed(b *testing.B, n int, run func() error) time.Duration {
	b.Helper()
	start := time.Now()
	for range n {
		if err := run(); err != nil {
			b.Fatal(err)
		}
	}
	return time.Since(start)
}

func median(times []time.Duration) float64 {
	slices.Sort(times)
	return float64(times[len(times)/2])
}

func allocated(b *testing.B, run func() error) (allocs, bytes float64) {
	b.Helper()
	const n = 100
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	timed(b, n, run)
	runtime.ReadMemStats(&after)
	return float64((after.Mallocs - before.Mallocs) / n), float64((after.TotalAlloc - before.TotalAlloc) / n)
}

// BenchmarkAuthentication has begin, finish (the judgement of a parsed
// response), whole (its parsing too), and what go-webauthn needs for the whole.
func BenchmarkAuthentication(b *testing.B) {
	for _, a := range benchmarkedAlgorithms() {
		s := newScene(b, nil, func(c *webauthntest.Config) { c.Algorithm = a })
		cred, stored := s.register(b)
		options, ceremony := s.beginAuthentication(b, relyingparty.AuthenticationRequest{})
		_, sealed, err := s.rp.BeginAuthentication(relyingparty.AuthenticationRequest{})
		if err != nil {
			b.Fatal(err)
		}
		body, err := cred.Get(options, testOrigin)
		if err != nil {
			b.Fatal(err)
		}
		response, err := webauthn.ParseAuthenticationResponse(body)
		if err != nil {
			b.Fatal(err)
		}
		o := newOracle(b)
		bare := bareVerification(cred.Algorithm, cred.Key().Public(), response)
		for _, part := range []struct {
			name string
			run  func() error
		}{
			{"begin", func() error {
				_, _, err := s.rp.BeginAuthentication(relyingparty.AuthenticationRequest{})
				return err
			}},
			{"open", func() error { return second(s.rp.OpenAuthentication(sealed, nil)) }},
			{"finish", func() error { return second(s.rp.FinishAuthentication(ceremony, response, stored)) }},
			{"whole", func() error { return second(s.finishAuthentication(ceremony, body, stored)) }},
			{"library", func() error { return second(o.authenticate(options, nil, body, stored)) }},
		} {
			b.Run(algorithmName(a)+"/"+part.name, func(b *testing.B) { beside(b, bare, part.run) })
		}
	}
}

// bareVerification is the signature of an assertion alone, by the standard library.
func bareVerification(a webauthn.Algorithm, public stdcrypto.PublicKey, r webauthn.AuthenticationResponse) func() error {
	hash := r.ClientData.Hash()
	signed := slices.Concat(r.AuthenticatorData.Raw, hash[:])
	return func() error {
		var valid bool
		switch key := public.(type) {
		case *ecdsa.PublicKey:
			digest := sha256.Sum256(signed)
			valid = ecdsa.VerifyASN1(key, digest[:], r.Signature)
		case ed25519.PublicKey:
			valid = ed25519.Verify(key, signed, r.Signature)
		case *rsa.PublicKey:
			digest := sha256.Sum256(signed)
			valid = rsa.VerifyPKCS1v15(key, stdcrypto.SHA256, digest[:], r.Signature) == nil
		}
		if !valid {
			return errors.New("the signature does not verify: " + algorithmName(a))
		}
		return nil
	}
}

// BenchmarkRegistration has begin and, for several kinds of attestation and what
// is done with it, finish, beside a verification with the new key. A
// registration verifies no signature, but those of an attestation.
func BenchmarkRegistration(b *testing.B) {
	b.Run("begin", func(b *testing.B) {
		s := newScene(b, nil, func(c *webauthntest.Config) { c.Algorithm = webauthn.ES256 })
		request := registrationRequest()
		cred, _ := s.register(b)
		beside(b, s.bare(b, cred), func() error {
			_, _, err := s.rp.BeginRegistration(request)
			return err
		})
	})
	for _, k := range []kind{
		{webauthn.ES256, webauthntest.AttestationNone},
		{webauthn.EdDSA, webauthntest.AttestationNone},
		{webauthn.RS256, webauthntest.AttestationNone},
		{webauthn.ES256, webauthntest.AttestationSelf},
		{webauthn.EdDSA, webauthntest.AttestationSelf},
		{webauthn.RS256, webauthntest.AttestationSelf},
		{webauthn.ES256, webauthntest.AttestationPacked},
	} {
		b.Run(algorithmName(k.algorithm)+"/"+string(k.attestation), func(b *testing.B) {
			s := newScene(b, func(c *relyingparty.Config) { c.Attestation.Statement = relyingparty.StatementVerify },
				func(c *webauthntest.Config) { c.Algorithm, c.Attestation = k.algorithm, k.attestation })
			options, ceremony := s.beginRegistration(b)
			cred, body := s.create(b, options)
			response, err := webauthn.ParseRegistrationResponse(body)
			if err != nil {
				b.Fatal(err)
			}
			beside(b, s.bare(b, cred), func() error { return second(s.rp.FinishRegistration(ceremony, response)) })
		})
	}
}

// bare is the verification of one signature by a credential.
func (s *scene) bare(b *testing.B, cred *webauthntest.Credential) func() error {
	b.Helper()
	options, _ := s.beginAuthentication(b, relyingparty.AuthenticationRequest{})
	body, err := cred.Get(options, testOrigin)
	if err != nil {
		b.Fatal(err)
	}
	response, err := webauthn.ParseAuthenticationResponse(body)
	if err != nil {
		b.Fatal(err)
	}
	return bareVerification(cred.Algorithm, cred.Key().Public(), response)
}
