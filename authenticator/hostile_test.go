package authenticator_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/hitherauth/hither/authenticator"
	"github.com/hitherauth/hither/ctap2"
	"github.com/hitherauth/hither/webauthn"
	"github.com/hitherauth/hither/webauthn/webauthntest"
)

// What arrives as bytes, through ctap2.Handle: an answer with a status code, nobody
// is asked, nothing is kept, and the next request is answered.
func TestHostileMessages(t *testing.T) {
	t.Parallel()
	encode := func(r interface{ Append([]byte) ([]byte, error) }, command byte) []byte {
		b, err := r.Append([]byte{command})
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	valid := encode(makeRequest("alice"), 1)
	descriptors := make([]webauthntest.CBOR, 10_000)
	for n := range descriptors {
		descriptors[n] = webauthntest.CBORMap(
			webauthntest.CBORText("id"), webauthntest.CBORBytes(bytes.Repeat([]byte{byte(n)}, 32)),
			webauthntest.CBORText("type"), webauthntest.CBORText("public-key"))
	}
	// member replaces one member of the map, or takes it away.
	member := func(key int64, value webauthntest.CBOR) []byte {
		var o webauthntest.CBORObject
		for _, pair := range []struct {
			key   int64
			value webauthntest.CBOR
		}{
			{1, webauthntest.CBORBytes(make([]byte, 32))},
			{2, webauthntest.CBORMap(webauthntest.CBORText("id"), webauthntest.CBORText(rpID))},
			{3, webauthntest.CBORMap(webauthntest.CBORText("id"), webauthntest.CBORBytes([]byte("alice")))},
			{4, webauthntest.CBORArray(webauthntest.CBORMap(
				webauthntest.CBORText("alg"), webauthntest.CBORInt(-7), webauthntest.CBORText("type"), webauthntest.CBORText("public-key")))},
			{5, nil},
		} {
			if pair.key == key {
				pair.value = value
			}
			if pair.value != nil {
				o.Add(webauthntest.CBORInt(pair.key), pair.value)
			}
		}
		return append([]byte{1}, o.Encode()...)
	}
	for _, row := range []struct {
		name    string
		message []byte
	}{
		{"HYB-12_nothing", nil},
		{"HYB-12_command_alone", []byte{1}},
		{"HYB-12_unknown_command", []byte{0x99}},
		{"HYB-12_reset", []byte{7}},
		{"HYB-12_client_pin", []byte{6, 0xa0}},
		{"HYB-12_next_assertion", []byte{8}},
		{"HYB-12_10000_excluded", member(5, webauthntest.CBORArray(descriptors...))},
		{"HYB-12_1000_excluded", member(5, webauthntest.CBORArray(descriptors[:1000]...))},
		{"HYB-12_rp_id_of_1_mib", member(2, webauthntest.CBORMap(webauthntest.CBORText("id"), webauthntest.CBORText(strings.Repeat("a", 1<<20))))},
		{"HYB-12_rp_id_of_300_kib", member(2, webauthntest.CBORMap(webauthntest.CBORText("id"), webauthntest.CBORText(strings.Repeat("a", 300<<10))))},
		{"HYB-12_bomb", append([]byte{1}, bytes.Repeat([]byte{0x81}, 10_000)...)},
		{"HYB-12_no_hash", member(1, nil)},
		{"HYB-12_no_rp", member(2, nil)},
		{"HYB-12_no_user", member(3, nil)},
		{"HYB-12_no_parameters", member(4, nil)},
		{"HYB-12_rp_without_id", member(2, webauthntest.CBORMap())},
		{"HYB-12_user_without_id", member(3, webauthntest.CBORMap())},
		{"HYB-12_byte_behind", append(bytes.Clone(valid), 0)},
		{"HYB-12_cut", valid[:len(valid)-1]},
		{"HYB-12_get_assertion_of_nothing", []byte{2, 0xa0}},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			p, store := &person{}, &authenticator.MemoryStore{}
			a := authenticator.New(authenticator.Config{Store: store, Verifier: p})
			if got := ctap2.Handle(t.Context(), a, row.message); len(got) != 1 || got[0] == 0 {
				t.Errorf("got %d bytes, the first of %x", len(got), got[:1])
			}
			all, _ := store.All(t.Context())
			if asked := p.questions(); len(asked) != 0 || len(all) != 0 {
				t.Errorf("asked %v, kept %d", asked, len(all))
			}
			if got := ctap2.Handle(t.Context(), a, valid); got[0] != 0 {
				t.Errorf("then a valid one: status %#x", got[0])
			}
		})
	}
}

// RP IDs that are no domain are refused: they are shown.
func TestHostileRPIDs(t *testing.T) {
	t.Parallel()
	for _, id := range []string{
		"Example.org", "example.org.", ".org", "a..b", "exa mple.org", "example.org\n", "example.org\x1b[2J", "ex\u0430mple.org",
		"\u202egro.elpmaxe", "https://example.org", "example.org/path", "example.org:443", "[::1]", "example.org\x00.evil", "\xff",
		strings.Repeat("a", 64) + ".org",
	} {
		a := authenticator.New(authenticator.Config{Verifier: &person{}})
		_, err := a.MakeCredential(t.Context(), makeRequest("alice", func(r *ctap2.MakeCredentialRequest) { r.RP.ID = id }))
		if !errors.Is(err, ctap2.StatusInvalidParameter) {
			t.Errorf("make %q: %v", id, err)
		}
		_, err = a.GetAssertion(t.Context(), ctap2.GetAssertionRequest{RPID: id})
		if !errors.Is(err, ctap2.StatusInvalidParameter) {
			t.Errorf("get %q: %v", id, err)
		}
	}
	long := strings.Repeat("a.", 127) + "a" // 255 bytes
	a := authenticator.New(authenticator.Config{Verifier: &person{}})
	_, err := a.GetAssertion(t.Context(), ctap2.GetAssertionRequest{RPID: long})
	wantStatus(t, err, ctap2.StatusInvalidLength)
	_, err = a.MakeCredential(t.Context(), makeRequest("alice", func(r *ctap2.MakeCredentialRequest) { r.RP.ID = long }))
	wantStatus(t, err, ctap2.StatusInvalidLength)
}

// Names may hold anything; what is shown and kept is UTF-8 of bounded length.
func TestHostileNames(t *testing.T) {
	t.Parallel()
	for what, name := range map[string]string{
		"empty": "", "long": strings.Repeat("x", 1<<20), "long_in_four_bytes": strings.Repeat("\U0001f511", 1000),
		"long_in_three_bytes": "ab" + strings.Repeat("\u20ac", 1000), "not_utf8": "a\xff\xfeb", "long_not_utf8": strings.Repeat("\xff", 1000),
		"escape": "\x1b]0;owned\x07\x1b[2J", "right_to_left": "\u202etxt.exe", "nul": "a\x00b", "lines": "alice\nverified: yes",
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			p, store := &person{}, &authenticator.MemoryStore{}
			a := authenticator.New(authenticator.Config{Store: store, Verifier: p})
			mustMake(t, a, makeRequest("alice", func(r *ctap2.MakeCredentialRequest) {
				r.RP.Name, r.User.Name, r.User.DisplayName = name, name, name
			}))
			if _, err := a.GetAssertion(t.Context(), getRequest()); err != nil {
				t.Error(err)
			}
			for _, q := range p.questions() {
				for _, shown := range []string{q.RelyingParty.Name, q.Accounts[0].Name, q.Accounts[0].DisplayName} {
					if len(shown) > authenticator.MaxNameLength || !utf8.ValidString(shown) {
						t.Errorf("%d bytes were shown, UTF-8 %v", len(shown), utf8.ValidString(shown))
					}
					if len(name) > 1000 && len(shown) < authenticator.MaxNameLength-3 {
						t.Errorf("only %d bytes are left", len(shown))
					}
				}
			}
		})
	}
}

// A person who keeps what was shown, or a caller that keeps what was given, changes
// nothing that is kept.
func TestHostileAliasing(t *testing.T) {
	t.Parallel()
	p, store := &person{}, &authenticator.MemoryStore{}
	a := authenticator.New(authenticator.Config{Store: store, Verifier: p})
	r := makeRequest("alice")
	mustMake(t, a, r)
	spoil := func(b webauthn.Bytes) { clear(b) }
	spoil(r.User.ID)
	for range 2 {
		got, err := a.GetAssertion(t.Context(), getRequest())
		if err != nil || string(got.User.ID) != "alice" {
			t.Fatalf("got %v, %v", got.User, err)
		}
		spoil(got.User.ID)
		spoil(got.Credential.ID)
		for _, q := range p.questions() {
			spoil(q.Accounts[0].ID)
		}
		all, _ := store.All(t.Context())
		spoil(all[0].ID)
	}
}
