package authenticator_test

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/hitherauth/hither/authenticator"
	"github.com/hitherauth/hither/ctap2"
	"github.com/hitherauth/hither/webauthn"
	"github.com/hitherauth/hither/webauthn/webauthntest"
)

// Each row breaks one thing of a request that is answered otherwise.
func TestMakeCredentialRefuses(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name string
		edit func(*ctap2.MakeCredentialRequest)
		want ctap2.StatusCode
	}{
		{"no_rp_id", func(r *ctap2.MakeCredentialRequest) { r.RP.ID = "" }, ctap2.StatusMissingParameter},
		{"no_user_handle", func(r *ctap2.MakeCredentialRequest) { r.User.ID = nil }, ctap2.StatusMissingParameter},
		{"empty_user_handle", func(r *ctap2.MakeCredentialRequest) { r.User.ID = webauthn.Bytes{} }, ctap2.StatusInvalidLength},
		{"user_handle_of_65_bytes", func(r *ctap2.MakeCredentialRequest) { r.User.ID = make([]byte, 65) }, ctap2.StatusInvalidLength},
		{"pin_param_alone", func(r *ctap2.MakeCredentialRequest) { r.PINUVAuthParam = make([]byte, 16) }, ctap2.StatusMissingParameter},
		{"pin_param_empty", func(r *ctap2.MakeCredentialRequest) { r.PINUVAuthParam = []byte{} }, ctap2.StatusMissingParameter},
		{"pin_param_with_protocol", func(r *ctap2.MakeCredentialRequest) {
			r.PINUVAuthParam, r.PINUVAuthProtocol = make([]byte, 16), 2
		}, ctap2.StatusInvalidParameter},
		{"no_algorithms", func(r *ctap2.MakeCredentialRequest) { r.Parameters = nil }, ctap2.StatusUnsupportedAlgorithm},
		{"unknown_algorithm", func(r *ctap2.MakeCredentialRequest) { r.Parameters[0].Algorithm = webauthn.RS256 }, ctap2.StatusUnsupportedAlgorithm},
		{"unknown_type", func(r *ctap2.MakeCredentialRequest) { r.Parameters[0].Type = "private-key" }, ctap2.StatusUnsupportedAlgorithm},
		{"up_false", func(r *ctap2.MakeCredentialRequest) { r.Options["up"] = false }, ctap2.StatusInvalidOption},
		{"enterprise_1", func(r *ctap2.MakeCredentialRequest) { r.EnterpriseAttestation = 1 }, ctap2.StatusInvalidParameter},
		{"enterprise_7", func(r *ctap2.MakeCredentialRequest) { r.EnterpriseAttestation = 7 }, ctap2.StatusInvalidParameter},
		{"protection_0", withExtension("credProtect", webauthntest.CBORInt(0)), ctap2.StatusInvalidOption},
		{"protection_4", withExtension("credProtect", webauthntest.CBORInt(4)), ctap2.StatusInvalidOption},
		{"protection_is_text", withExtension("credProtect", webauthntest.CBORText("3")), ctap2.StatusCBORUnexpectedType},
		{"protection_is_nothing", withExtension("credProtect", nil), ctap2.StatusInvalidCBOR},
		{"prf_is_text", withExtension("prf", webauthntest.CBORText("x")), ctap2.StatusCBORUnexpectedType},
		{"list_of_257", func(r *ctap2.MakeCredentialRequest) {
			r.ExcludeList = make([]webauthn.CredentialDescriptor, 257)
		}, ctap2.StatusLimitExceeded},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			store, p := &authenticator.MemoryStore{}, &person{}
			a := authenticator.New(authenticator.Config{Store: store, Verifier: p})
			got, err := a.MakeCredential(t.Context(), makeRequest("alice", row.edit))
			wantStatus(t, err, row.want)
			if !cmp.Equal(got, ctap2.MakeCredentialResponse{}) {
				t.Errorf("got a response too: %v", got.Format)
			}
			if asked := p.questions(); len(asked) != 0 {
				t.Errorf("the user was asked %v", asked)
			}
			if all, _ := store.All(t.Context()); len(all) != 0 {
				t.Errorf("%d credentials were kept", len(all))
			}
		})
	}
}

func withExtension(id string, value webauthntest.CBOR) func(*ctap2.MakeCredentialRequest) {
	return func(r *ctap2.MakeCredentialRequest) { r.Extensions = ctap2.Extensions{id: value} }
}

// What the person and the store may say, for both kinds of request.
func TestAnswers(t *testing.T) {
	t.Parallel()
	broken := errors.New("the screen is gone")
	yes := authenticator.Answer{Consented: true, Verified: true}
	for _, row := range []struct {
		name            string
		verifier        authenticator.UserVerifier
		allowUnverified bool
		options         ctap2.Options
		want            error // nil: it is done
	}{
		{name: "nobody_to_ask", want: ctap2.StatusOperationDenied},
		{name: "declined", verifier: says(authenticator.Answer{Verified: true}), want: ctap2.StatusOperationDenied},
		{name: "not_verified", verifier: says(authenticator.Answer{Consented: true}), want: ctap2.StatusOperationDenied},
		{name: "not_verified_and_not_demanded", verifier: says(authenticator.Answer{Consented: true}), options: ctap2.Options{"uv": false}, want: ctap2.StatusOperationDenied},
		{name: "not_verified_and_allowed", verifier: says(authenticator.Answer{Consented: true}), options: ctap2.Options{"uv": false}, allowUnverified: true},
		{name: "not_verified_and_demanded", verifier: says(authenticator.Answer{Consented: true}), options: ctap2.Options{"uv": true}, allowUnverified: true, want: ctap2.StatusOperationDenied},
		{name: "verified_without_demand", verifier: says(yes), options: ctap2.Options{"uv": false}},
		{name: "unknown_option", verifier: says(yes), options: ctap2.Options{"levitate": true}},
		{name: "verifier_fails", verifier: &person{answer: func(context.Context, authenticator.Question) (authenticator.Answer, error) { return yes, broken }}, want: broken},
		{name: "thinks_too_long", verifier: &person{answer: func(ctx context.Context, _ authenticator.Question) (authenticator.Answer, error) {
			<-ctx.Done()
			return authenticator.Answer{}, ctx.Err()
		}}, want: ctap2.StatusUserActionTimeout},
		{name: "yes_too_late", verifier: &person{answer: func(ctx context.Context, _ authenticator.Question) (authenticator.Answer, error) {
			<-ctx.Done()
			return yes, nil
		}}, want: ctap2.StatusUserActionTimeout},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			store := &authenticator.MemoryStore{}
			mustMake(t, authenticator.New(authenticator.Config{Store: store, Verifier: &person{}}), makeRequest("alice"))
			config := authenticator.Config{Store: store, Verifier: row.verifier, AllowUnverified: row.allowUnverified}
			if errors.Is(row.want, ctap2.StatusUserActionTimeout) {
				config.UserTimeout = time.Millisecond
			}
			a := authenticator.New(config)
			_, err := a.MakeCredential(t.Context(), makeRequest("bob", func(r *ctap2.MakeCredentialRequest) { r.Options = row.options }))
			if !errors.Is(err, row.want) {
				t.Errorf("make: got %v, want %v", err, row.want)
			}
			_, err = a.GetAssertion(t.Context(), getRequest(func(r *ctap2.GetAssertionRequest) { r.Options = row.options }))
			if !errors.Is(err, row.want) {
				t.Errorf("get: got %v, want %v", err, row.want)
			}
		})
	}
}

func TestCancelled(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	p := &person{answer: func(ctx context.Context, _ authenticator.Question) (authenticator.Answer, error) {
		cancel()
		<-ctx.Done()
		return authenticator.Answer{Consented: true, Verified: true}, nil
	}}
	store := &authenticator.MemoryStore{}
	_, err := authenticator.New(authenticator.Config{Store: store, Verifier: p}).MakeCredential(ctx, makeRequest("alice"))
	if status, ok := errors.AsType[ctap2.StatusCode](err); ok || !errors.Is(err, context.Canceled) {
		t.Errorf("got error %v, status %v, want a cancelled context", err, status)
	}
	if all, _ := store.All(t.Context()); len(all) != 0 {
		t.Error("a credential was kept")
	}
}

func TestExcludeList(t *testing.T) {
	t.Parallel()
	store, p := &authenticator.MemoryStore{}, &person{}
	a := authenticator.New(authenticator.Config{Store: store, Verifier: p})
	id := mustMake(t, a, makeRequest("alice")).AttestedCredential.CredentialID
	exclude := func(r *ctap2.MakeCredentialRequest) {
		r.ExcludeList = []webauthn.CredentialDescriptor{descriptor([]byte("another one")), descriptor(id)}
	}
	p.questions()

	_, err := a.MakeCredential(t.Context(), makeRequest("alice", exclude))
	wantStatus(t, err, ctap2.StatusCredentialExcluded)
	if asked := p.questions(); len(asked) != 1 || asked[0].Action != authenticator.ActionExcluded {
		t.Errorf("asked %v", asked)
	}
	// Without consent nobody learns that it is here.
	never := authenticator.New(authenticator.Config{Store: store, Verifier: says(authenticator.Answer{})})
	_, err = never.MakeCredential(t.Context(), makeRequest("alice", exclude))
	wantStatus(t, err, ctap2.StatusOperationDenied)
	// It is another relying party's, or of another type.
	mustMake(t, a, makeRequest("alice", exclude, func(r *ctap2.MakeCredentialRequest) { r.RP.ID = "example.com" }))
	mustMake(t, a, makeRequest("bob", func(r *ctap2.MakeCredentialRequest) {
		r.ExcludeList = []webauthn.CredentialDescriptor{{Type: "secret-key", ID: id}}
	}))
}

func TestReplace(t *testing.T) {
	t.Parallel()
	store, p := &authenticator.MemoryStore{}, &person{}
	a := authenticator.New(authenticator.Config{Store: store, Verifier: p})
	old := mustMake(t, a, makeRequest("alice")).AttestedCredential.CredentialID
	hidden := mustMake(t, a, makeRequest("alice", func(r *ctap2.MakeCredentialRequest) { r.Options["rk"] = false })).AttestedCredential.CredentialID
	mustMake(t, a, makeRequest("alice"))
	var actions []string
	for _, q := range p.questions() {
		actions = append(actions, q.Action.String())
	}
	if want := []string{"create", "create", "replace"}; !cmp.Equal(actions, want) {
		t.Errorf("asked %v, want %v", actions, want)
	}
	allow := func(id []byte) func(*ctap2.GetAssertionRequest) {
		return func(r *ctap2.GetAssertionRequest) { r.AllowList = []webauthn.CredentialDescriptor{descriptor(id)} }
	}
	_, err := a.GetAssertion(t.Context(), getRequest(allow(old)))
	wantStatus(t, err, ctap2.StatusNoCredentials)
	got, err := a.GetAssertion(t.Context(), getRequest(allow(hidden)))
	if err != nil || got.User != nil || got.UserSelected {
		t.Errorf("one that is not discoverable: user %v, selected %v, %v", got.User, got.UserSelected, err)
	}
	all, _ := store.All(t.Context())
	if len(all) != 2 {
		t.Errorf("%d credentials are here, want 2", len(all))
	}
}

func TestStoreIsFull(t *testing.T) {
	t.Parallel()
	store := &authenticator.MemoryStore{}
	a := authenticator.New(authenticator.Config{Store: store, Verifier: &person{}})
	made := mustMake(t, a, makeRequest("alice")).AttestedCredential.CredentialID
	all, _ := store.All(t.Context())
	c := all[0]
	for n := range authenticator.MaxCredentials - 1 {
		c.ID, c.User.ID = []byte(strings.Repeat("x", 20)+time.Duration(n).String()), []byte(time.Duration(n).String())
		if err := store.Put(t.Context(), c, nil); err != nil {
			t.Fatal(err)
		}
	}
	_, err := a.MakeCredential(t.Context(), makeRequest("bob"))
	wantStatus(t, err, ctap2.StatusKeyStoreFull)
	mustMake(t, a, makeRequest("alice")) // takes a place
	if err := store.Remove(t.Context(), made); !errors.Is(err, authenticator.ErrNoCredential) {
		t.Errorf("the one that was replaced: %v", err)
	}
}

// An attestation format is chosen by what is wanted.
func TestAttestationFormats(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name   string
		wanted []string
		want   string
	}{
		{"absent", nil, "packed"},
		{"none", []string{"none"}, "none"},
		{"packed", []string{"packed", "none"}, "packed"},
		{"first_that_is_known", []string{"tpm", "none", "packed"}, "none"},
		{"none_is_known", []string{"tpm"}, "packed"},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			a := authenticator.New(authenticator.Config{Verifier: &person{}})
			got, err := a.MakeCredential(t.Context(), makeRequest("alice", func(r *ctap2.MakeCredentialRequest) { r.AttestationFormats = row.wanted }))
			if err != nil || got.Format != row.want {
				t.Errorf("got %q, %v, want %q", got.Format, err, row.want)
			}
		})
	}
}

func TestNoRandomness(t *testing.T) {
	t.Parallel()
	store := &authenticator.MemoryStore{}
	a := authenticator.New(authenticator.Config{Store: store, Verifier: &person{}, Rand: strings.NewReader("short")})
	if _, err := a.MakeCredential(t.Context(), makeRequest("alice")); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("got error %v", err)
	}
	if all, _ := store.All(t.Context()); len(all) != 0 {
		t.Error("a credential was kept")
	}
}
