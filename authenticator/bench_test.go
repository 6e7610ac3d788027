package authenticator_test

import (
	"path/filepath"
	"testing"

	"github.com/hitherauth/hither/authenticator"
	"github.com/hitherauth/hither/ctap2"
	"github.com/hitherauth/hither/webauthn"
)

func BenchmarkMakeCredential(b *testing.B) {
	for name, algorithm := range map[string]webauthn.Algorithm{"ES256": webauthn.ES256, "EdDSA": webauthn.EdDSA} {
		b.Run("memory/"+name, func(b *testing.B) { benchmarkMake(b, &authenticator.MemoryStore{}, algorithm) })
	}
	b.Run("vault/ES256", func(b *testing.B) {
		benchmarkMake(b, createVault(b, filepath.Join(b.TempDir(), "vault.age"), identityKey(b)), webauthn.ES256)
	})
}

func benchmarkMake(b *testing.B, store authenticator.CredentialStore, algorithm webauthn.Algorithm) {
	a := authenticator.New(authenticator.Config{Store: store, Verifier: agreed{}})
	r := makeRequest("alice", func(r *ctap2.MakeCredentialRequest) { r.Parameters[0].Algorithm = algorithm })
	b.ReportAllocs()
	for b.Loop() {
		if _, err := a.MakeCredential(b.Context(), r); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkGetAssertion(b *testing.B) {
	for name, algorithm := range map[string]webauthn.Algorithm{"ES256": webauthn.ES256, "EdDSA": webauthn.EdDSA} {
		b.Run("memory/"+name, func(b *testing.B) { benchmarkGet(b, &authenticator.MemoryStore{}, algorithm, false) })
	}
	for name, counting := range map[string]bool{"ES256": false, "ES256/counting": true} {
		b.Run("vault/"+name, func(b *testing.B) {
			benchmarkGet(b, createVault(b, filepath.Join(b.TempDir(), "vault.age"), identityKey(b)), webauthn.ES256, counting)
		})
	}
}

func benchmarkGet(b *testing.B, store authenticator.CredentialStore, algorithm webauthn.Algorithm, counting bool) {
	a := authenticator.New(authenticator.Config{Store: store, Verifier: agreed{}, Counting: counting})
	mustMake(b, a, makeRequest("alice", func(r *ctap2.MakeCredentialRequest) { r.Parameters[0].Algorithm = algorithm }))
	r := getRequest()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := a.GetAssertion(b.Context(), r); err != nil {
			b.Fatal(err)
		}
	}
}
