package authenticator_test

import (
	"context"
	"errors"
	"path/filepath"
	"slices"
	"strconv"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/hitherauth/hither/authenticator"
	"github.com/hitherauth/hither/ctap2"
	"github.com/hitherauth/hither/webauthn"
)

// modelled is what the model knows of a credential.
type modelled struct {
	id           string
	rp, account  string
	discoverable bool
}

// store is what both stores can do.
type store interface {
	authenticator.CredentialStore
	All(ctx context.Context) ([]authenticator.Credential, error)
	Remove(ctx context.Context, id []byte) error
}

// The authenticator and its stores do what a list of five lines does, whatever is
// asked of them in whatever order.
func TestModel(t *testing.T) {
	t.Parallel()
	dir, key, n := t.TempDir(), identityKey(t), 0
	rapid.Check(t, func(r *rapid.T) {
		n++
		// A vault syncs with each change, so it is not every time's.
		var v store = &authenticator.MemoryStore{}
		path := ""
		if n%10 == 1 {
			path = filepath.Join(dir, strconv.Itoa(n))
			v = createVault(t, path, key)
		}
		p := &person{}
		a := authenticator.New(authenticator.Config{Store: v, Verifier: p})
		rps, accounts := rapid.SampledFrom([]string{"a.example", "b.example"}), rapid.SampledFrom([]string{"alice", "bob", "carol"})
		var model []modelled // the newest first
		r.Repeat(map[string]func(*rapid.T){
			"make": func(r *rapid.T) {
				m := modelled{rp: rps.Draw(r, "rp"), account: accounts.Draw(r, "account"), discoverable: rapid.Bool().Draw(r, "rk")}
				request := makeRequest(m.account, func(q *ctap2.MakeCredentialRequest) {
					q.RP.ID, q.Options["rk"] = m.rp, m.discoverable
				})
				excluded := false
				if len(model) > 0 && rapid.Bool().Draw(r, "exclude") {
					other := rapid.SampledFrom(model).Draw(r, "excluded")
					request.ExcludeList = []webauthn.CredentialDescriptor{descriptor([]byte(other.id))}
					excluded = other.rp == m.rp
				}
				made, err := a.MakeCredential(t.Context(), request)
				if excluded {
					if !errors.Is(err, ctap2.StatusCredentialExcluded) {
						r.Fatalf("an excluded one: %v", err)
					}
					return
				}
				if err != nil {
					r.Fatal(err)
				}
				data, err := webauthn.ParseAuthenticatorData(made.AuthenticatorData)
				if err != nil {
					r.Fatal(err)
				}
				m.id = string(data.AttestedCredential.CredentialID)
				model = slices.DeleteFunc(model, func(old modelled) bool {
					return m.discoverable && old.discoverable && old.rp == m.rp && old.account == m.account
				})
				model = slices.Insert(model, 0, m)
			},
			"assert": func(r *rapid.T) {
				rp := rps.Draw(r, "rp")
				request := getRequest(func(q *ctap2.GetAssertionRequest) { q.RPID = rp })
				var fits []string
				var allowed []modelled
				if len(model) > 0 && rapid.Bool().Draw(r, "list") {
					allowed = rapid.SliceOfN(rapid.SampledFrom(model), 1, 3).Draw(r, "allowed")
				}
				for _, m := range allowed {
					request.AllowList = append(request.AllowList, descriptor([]byte(m.id)))
				}
				for _, m := range model {
					if m.rp == rp && (allowed == nil && m.discoverable || slices.Contains(allowed, m)) {
						fits = append(fits, m.id)
					}
				}
				got, err := a.GetAssertion(t.Context(), request)
				if len(fits) == 0 {
					if !errors.Is(err, ctap2.StatusNoCredentials) {
						r.Fatalf("nothing fits: %v", err)
					}
					return
				}
				if err != nil || string(got.Credential.ID) != fits[0] || got.UserSelected != (allowed == nil) {
					r.Fatalf("got %v, %v, want the newest of %d", got.Credential, err, len(fits))
				}
			},
			"remove": func(r *rapid.T) {
				if len(model) == 0 {
					r.Skip("nothing to remove")
				}
				i := rapid.IntRange(0, len(model)-1).Draw(r, "which")
				if err := v.Remove(t.Context(), []byte(model[i].id)); err != nil {
					r.Fatal(err)
				}
				model = slices.Delete(model, i, i+1)
			},
			"": func(r *rapid.T) {
				again := v
				if path != "" {
					again = openVault(t, path, key)
				}
				all, err := again.All(t.Context())
				if err != nil {
					r.Fatal(err)
				}
				var got []modelled
				for _, c := range all {
					got = append(got, modelled{id: string(c.ID), rp: c.RP.ID, account: string(c.User.ID), discoverable: c.Discoverable})
				}
				if diff := cmp.Diff(got, model, cmp.AllowUnexported(modelled{}), cmpopts.EquateEmpty()); diff != "" {
					r.Fatalf("(-got +want)\n%s", diff)
				}
			},
		})
	})
}
