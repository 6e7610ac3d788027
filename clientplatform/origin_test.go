package clientplatform_test

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/hitherauth/hither/clientplatform"
	"github.com/hitherauth/hither/webauthn"
	"github.com/hitherauth/hither/webauthn/webauthntest"
)

// An origin is a place where a browser would have ceremonies, as a browser writes it.
func TestHostileOrigins(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name, origin string
		ok           bool
	}{
		{"https", "https://id.example.test", true},
		{"port", "https://id.example.test:8443", true},
		{"single_label", "https://intranet", true},
		{"public_suffix", "https://github.io", true},
		{"a_label", "https://xn--bcher-kva.example", true},
		{"hyphens", "https://r3---sn-x.example", true},
		{"localhost", "http://localhost:8080", true},
		{"https_localhost", "https://localhost", true},
		{"below_localhost", "http://app.localhost", true},
		{"digits_in_the_name", "https://4me.example", true},
		{"empty", "", false},
		{"null", "null", false},
		{"no_scheme", "id.example.test", false},
		{"no_host", "https://", false},
		{"http", "http://id.example.test", false},
		{"http_looks_like_localhost", "http://localhost.example", false},
		{"http_not_quite_localhost", "http://notlocalhost", false},
		{"ftp", "ftp://id.example.test", false},
		{"wss", "wss://id.example.test", false},
		{"file", "file:///id.example.test", false},
		{"app", "android:apk-key-hash:AAAA", false},
		{"path", "https://id.example.test/", false},
		{"query", "https://id.example.test?x", false},
		{"fragment", "https://id.example.test#x", false},
		{"user", "https://id.example.test@evil.example", false},
		{"user_and_password", "https://user:secret@id.example.test", false},
		{"upper_case", "https://ID.example.test", false},
		{"upper_case_scheme", "HTTPS://id.example.test", false},
		{"default_port", "https://id.example.test:443", false},
		{"default_port_of_http", "http://localhost:80", false},
		{"port_zero", "https://id.example.test:0", false},
		{"leading_zero", "https://id.example.test:08443", false},
		{"port_of_17_bits", "https://id.example.test:65536", false},
		{"empty_port", "https://id.example.test:", false},
		{"trailing_dot", "https://id.example.test.", false},
		{"empty_label", "https://id..test", false},
		{"leading_dot", "https://.example.test", false},
		{"u_label", "https://bücher.example", false},
		{"full_width", "https://ｉd.example.test", false},
		{"full_width_dot", "https://id。example.test", false},
		{"soft_hyphen", "https://i\u00add.example.test", false},
		{"bad_a_label", "https://xn--a.example", false},
		{"a_label_of_ascii", "https://xn--example-.test", false},
		{"underscore", "https://id_x.example.test", false},
		{"space", "https://id .example.test", false},
		{"percent", "https://id%2eexample.test", false},
		{"backslash", "https://id.example.test\\.evil.example", false},
		{"label_of_64", "https://aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.example", false},
		{"ipv4", "https://127.0.0.1", false},
		{"ipv4_short", "https://127.1", false},
		{"ipv4_hex", "https://0x7f.0x0.0x0.0x1", false},
		{"ipv4_hex_upper_case", "https://0X7F.1", false},
		{"ipv4_hex_last", "https://127.0.0.0x1", false},
		{"ipv4_nothing_in_hex", "https://127.0.0.0x", false},
		{"ipv4_trailing_dot", "https://127.0.0.1.", false},
		{"number_last", "https://id.example.09", false},
		{"ipv4_one_number", "https://2130706433", false},
		{"ipv4_full_width", "https://１２７.0.0.１", false},
		{"ipv4_http", "http://127.0.0.1", false},
		{"ipv6", "https://[::1]", false},
		{"ipv6_http", "http://[::1]:8080", false},
		{"ipv6_zone", "https://[fe80::1%25eth0]", false},
		{"line_break", "https://id.example.test\n", false},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			got, err := clientplatform.New(clientplatform.Config{Origin: row.origin})
			if (err == nil) != row.ok || (got != nil) != row.ok {
				t.Fatalf("%s: got %v", row.origin, err)
			}
			if strings.HasPrefix(row.name, "ip") && !strings.Contains(fmt.Sprint(err), "IP address") && strings.HasPrefix(row.origin, "https") && !strings.HasSuffix(row.origin, ".") {
				t.Errorf("error %q does not say that it is an address", err)
			}
			if !row.ok {
				failed(t, clientplatform.Registration{}, err, clientplatform.SecurityError, nil)
				if strings.Contains(err.Error(), "secret") {
					t.Errorf("error %q has the password in it", err)
				}
			}
		})
	}
}

// Which RP IDs an origin may use. In both verbs the authenticator hears of the
// right ones alone.
func TestHostileRPIDs(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name, origin, id string
		want             string // "": refused
	}{
		{"the_host", "https://id.example.test", "id.example.test", "id.example.test"},
		{"none", "https://id.example.test", "", "id.example.test"},
		{"none_with_a_port", "https://id.example.test:8443", "", "id.example.test"},
		{"a_suffix", "https://id.example.test", "example.test", "example.test"},
		{"a_suffix_far_up", "https://a.b.c.example.co.uk", "example.co.uk", "example.co.uk"},
		{"below", "https://example.test", "id.example.test", ""},
		{"beside", "https://id.example.test", "www.example.test", ""},
		{"another", "https://id.example.test", "evil.example", ""},
		{"no_label_boundary", "https://notexample.test", "example.test", ""},
		{"prefix", "https://example.test.evil.example", "example.test", ""},
		{"top_level", "https://id.example.com", "com", ""},
		{"two_level_suffix", "https://id.example.co.uk", "co.uk", ""},
		{"upper_level_of_a_suffix", "https://id.example.co.uk", "uk", ""},
		{"private_suffix", "https://alice.github.io", "github.io", ""},
		{"own_name_below_a_private_suffix", "https://www.alice.github.io", "alice.github.io", "alice.github.io"},
		{"a_private_suffix_by_itself", "https://github.io", "github.io", "github.io"},
		{"above_a_private_suffix", "https://alice.github.io", "io", ""},
		{"wildcard_suffix", "https://a.b.kawasaki.jp", "b.kawasaki.jp", ""},
		{"above_a_wildcard_suffix", "https://a.b.kawasaki.jp", "kawasaki.jp", ""},
		{"above_an_exception_of_a_wildcard", "https://www.city.kawasaki.jp", "kawasaki.jp", ""},
		{"above_the_exception_itself", "https://city.kawasaki.jp", "kawasaki.jp", ""},
		{"exception_of_a_wildcard", "https://www.city.kawasaki.jp", "city.kawasaki.jp", "city.kawasaki.jp"},
		{"unknown_top_level", "https://id.corp.internal", "internal", ""},
		{"below_an_unknown_top_level", "https://id.corp.internal", "corp.internal", "corp.internal"},
		{"single_label", "https://intranet", "intranet", "intranet"},
		{"localhost", "http://localhost:8080", "localhost", "localhost"},
		{"below_localhost", "http://app.localhost", "app.localhost", "app.localhost"},
		{"localhost_for_what_is_below", "http://app.localhost", "localhost", ""},
		{"upper_case", "https://id.example.test", "ID.example.test", ""},
		{"upper_case_suffix", "https://id.example.test", "Example.test", ""},
		{"trailing_dot", "https://id.example.test", "example.test.", ""},
		{"trailing_dot_of_the_host", "https://id.example.test", "id.example.test.", ""},
		{"leading_dot", "https://id.example.test", ".example.test", ""},
		{"dot", "https://id.example.test", ".", ""},
		{"the_origin", "https://id.example.test", "https://id.example.test", ""},
		{"host_and_port", "https://id.example.test:8443", "id.example.test:8443", ""},
		{"u_label", "https://xn--bcher-kva.example", "bücher.example", ""},
		{"a_label", "https://id.xn--bcher-kva.example", "xn--bcher-kva.example", "xn--bcher-kva.example"},
		{"address", "https://id.example.test", "127.0.0.1", ""},
		{"space_behind", "https://id.example.test", "example.test ", ""},
		{"nul_behind", "https://id.example.test", "example.test\x00", ""},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			client := newClient(t, row.origin)
			p := newPhone(webauthntest.Config{})
			o := creation()
			o.RP.ID = row.id
			made, err := client.Create(t.Context(), p, o)
			q := request()
			q.RPID = row.id
			signed, errGet := client.Get(t.Context(), p, q)
			if row.want == "" {
				failed(t, made, err, clientplatform.SecurityError, nil)
				failed(t, signed, errGet, clientplatform.SecurityError, nil)
				if len(p.creations)+len(p.assertions) > 0 {
					t.Error("the authenticator heard of it")
				}
				return
			}
			if err != nil || errGet != nil {
				t.Fatal(err, errGet)
			}
			if p.creations[0].RP.ID != row.want || p.assertions[0].RPID != row.want {
				t.Errorf("got RP IDs %q and %q", p.creations[0].RP.ID, p.assertions[0].RPID)
			}
			response, err := webauthn.ParseAuthenticationResponse(signed.JSON)
			if err != nil {
				t.Fatal(err)
			}
			if response.ClientData.Origin != row.origin || response.AuthenticatorData.RPIDHash != sha256.Sum256([]byte(row.want)) {
				t.Errorf("got origin %q, RP ID hash %x", response.ClientData.Origin, response.AuthenticatorData.RPIDHash)
			}
		})
	}
}

// RPID says beforehand what a ceremony would do.
func TestRPID(t *testing.T) {
	t.Parallel()
	c, err := clientplatform.New(clientplatform.Config{Origin: "https://id.example.test"})
	if err != nil {
		t.Fatal(err)
	}
	for id, want := range map[string]string{"": "id.example.test", "id.example.test": "id.example.test", "example.test": "example.test"} {
		if got, err := c.RPID(id); err != nil || got != want {
			t.Errorf("%q: %q, %v", id, got, err)
		}
	}
	for _, id := range []string{"test", "other.test", "ID.example.test", "d.example.test"} {
		var refused *clientplatform.Error
		if got, err := c.RPID(id); got != "" || !errors.As(err, &refused) || refused.Name != clientplatform.SecurityError {
			t.Errorf("%q: %q, %v", id, got, err)
		}
	}
}
