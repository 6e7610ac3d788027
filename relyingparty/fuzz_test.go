package relyingparty_test

import (
	"bytes"
	"encoding/base64"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/hitherauth/hither/relyingparty"
	"github.com/hitherauth/hither/webauthn"
	"github.com/hitherauth/hither/webauthn/webauthntest"
)

// FuzzOpen: no text but the one that was sealed opens, and none panics.
func FuzzOpen(f *testing.F) {
	s := newScene(f, nil, nil)
	_, sealed, err := s.rp.BeginAuthentication(relyingparty.AuthenticationRequest{})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(string(sealed))
	f.Add(string(sealed) + "A")
	f.Add("")
	f.Add(base64.RawURLEncoding.EncodeToString(make([]byte, 48)))
	f.Fuzz(func(t *testing.T, text string) {
		ceremony, err := s.rp.OpenAuthentication(relyingparty.SealedCeremony(text), nil)
		if (err == nil) != (text == string(sealed)) {
			t.Fatalf("%q: error %v", text, err)
		}
		if err != nil {
			requireVerdict(t, ceremony.ID, err, string(relyingparty.CheckCeremony))
		}
		if _, err := s.rp.OpenRegistration(relyingparty.SealedCeremony(text), nil); err == nil {
			t.Fatalf("%q opened as a registration", text)
		}
	})
}

// FuzzCeremonyEncoding: what stands inside a seal has one encoding.
func FuzzCeremonyEncoding(f *testing.F) {
	seeds, err := relyingparty.EncodedCeremonies()
	if err != nil {
		f.Fatal(err)
	}
	for _, seed := range seeds {
		f.Add(seed)
		f.Add(seed[:len(seed)-1])
		f.Add(append(bytes.Clone(seed), 0))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		again, err := relyingparty.RecodeCeremony(b)
		if err == nil && !bytes.Equal(again, b) {
			t.Fatalf("%x is encoded as %x", b, again)
		}
		if err != nil && again != nil {
			t.Fatalf("%x beside an error", again)
		}
	})
}

// fixed is a scene in which the challenge is known, so that a fuzzer's corpus
// stays valid from run to run.
type fixed struct {
	*scene
	spec   relyingparty.CeremonySpec
	stored relyingparty.Credential
	body   []byte // valid
}

func fixedRegistration(tb testing.TB, s webauthntest.Attestation) fixed {
	tb.Helper()
	f := fixed{scene: newScene(tb, func(c *relyingparty.Config) {
		c.Algorithms, c.Attestation.Statement = allAlgorithms(), relyingparty.StatementVerify
	}, nil)}
	f.authenticator = webauthntest.New(webauthntest.Config{Rand: seeded(20), Algorithm: webauthn.ES256, Attestation: s})
	f.spec = relyingparty.CeremonySpec{Challenge: bytes.Repeat([]byte{1}, 32), UserHandle: testHandle(), Algorithms: allAlgorithms(), UserVerification: true}
	options, _ := f.beginRegistration(tb)
	options.Challenge = f.spec.Challenge
	_, f.body = f.create(tb, options)
	return f
}

func fixedAuthentication(tb testing.TB) fixed {
	tb.Helper()
	f := fixedRegistration(tb, webauthntest.AttestationNone)
	registration, err := f.finishRegistration(f.spec.Registration(), f.body)
	if err != nil {
		tb.Fatal(err)
	}
	f.stored = record(registration)
	f.spec = relyingparty.CeremonySpec{Challenge: f.spec.Challenge, UserVerification: true}
	options, _ := f.beginAuthentication(tb, relyingparty.AuthenticationRequest{})
	options.Challenge = f.spec.Challenge
	if f.body, err = f.authenticator.Get(options, testOrigin); err != nil {
		tb.Fatal(err)
	}
	return f
}

// FuzzFinishRegistration: no panic, no result beside an error, and no error but
// a refusal or a parse error. What is accepted with a statement by the
// credential's own key carries the bytes that were signed.
func FuzzFinishRegistration(f *testing.F) {
	for _, s := range allAttestations() {
		f.Add(fixedRegistration(f, s).body)
	}
	x := fixedRegistration(f, webauthntest.AttestationSelf)
	f.Fuzz(func(t *testing.T, body []byte) {
		response, err := webauthn.ParseRegistrationResponse(body)
		if err != nil {
			return
		}
		got, err := x.rp.FinishRegistration(x.spec.Registration(), response)
		if v := verdict(err); v == "error" || v == malformedBody {
			t.Fatalf("error %v", err)
		}
		if err != nil && !cmp.Equal(got, relyingparty.Registration{}) {
			t.Fatalf("%+v beside error %v", got, err)
		}
		if err == nil && (!bytes.Equal(got.CredentialID, response.CredentialID) || !bytes.Equal(got.UserHandle, testHandle()) || !got.UserVerified) {
			t.Fatalf("accepted: %+v", got)
		}
	})
}

// FuzzFinishAuthentication: as above; and what is accepted carries exactly the
// signed bytes of the valid response, for nobody else has the key.
func FuzzFinishAuthentication(f *testing.F) {
	x := fixedAuthentication(f)
	valid, err := webauthn.ParseAuthenticationResponse(x.body)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(x.body)
	f.Fuzz(func(t *testing.T, body []byte) {
		response, err := webauthn.ParseAuthenticationResponse(body)
		if err != nil {
			return
		}
		got, err := x.rp.FinishAuthentication(x.spec.Authentication(), response, x.stored)
		if v := verdict(err); v == "error" || v == malformedBody {
			t.Fatalf("error %v", err)
		}
		if err != nil && !cmp.Equal(got, relyingparty.Authentication{}) {
			t.Fatalf("%+v beside error %v", got, err)
		}
		if err == nil && !sameSigned(response, valid) {
			t.Fatalf("accepted: %s", body)
		}
	})
}

func sameSigned(a, b webauthn.AuthenticationResponse) bool {
	return bytes.Equal(a.ClientData.Raw, b.ClientData.Raw) && bytes.Equal(a.AuthenticatorData.Raw, b.AuthenticatorData.Raw) &&
		bytes.Equal(a.CredentialID, b.CredentialID) && bytes.Equal(a.UserHandle, b.UserHandle)
}

// AST-02: flip any bit of client data, authenticator data, signature, credential
// id or user handle, or cut or lengthen one of them, and it is over. (An ECDSA
// signature (r, n-s) is another one for the same message, so the signature is
// not compared, only refused when it was damaged at random.)
func TestHostileAcceptedOnlyUnmodified(t *testing.T) {
	t.Parallel()
	t.Run("AST-02_anything_changed", func(t *testing.T) {
		t.Parallel()
		x := fixedAuthentication(t)
		valid, err := webauthn.ParseAuthenticationResponse(x.body)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := x.rp.FinishAuthentication(x.spec.Authentication(), valid, x.stored); err != nil {
			t.Fatal(err)
		}
		parts := [][]byte{valid.CredentialID, valid.ClientData.Raw, valid.AuthenticatorData.Raw, valid.Signature, valid.UserHandle}
		rapid.Check(t, func(t *rapid.T) {
			changed := slices.Clone(parts)
			i := rapid.IntRange(0, len(parts)-1).Draw(t, "part")
			switch rapid.IntRange(0, 3).Draw(t, "how") {
			case 0:
				changed[i] = parts[i][:rapid.IntRange(0, len(parts[i])-1).Draw(t, "length")]
			case 1:
				changed[i] = append(bytes.Clone(parts[i]), rapid.SliceOfN(rapid.Byte(), 1, 8).Draw(t, "more")...)
			default:
				changed[i] = flip(parts[i], rapid.IntRange(0, 8*len(parts[i])-1).Draw(t, "bit"))
			}
			body := authenticationBody(changed[0], changed[1], changed[2], changed[3], changed[4])
			if got := verdict(second(x.finishAuthentication(x.spec.Authentication(), body, x.stored))); got == accepted || got == "error" {
				t.Fatalf("part %d: %s", i, got)
			}
		})
	})
}

func second[T any](_ T, err error) error { return err }
