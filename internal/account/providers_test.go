package account_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hitherauth/hither/internal/account"
	"github.com/hitherauth/hither/webauthn"
)

const bitwarden = "d548826e-79b4-db40-a3d8-11116f7e8349"

func aaguid(t *testing.T, text string) webauthn.AAGUID {
	t.Helper()
	a, err := webauthn.ParseAAGUID(text)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func TestParseProviders(t *testing.T) {
	t.Parallel()
	got, err := account.ParseProviders([]byte(`{"` + strings.ToUpper(bitwarden) + `": " Our  vault "}`))
	wantError(t, err, nil)
	wantSame(t, got.Name(aaguid(t, bitwarden)), "Our vault")
	wantSame(t, got.Name(webauthn.AAGUID{}), "")

	none, err := account.ParseProviders([]byte(`{}`))
	wantError(t, err, nil)
	wantSame(t, len(none), 0)

	for name, row := range map[string]struct{ text, want string }{
		"empty":           {``, "a JSON object"},
		"null":            {`null`, "not null"},
		"list":            {`[]`, "a JSON object"},
		"trailing":        {`{} {}`, "a JSON object"},
		"cut_short":       {`{"` + bitwarden + `": "x`, "a JSON object"},
		"no_aaguid":       {`{"bitwarden": "Bitwarden"}`, `look at "bitwarden"`},
		"name_no_text":    {`{"` + bitwarden + `": 1}`, bitwarden},
		"name_null":       {`{"` + bitwarden + `": null}`, bitwarden},
		"twice":           {`{"` + bitwarden + `": "a", "` + bitwarden + `": "b"}`, bitwarden},
		"twice_by_case":   {`{"` + bitwarden + `": "a", "` + strings.ToUpper(bitwarden) + `": "b"}`, strings.ToUpper(bitwarden)},
		"zeros":           {`{"00000000-0000-0000-0000-000000000000": "x"}`, "all zeros"},
		"name_empty":      {`{"` + bitwarden + `": ""}`, "at least one character"},
		"name_turns_text": {`{"` + bitwarden + `": "a\u202eb"}`, "invisible"},
		"name_too_long":   {`{"` + bitwarden + `": "` + strings.Repeat("a", 49) + `"}`, "49 characters, more than 48"},
		"too_large":       {`{}` + strings.Repeat(" ", account.MaxProvidersSize), "at most 65536 bytes"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p, err := account.ParseProviders([]byte(row.text))
			if err == nil || p != nil || !strings.Contains(err.Error(), row.want) || strings.Contains(err.Error(), "\n") {
				t.Errorf("got %v and error %v, want nothing and %q in one line", p, err, row.want)
			}
		})
	}
}

func TestKnownProviders(t *testing.T) {
	t.Parallel()
	p, err := account.KnownProviders()
	wantError(t, err, nil)
	for id, want := range map[string]string{
		"fbfc3007-154e-4ecc-8c0b-6e020557d7bd": "iCloud Keychain",
		"ea9b8d66-4d01-1d21-3ce4-b6b48cb575d4": "Google Password Manager",
		"08987058-cadc-4b81-b6e1-30de50dcbe96": "Windows Hello",
		bitwarden:                              "Bitwarden",
		"ffffffff-0000-0000-0000-000000000000": "",
	} {
		wantSame(t, p.Name(aaguid(t, id)), want)
	}
}

// TestProviderNames is about credentials: a listed provider names them, whatever else the client told.
func TestProviderNames(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	known, err := account.KnownProviders()
	wantError(t, err, nil)
	h.Accounts = account.New(account.Config{Store: h.store, Now: h.clock, Providers: known})
	r := h.registering("ada")
	r.Credential.AAGUID = aaguid(t, bitwarden)
	g := h.registered(r)
	wantSame(t, g.credential.Name, "Bitwarden")
	for _, row := range []struct{ id, name, provider string }{
		{bitwarden, "Bitwarden 2", "Bitwarden"},
		{"00000000-0000-0000-0000-000000000000", "Phone or tablet", ""},
		{"ffffffff-0000-0000-0000-000000000000", "Phone or tablet 2", ""},
	} {
		c, err := h.AddCredential(t.Context(), g.opened.Session, h.spend(), account.Credential{
			ID: random(20), PublicKey: random(77), AAGUID: aaguid(t, row.id),
			Attachment: "cross-platform", Transports: []webauthn.Transport{webauthn.TransportHybrid},
		}, h.client())
		wantError(t, err, nil)
		wantSame(t, c.Name, row.name)
		wantSame(t, h.Provider(c), row.provider)
	}
}

func FuzzParseProviders(f *testing.F) {
	for _, s := range []string{`{}`, `null`, `{"` + bitwarden + `": "Bitwarden"}`, `{"` + bitwarden + `": "\ud800"}`, `{"a": {}}`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		p, err := account.ParseProviders(text)
		if err != nil {
			if p != nil {
				t.Errorf("got %v with an error", p)
			}
			return
		}
		again, err := json.Marshal(p)
		if err != nil {
			t.Fatal(err)
		}
		q, err := account.ParseProviders(again)
		if err != nil {
			t.Fatalf("%s: %v", again, err)
		}
		if diff := cmp.Diff(p, q); diff != "" {
			t.Errorf("read again (-first +second):\n%s", diff)
		}
	})
}
