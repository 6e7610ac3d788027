package authenticator_test

import (
	"bytes"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hitherauth/hither/authenticator"
	"github.com/hitherauth/hither/ctap2"
	"github.com/hitherauth/hither/webauthn"
	"github.com/hitherauth/hither/webauthn/webauthntest"
)

// FuzzParseVault: what is read is written in the same bytes, and an error comes with nothing.
func FuzzParseVault(f *testing.F) {
	for _, n := range []int{0, 1, 3} {
		memory := &authenticator.MemoryStore{}
		a := authenticator.New(authenticator.Config{Store: memory, Verifier: &person{}})
		for _, name := range []string{"alice", "bob", "carol"}[:n] {
			mustMake(f, a, makeRequest(name))
		}
		all, _ := memory.All(f.Context())
		b, err := authenticator.AppendVault(nil, all)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
		f.Add(append(b, 0))
		f.Add(b[:len(b)-1])
	}
	head := func(version, count int64) []byte {
		return webauthntest.CBORMap(
			webauthntest.CBORInt(1), webauthntest.CBORText("hither vault"),
			webauthntest.CBORInt(2), webauthntest.CBORInt(version),
			webauthntest.CBORInt(3), webauthntest.CBORInt(count))
	}
	f.Add(head(2, 0))
	f.Add(head(1, 1<<40))
	f.Add(head(1, -1))
	f.Add([]byte{0xa0})
	f.Fuzz(func(t *testing.T, b []byte) {
		credentials, err := authenticator.ParseVault(b)
		if err != nil {
			if credentials != nil {
				t.Error("credentials came with an error")
			}
			return
		}
		again, err := authenticator.AppendVault(nil, credentials)
		if err != nil || !bytes.Equal(again, b) {
			t.Errorf("written again: %x, %v; read %x", again, err, b)
		}
	})
}

// FuzzHandle: whatever is asked, a person who declines gives nothing away. What is
// answered is the same with their credentials here and without, and they stay as they
// were.
func FuzzHandle(f *testing.F) {
	store := &authenticator.MemoryStore{}
	willing := authenticator.New(authenticator.Config{Store: store, Verifier: &person{}})
	id := mustMake(f, willing, makeRequest("alice", withExtension("credProtect", webauthntest.CBORInt(1)))).AttestedCredential.CredentialID
	before, _ := store.All(f.Context())
	list := []webauthn.CredentialDescriptor{descriptor(id)}
	for command, requests := range map[ctap2.Command][]interface{ Append([]byte) ([]byte, error) }{
		ctap2.CommandMakeCredential: {
			makeRequest("alice"), makeRequest("bob"),
			makeRequest("alice", func(r *ctap2.MakeCredentialRequest) { r.ExcludeList, r.Options = list, nil }),
		},
		ctap2.CommandGetAssertion: {
			getRequest(), getRequest(func(r *ctap2.GetAssertionRequest) { r.AllowList, r.Options = list, nil }),
			getRequest(func(r *ctap2.GetAssertionRequest) { r.Options = ctap2.Options{"up": false} }),
			getRequest(func(r *ctap2.GetAssertionRequest) {
				r.Extensions = prfInput(f, ctap2.PRFInput{Eval: &ctap2.PRFSalts{}, EvalByCredential: map[string]ctap2.PRFSalts{string(id): {}}})
			}),
		},
	} {
		for _, r := range requests {
			b, err := r.Append([]byte{byte(command)})
			if err != nil {
				f.Fatal(err)
			}
			f.Add(b)
		}
	}
	f.Add([]byte{byte(ctap2.CommandGetInfo)})
	declines := says(authenticator.Answer{Verified: true})
	here := authenticator.New(authenticator.Config{Store: store, Verifier: declines, AllowUnverified: true, Counting: true})
	f.Fuzz(func(t *testing.T, message []byte) {
		empty := authenticator.New(authenticator.Config{Verifier: declines, AllowUnverified: true, Counting: true})
		got := ctap2.Handle(t.Context(), here, message)
		if diff := cmp.Diff(got, ctap2.Handle(t.Context(), empty, message)); diff != "" {
			t.Errorf("what is here shows (-with +without)\n%s", diff)
		}
		declines.questions() // they would be kept
		if got[0] == byte(ctap2.StatusOK) && message[0] != byte(ctap2.CommandGetInfo) {
			t.Error("it was done")
		}
		if after, _ := store.All(t.Context()); !cmp.Equal(after, before) {
			t.Error("the store has changed")
		}
	})
}
