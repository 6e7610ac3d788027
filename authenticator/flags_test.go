package authenticator_test

import (
	"encoding/json"
	"errors"
	"path/filepath"
	"testing"
	"time"

	"github.com/hitherauth/hither/authenticator"
	"github.com/hitherauth/hither/ctap2"
	"github.com/hitherauth/hither/webauthn"
)

// What is told of the person and of the credential is what is so.
func TestFlags(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name            string
		verified        bool
		before, now     authenticator.Backup
		eligible, state bool
	}{
		{name: "verified", verified: true},
		{name: "not_verified"},
		{name: "eligible", verified: true, before: authenticator.BackupEligible, now: authenticator.BackupEligible, eligible: true},
		{name: "backed_up_since", verified: true, before: authenticator.BackupEligible, now: authenticator.BackedUp, eligible: true, state: true},
		{name: "backed_up_no_more", verified: true, before: authenticator.BackedUp, now: authenticator.DeviceBound, eligible: true},
		{name: "never_eligible", verified: true, now: authenticator.BackedUp},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			store := &authenticator.MemoryStore{}
			p := says(authenticator.Answer{Consented: true, Verified: row.verified})
			a := authenticator.New(authenticator.Config{Store: store, Verifier: p, AllowUnverified: true, Backup: row.before})
			made := mustMake(t, a, makeRequest("alice", func(r *ctap2.MakeCredentialRequest) { r.Options = ctap2.Options{"rk": true} }))
			checkFlags(t, made.Flags, row.verified, row.eligible, row.before == authenticator.BackedUp)
			a = authenticator.New(authenticator.Config{Store: store, Verifier: p, AllowUnverified: true, Backup: row.now})
			got, err := a.GetAssertion(t.Context(), ctap2.GetAssertionRequest{RPID: rpID})
			if err != nil {
				t.Fatal(err)
			}
			data, err := webauthn.ParseAuthenticatorData(got.AuthenticatorData)
			if err != nil {
				t.Fatal(err)
			}
			checkFlags(t, data.Flags, row.verified, row.eligible, row.state)
		})
	}
}

func checkFlags(t *testing.T, got webauthn.Flags, verified, eligible, state bool) {
	t.Helper()
	if !got.UserPresent() || got.UserVerified() != verified || got.BackupEligible() != eligible || got.BackupState() != state {
		t.Errorf("flags %08b, want verified %v, eligible %v, backed up %v", got, verified, eligible, state)
	}
}

// A person who was not verified gets the same function at registration and later,
// and it is not that of a verified one.
func TestPRFUnverified(t *testing.T) {
	t.Parallel()
	store := &authenticator.MemoryStore{}
	input := prfInput(t, ctap2.PRFInput{Eval: &ctap2.PRFSalts{}})
	unverified := authenticator.New(authenticator.Config{Store: store, Verifier: says(authenticator.Answer{Consented: true}), AllowUnverified: true})
	made, err := unverified.MakeCredential(t.Context(), makeRequest("alice", func(r *ctap2.MakeCredentialRequest) {
		r.Options, r.Extensions = ctap2.Options{"rk": true}, input
	}))
	if err != nil {
		t.Fatal(err)
	}
	atMake := prfOutput(t, made.UnsignedExtensions).Results.First
	for name, row := range map[string]struct {
		a    *authenticator.Authenticator
		same bool
	}{
		"unverified": {unverified, true},
		"verified":   {authenticator.New(authenticator.Config{Store: store, Verifier: &person{}}), false},
	} {
		got, err := row.a.GetAssertion(t.Context(), ctap2.GetAssertionRequest{RPID: rpID, Extensions: input})
		if err != nil {
			t.Fatal(err)
		}
		if prfOutput(t, got.UnsignedExtensions).Results.First.Equal(atMake) != row.same {
			t.Errorf("%s: same %v", name, !row.same)
		}
	}
}

// A clock that stands before 1970 makes no credential that a store refuses.
func TestClockBefore1970(t *testing.T) {
	t.Parallel()
	store := &authenticator.MemoryStore{}
	mustMake(t, authenticator.New(authenticator.Config{
		Store: store, Verifier: &person{}, Now: func() time.Time { return time.Unix(-5, 0) },
	}), makeRequest("alice"))
	if all, _ := store.All(t.Context()); len(all) != 1 || all[0].Created.Unix() != 0 {
		t.Errorf("kept %v", all)
	}
}

// Randomness that is no scalar of the curve makes no key, and nothing goes on for ever.
func TestNoKeyInRandomness(t *testing.T) {
	t.Parallel()
	store := &authenticator.MemoryStore{}
	for name, b := range map[string]byte{"zero": 0, "beyond_the_order": 0xff} {
		a := authenticator.New(authenticator.Config{Store: store, Verifier: &person{}, Rand: constant(b)})
		if _, err := a.MakeCredential(t.Context(), makeRequest("alice")); err == nil || errors.Is(err, ctap2.StatusOK) {
			t.Errorf("%s: got error %v", name, err)
		}
	}
	if all, _ := store.All(t.Context()); len(all) != 0 {
		t.Error("a credential was kept")
	}
}

type constant byte

func (c constant) Read(b []byte) (int, error) {
	for n := range b {
		b[n] = byte(c)
	}
	return len(b), nil
}

// hitherd names passkeys of this model.
func TestModelHasAName(t *testing.T) {
	t.Parallel()
	var names map[string]string
	if err := json.Unmarshal(readFile(t, filepath.Join("..", "internal", "account", "providers.json")), &names); err != nil {
		t.Fatal(err)
	}
	if got := names[authenticator.ModelAAGUID().String()]; got != "Hither" {
		t.Errorf("got %q", got)
	}
}
