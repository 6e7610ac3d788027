package webauthn_test

import (
	"testing"

	"github.com/hitherauth/hither/webauthn"
	"github.com/hitherauth/hither/webauthn/webauthntest"
)

func BenchmarkParseRegistrationResponse(b *testing.B) {
	for _, attestation := range []webauthntest.Attestation{
		webauthntest.AttestationNone, webauthntest.AttestationSelf, webauthntest.AttestationPacked,
	} {
		body := registration(b, webauthntest.Config{Attestation: attestation})
		b.Run(string(attestation), func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(body)))
			for b.Loop() {
				if _, err := webauthn.ParseRegistrationResponse(body); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkParseAuthenticationResponse(b *testing.B) {
	body := authentication(b)
	b.ReportAllocs()
	b.SetBytes(int64(len(body)))
	for b.Loop() {
		if _, err := webauthn.ParseAuthenticationResponse(body); err != nil {
			b.Fatal(err)
		}
	}
}
