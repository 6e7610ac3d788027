package authenticator_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hitherauth/hither/authenticator"
	"github.com/hitherauth/hither/ctap2"
	"github.com/hitherauth/hither/webauthn"
	"github.com/hitherauth/hither/webauthn/webauthntest"
)

func TestGetAssertionRefuses(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name string
		edit func(*ctap2.GetAssertionRequest)
		want ctap2.StatusCode
	}{
		{"no_rp_id", func(r *ctap2.GetAssertionRequest) { r.RPID = "" }, ctap2.StatusMissingParameter},
		{"rk_true", func(r *ctap2.GetAssertionRequest) { r.Options["rk"] = true }, ctap2.StatusUnsupportedOption},
		{"rk_false", func(r *ctap2.GetAssertionRequest) { r.Options["rk"] = false }, ctap2.StatusUnsupportedOption},
		{"up_false", func(r *ctap2.GetAssertionRequest) { r.Options["up"] = false }, ctap2.StatusUnsupportedOption},
		{"pin_param_alone", func(r *ctap2.GetAssertionRequest) { r.PINUVAuthParam = []byte{} }, ctap2.StatusMissingParameter},
		{"pin_param_with_protocol", func(r *ctap2.GetAssertionRequest) {
			r.PINUVAuthParam, r.PINUVAuthProtocol = make([]byte, 16), 1
		}, ctap2.StatusInvalidParameter},
		{"enterprise", func(r *ctap2.GetAssertionRequest) { r.EnterpriseAttestation = 1 }, ctap2.StatusInvalidParameter},
		{"prf_is_a_number", func(r *ctap2.GetAssertionRequest) {
			r.Extensions = ctap2.Extensions{"prf": webauthntest.CBORInt(1)}
		}, ctap2.StatusCBORUnexpectedType},
		{"list_of_257", func(r *ctap2.GetAssertionRequest) {
			r.AllowList = make([]webauthn.CredentialDescriptor, 257)
		}, ctap2.StatusLimitExceeded},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			p := &person{}
			a := authenticator.New(authenticator.Config{Verifier: p})
			mustMake(t, a, makeRequest("alice"))
			p.questions()
			got, err := a.GetAssertion(t.Context(), getRequest(row.edit))
			wantStatus(t, err, row.want)
			if !cmp.Equal(got, ctap2.GetAssertionResponse{}) {
				t.Error("got a response too")
			}
			if asked := p.questions(); len(asked) != 0 {
				t.Errorf("the user was asked %v", asked)
			}
		})
	}
}

// Nothing fits: the person is told for whom, and only then the client platform.
func TestNoCredentials(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name string
		edit func(*ctap2.GetAssertionRequest)
	}{
		{"other_relying_party", func(r *ctap2.GetAssertionRequest) { r.RPID = "example.com" }},
		{"not_in_the_list", func(r *ctap2.GetAssertionRequest) {
			r.AllowList = []webauthn.CredentialDescriptor{descriptor([]byte("another"))}
		}},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			p := &person{}
			store := &authenticator.MemoryStore{}
			a := authenticator.New(authenticator.Config{Store: store, Verifier: p})
			mustMake(t, a, makeRequest("alice"))
			p.questions()
			_, err := a.GetAssertion(t.Context(), getRequest(row.edit))
			wantStatus(t, err, ctap2.StatusNoCredentials)
			if asked := p.questions(); len(asked) != 1 || asked[0].Action != authenticator.ActionNothing || asked[0].Accounts != nil {
				t.Errorf("asked %v", asked)
			}
			declining := authenticator.New(authenticator.Config{Store: store, Verifier: says(authenticator.Answer{})})
			_, err = declining.GetAssertion(t.Context(), getRequest(row.edit))
			wantStatus(t, err, ctap2.StatusOperationDenied)
		})
	}
}

// With an empty allow list the person chooses, and there is one assertion.
func TestChooseAccount(t *testing.T) {
	t.Parallel()
	choice := 0
	p := &person{answer: func(context.Context, authenticator.Question) (authenticator.Answer, error) {
		return authenticator.Answer{Consented: true, Verified: true, Account: choice}, nil
	}}
	a := authenticator.New(authenticator.Config{Verifier: p})
	for _, name := range []string{"alice", "bob", "carol"} {
		mustMake(t, a, makeRequest(name, func(r *ctap2.MakeCredentialRequest) { r.RP.Name = "Example of " + name }))
	}
	mustMake(t, a, makeRequest("dave", func(r *ctap2.MakeCredentialRequest) { r.Options["rk"] = false }))
	for n, want := range []string{"carol", "bob", "alice"} { // the newest first
		choice = n
		p.questions()
		got, err := a.GetAssertion(t.Context(), getRequest())
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(got.User, &webauthn.UserEntity{ID: webauthn.Bytes(want)}); diff != "" {
			t.Errorf("user (-got +want)\n%s", diff)
		}
		if !got.UserSelected || got.NumberOfCredentials != 0 || got.Credential.Type != "public-key" {
			t.Errorf("selected %v of %d", got.UserSelected, got.NumberOfCredentials)
		}
		asked := p.questions()
		if len(asked) != 1 || len(asked[0].Accounts) != 3 || asked[0].Accounts[0].DisplayName != "The carol" || asked[0].RelyingParty.Name != "Example of carol" {
			t.Errorf("asked %+v", asked)
		}
	}
	for _, choice = range []int{3, -1} {
		if _, err := a.GetAssertion(t.Context(), getRequest()); err == nil {
			t.Errorf("account %d was not shown and was taken", choice)
		}
	}
}

// What credProtect asked for holds for a person who was not verified.
func TestProtection(t *testing.T) {
	t.Parallel()
	unverified := authenticator.Answer{Consented: true}
	for _, row := range []struct {
		name           string
		level          int64
		listed, hidden bool
	}{
		{name: "1", level: 1, listed: true}, {name: "2", level: 2, listed: true, hidden: true}, {name: "3", level: 3, hidden: true},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			store := &authenticator.MemoryStore{}
			data := mustMake(t, authenticator.New(authenticator.Config{Store: store, Verifier: &person{}}),
				makeRequest("alice", withExtension("credProtect", webauthntest.CBORInt(row.level))))
			want := webauthntest.CBORMap(webauthntest.CBORText("credProtect"), webauthntest.CBORInt(row.level))
			if !cmp.Equal(data.Extensions, []byte(want)) {
				t.Errorf("extensions %x, want %x", data.Extensions, want)
			}
			id := data.AttestedCredential.CredentialID
			a := authenticator.New(authenticator.Config{Store: store, Verifier: says(unverified), AllowUnverified: true})
			_, err := a.GetAssertion(t.Context(), ctap2.GetAssertionRequest{RPID: rpID})
			if got := err == nil; got == row.hidden {
				t.Errorf("without a list: %v", err)
			}
			_, err = a.GetAssertion(t.Context(), ctap2.GetAssertionRequest{RPID: rpID, AllowList: []webauthn.CredentialDescriptor{descriptor(id)}})
			if got := err == nil; got != row.listed {
				t.Errorf("with a list: %v", err)
			}
			// A person who is verified is asked with all of them.
			verified := authenticator.New(authenticator.Config{Store: store, Verifier: &person{}})
			if _, err := verified.GetAssertion(t.Context(), ctap2.GetAssertionRequest{RPID: rpID}); err != nil {
				t.Errorf("verified: %v", err)
			}
			_, err = a.MakeCredential(t.Context(), makeRequest("alice", func(r *ctap2.MakeCredentialRequest) {
				r.ExcludeList, r.Options = []webauthn.CredentialDescriptor{descriptor(id)}, nil
			}))
			wantStatus(t, err, map[bool]ctap2.StatusCode{true: ctap2.StatusCredentialExcluded, false: ctap2.StatusOperationDenied}[row.listed])
		})
	}
}

func TestPRF(t *testing.T) {
	t.Parallel()
	store := &authenticator.MemoryStore{}
	a := authenticator.New(authenticator.Config{Store: store, Verifier: &person{}})
	one, two := ctap2.HashPRFInput([]byte("one")), ctap2.HashPRFInput([]byte("two"))
	made, err := a.MakeCredential(t.Context(), makeRequest("alice", func(r *ctap2.MakeCredentialRequest) {
		r.Extensions = prfInput(t, ctap2.PRFInput{Eval: &ctap2.PRFSalts{First: one, Second: &two}})
	}))
	if err != nil {
		t.Fatal(err)
	}
	atMake := prfOutput(t, made.UnsignedExtensions)
	if atMake.Enabled == nil || !*atMake.Enabled || atMake.Results == nil || atMake.Results.Second == nil {
		t.Fatalf("at registration: %+v", atMake)
	}
	get := func(a ctap2.Authenticator, input ctap2.PRFInput) ctap2.Extensions {
		t.Helper()
		got, err := a.GetAssertion(t.Context(), ctap2.GetAssertionRequest{RPID: rpID, Extensions: prfInput(t, input)})
		if err != nil {
			t.Fatal(err)
		}
		return got.UnsignedExtensions
	}
	atGet := prfOutput(t, get(a, ctap2.PRFInput{Eval: &ctap2.PRFSalts{First: two, Second: &one}}))
	if atGet.Enabled != nil || !atGet.Results.First.Equal(*atMake.Results.Second) || !atGet.Results.Second.Equal(atMake.Results.First) {
		t.Error("the same inputs gave other outputs")
	}
	data, err := webauthn.ParseAuthenticatorData(made.AuthenticatorData)
	if err != nil {
		t.Fatal(err)
	}
	own := map[string]ctap2.PRFSalts{string(data.AttestedCredential.CredentialID): {First: two}, "another": {First: one}}
	byCredential := prfOutput(t, get(a, ctap2.PRFInput{Eval: &ctap2.PRFSalts{First: one}, EvalByCredential: own}))
	if !byCredential.Results.First.Equal(*atMake.Results.Second) || byCredential.Results.Second != nil {
		t.Error("the credential's own salts were not taken")
	}
	if got := get(a, ctap2.PRFInput{EvalByCredential: map[string]ctap2.PRFSalts{"another": {First: one}}}); got != nil {
		t.Errorf("an output without an input: %v", got)
	}
	unverified := authenticator.New(authenticator.Config{Store: store, Verifier: says(authenticator.Answer{Consented: true}), AllowUnverified: true})
	if prfOutput(t, get(unverified, ctap2.PRFInput{Eval: &ctap2.PRFSalts{First: one}})).Results.First.Equal(atMake.Results.First) {
		t.Error("a person who was not verified gets what a verified one got")
	}
}

func prfInput(t testing.TB, p ctap2.PRFInput) ctap2.Extensions {
	t.Helper()
	b, err := p.Append(nil)
	if err != nil {
		t.Fatal(err)
	}
	return ctap2.Extensions{ctap2.ExtensionPRF: b}
}

func prfOutput(t testing.TB, x ctap2.Extensions) ctap2.PRFOutput {
	t.Helper()
	output, err := ctap2.ParsePRFOutput(x[ctap2.ExtensionPRF])
	if err != nil {
		t.Fatal(err)
	}
	return output
}

// The specification's own examples, as far as an authenticator computes them over
// the hybrid transport: from a credential's secret and a salt to the output.
func TestVectorsPRF(t *testing.T) {
	t.Parallel()
	folder := os.Getenv("HITHER_VECTORS")
	if folder == "" {
		folder = filepath.Join("..", "shared", "vectors")
	}
	if !filepath.IsAbs(folder) {
		folder = filepath.Join("..", folder)
	}
	b, err := os.ReadFile(filepath.Join(folder, "w3c-webauthn-l3-prf-hmac-secret.json"))
	if err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal(err)
		}
		t.Skipf("published vectors are not there (HITHER_VECTORS): %v", err)
	}
	var vectors struct {
		Shared struct {
			Secret string `json:"authenticator_cred_random"`
		} `json:"shared"`
		Cases []struct {
			Title                          string
			Salt1, Salt2, Output1, Output2 string
		} `json:"cases"`
	}
	if err := json.Unmarshal(b, &vectors); err != nil {
		t.Fatal(err)
	}
	store := &authenticator.MemoryStore{}
	a := authenticator.New(authenticator.Config{Store: store, Verifier: &person{}})
	mustMake(t, a, makeRequest("alice"))
	held, _ := store.All(t.Context())
	c := held[0]
	if c.PRF.Verified, err = authenticator.PRFSecretFromBytes(unhex(t, vectors.Shared.Secret)); err != nil {
		t.Fatal(err)
	}
	c.ID = []byte("the credential of the vectors")
	if err := store.Put(t.Context(), c, held[0].ID); err != nil {
		t.Fatal(err)
	}
	for _, v := range vectors.Cases {
		salts := ctap2.PRFSalts{First: ctap2.PRFSalt(unhex(t, v.Salt1))}
		want := unhex(t, v.Output1)
		if v.Salt2 != "" {
			salts.Second = new(ctap2.PRFSalt(unhex(t, v.Salt2)))
			want = append(want, unhex(t, v.Output2)...)
		}
		got, err := a.GetAssertion(t.Context(), getRequest(func(r *ctap2.GetAssertionRequest) {
			r.Extensions = prfInput(t, ctap2.PRFInput{Eval: &salts})
		}))
		if err != nil {
			t.Fatal(err)
		}
		results := prfOutput(t, got.UnsignedExtensions).Results
		outputs := results.First.Bytes()
		if results.Second != nil {
			outputs = append(outputs, results.Second.Bytes()...)
		}
		if !cmp.Equal(outputs, want) {
			t.Errorf("%s: got %x, want %x", v.Title, outputs, want)
		}
	}
	t.Logf("vectors: prf: %d", len(vectors.Cases))
}

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil || len(b) != sha256.Size {
		t.Fatal(s, err)
	}
	return b
}

func TestGetInfo(t *testing.T) {
	t.Parallel()
	info, err := authenticator.New(authenticator.Config{}).GetInfo(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	b, err := info.Append(nil)
	if err != nil {
		t.Fatal(err)
	}
	again, err := ctap2.ParseInfo(b)
	if err != nil {
		t.Fatal(err)
	}
	again.Raw = nil
	if diff := cmp.Diff(again, info); diff != "" {
		t.Errorf("(-got +want)\n%s", diff)
	}
}
