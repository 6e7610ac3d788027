package authenticator_test

import (
	"context"
	"errors"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hitherauth/hither/authenticator"
	"github.com/hitherauth/hither/ctap2"
	"github.com/hitherauth/hither/webauthn"
	"github.com/hitherauth/hither/webauthn/webauthntest"
)

// meanwhile is a person during whose thoughts something happens.
func meanwhile(happens func()) *person {
	return &person{answer: func(context.Context, authenticator.Question) (authenticator.Answer, error) {
		happens()
		return authenticator.Answer{Consented: true, Verified: true}, nil
	}}
}

// A person agrees to what was shown. What another program that shares the store
// does while they think is not among it (CTRAPS: no act without its own consent).
func TestHostileConsentIsForWhatWasShown(t *testing.T) {
	t.Parallel()
	replaced := func(t *testing.T, first bool) {
		t.Helper()
		store := &authenticator.MemoryStore{}
		other := authenticator.New(authenticator.Config{Store: store, Verifier: &person{}})
		if first {
			mustMake(t, other, makeRequest("alice"))
		}
		var meant webauthn.Bytes
		p := meanwhile(func() { meant = mustMake(t, other, makeRequest("alice")).AttestedCredential.CredentialID })
		_, err := authenticator.New(authenticator.Config{Store: store, Verifier: p}).MakeCredential(t.Context(), makeRequest("alice"))
		wantStatus(t, err, ctap2.StatusOperationDenied)
		if all, _ := store.All(t.Context()); len(all) != 1 || !cmp.Equal(all[0].ID, meant) {
			t.Errorf("%d are here, and the one that was made meanwhile is gone", len(all))
		}
	}
	t.Run("HYB-12_create_does_not_replace", func(t *testing.T) {
		t.Parallel()
		replaced(t, false)
	})
	t.Run("HYB-12_replace_does_not_take_another", func(t *testing.T) {
		t.Parallel()
		replaced(t, true)
	})
	t.Run("replace_what_has_gone", func(t *testing.T) {
		t.Parallel()
		store := &authenticator.MemoryStore{}
		old := mustMake(t, authenticator.New(authenticator.Config{Store: store, Verifier: &person{}}), makeRequest("alice")).AttestedCredential.CredentialID
		p := meanwhile(func() {
			if err := store.Remove(t.Context(), old); err != nil {
				t.Error(err)
			}
		})
		mustMake(t, authenticator.New(authenticator.Config{Store: store, Verifier: p}), makeRequest("alice"))
	})
	for name, counting := range map[string]bool{"HYB-12_removed_does_not_sign": false, "HYB-12_removed_does_not_count": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			store := &authenticator.MemoryStore{}
			id := mustMake(t, authenticator.New(authenticator.Config{Store: store, Verifier: &person{}}), makeRequest("alice")).AttestedCredential.CredentialID
			p := meanwhile(func() {
				if err := store.Remove(t.Context(), id); err != nil {
					t.Error(err)
				}
			})
			a := authenticator.New(authenticator.Config{Store: store, Verifier: p, Counting: counting})
			_, err := a.GetAssertion(t.Context(), getRequest())
			wantStatus(t, err, ctap2.StatusNoCredentials)
		})
	}
	t.Run("a_question_is_a_copy", func(t *testing.T) {
		t.Parallel()
		scribble := &person{answer: func(_ context.Context, q authenticator.Question) (authenticator.Answer, error) {
			for _, account := range q.Accounts {
				clear(account.ID)
			}
			return authenticator.Answer{Consented: true, Verified: true}, nil
		}}
		a := authenticator.New(authenticator.Config{Verifier: scribble})
		mustMake(t, a, makeRequest("alice"))
		got, err := a.GetAssertion(t.Context(), getRequest())
		if err != nil || string(got.User.ID) != "alice" {
			t.Errorf("got %v, %v", got.User, err)
		}
	})
}

// A counter that relying parties have seen goes on, whoever holds the credential.
func TestCounterGoesOn(t *testing.T) {
	t.Parallel()
	store := &authenticator.MemoryStore{}
	rp := newRelyingParty(t, webauthn.ES256)
	counting := authenticator.New(authenticator.Config{Store: store, Verifier: &person{}, Counting: true})
	r := register(t, rp, counting)
	r.SignCount = signIn(t, rp, counting, r).SignCount
	got := signIn(t, rp, authenticator.New(authenticator.Config{Store: store, Verifier: &person{}}), r)
	if got.SignCount != 2 {
		t.Errorf("got count %d after 1", got.SignCount)
	}
	// It counts while the person is asked elsewhere, for the first time.
	r = register(t, rp, counting)
	p := meanwhile(func() { r.SignCount = signIn(t, rp, counting, r).SignCount })
	answer, err := authenticator.New(authenticator.Config{Store: store, Verifier: p}).GetAssertion(t.Context(), getRequest())
	if err != nil {
		t.Fatal(err)
	}
	data, err := webauthn.ParseAuthenticatorData(answer.AuthenticatorData)
	if err != nil || r.SignCount != 1 || data.SignCount != 2 {
		t.Errorf("got count %d after %d, %v", data.SignCount, r.SignCount, err)
	}
}

// Whoever has gone gets nothing, and nothing is changed for them: above all, no
// credential takes another's place that its relying party will not hear of.
func TestVaultWhenCallerHasGone(t *testing.T) {
	t.Parallel()
	path, key := filepath.Join(t.TempDir(), "vault.age"), identityKey(t)
	v := createVault(t, path, key)
	c := oneCredential(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := v.Put(ctx, c, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("put: %v", err)
	}
	if err := v.Put(t.Context(), c, nil); err != nil {
		t.Fatal(err)
	}
	if _, err := v.Count(ctx, c.ID); !errors.Is(err, context.Canceled) {
		t.Errorf("counted: %v", err)
	}
	if err := v.Remove(ctx, c.ID); !errors.Is(err, context.Canceled) {
		t.Errorf("removed: %v", err)
	}
	// They go while the vault is being encrypted, which takes a second with a passphrase.
	if err := v.Remove(goes{t.Context()}, c.ID); !errors.Is(err, context.Canceled) {
		t.Errorf("removed later: %v", err)
	}
	if diff := cmp.Diff(allOf(t, openVault(t, path, key)), []authenticator.Credential{c}); diff != "" {
		t.Errorf("(-got +want)\n%s", diff)
	}
}

// Many programs make a credential for one account at once: one is left, and whoever
// was told of success while another took its place was told of that by the other.
func TestOneAccountAtOnce(t *testing.T) {
	t.Parallel()
	path, key := filepath.Join(t.TempDir(), "vault.age"), identityKey(t)
	createVault(t, path, key)
	var made, replaced atomic.Int32
	var group sync.WaitGroup
	for range 8 {
		v := openVault(t, path, key)
		group.Go(func() {
			var action authenticator.Action
			p := &person{answer: func(_ context.Context, q authenticator.Question) (authenticator.Answer, error) {
				action = q.Action
				return authenticator.Answer{Consented: true, Verified: true}, nil
			}}
			_, err := authenticator.New(authenticator.Config{Store: v, Verifier: p}).MakeCredential(t.Context(), makeRequest("alice"))
			switch {
			case err == nil && action == authenticator.ActionReplace:
				replaced.Add(1)
			case err == nil:
				made.Add(1)
			default:
				wantStatus(t, err, ctap2.StatusOperationDenied)
			}
		})
	}
	group.Wait()
	if all := allOf(t, openVault(t, path, key)); len(all) != 1 || made.Load() != 1 {
		t.Errorf("%d are here, %d made, %d made in place of another", len(all), made.Load(), replaced.Load())
	}
}

// goes is a context that ends once the lock is taken, for which only Done is looked
// at.
type goes struct{ context.Context }

func (goes) Done() <-chan struct{} { return nil }
func (goes) Err() error            { return context.Canceled }

// Whoever is not verified may not use a credential that asks for it, and may not
// destroy it either by making another for the account.
func TestHostileReplaceUnverified(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		level int64
		want  error
	}{
		"HYB-12_protection_1": {1, nil}, "HYB-12_protection_2": {2, ctap2.StatusOperationDenied}, "HYB-12_protection_3": {3, ctap2.StatusOperationDenied},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			store := &authenticator.MemoryStore{}
			old := mustMake(t, authenticator.New(authenticator.Config{Store: store, Verifier: &person{}}),
				makeRequest("alice", withExtension("credProtect", webauthntest.CBORInt(row.level)))).AttestedCredential.CredentialID
			a := authenticator.New(authenticator.Config{Store: store, Verifier: says(authenticator.Answer{Consented: true}), AllowUnverified: true})
			_, err := a.MakeCredential(t.Context(), makeRequest("alice", func(r *ctap2.MakeCredentialRequest) { r.Options = ctap2.Options{"rk": true} }))
			if !errors.Is(err, row.want) {
				t.Errorf("got error %v, want %v", err, row.want)
			}
			if all, _ := store.All(t.Context()); len(all) != 1 || cmp.Equal(all[0].ID, old) != (row.want != nil) {
				t.Errorf("%d are here", len(all))
			}
		})
	}
}
