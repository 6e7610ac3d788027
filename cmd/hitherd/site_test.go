package main

import (
	"strings"
	"testing"

	"github.com/hitherauth/hither/relyingparty"
)

// parseSite judges a public URL and an RP ID as start-up does.
func parseSite(t *testing.T, publicURL, rpID string) (site, error) {
	t.Helper()
	keyring, err := relyingparty.NewKeyring()
	if err != nil {
		t.Fatal(err)
	}
	c := config{PublicURL: publicURL, RPID: rpID, Listen: "127.0.0.1:8080", Name: "Hither"}
	s, err := c.site(8080)
	if err != nil {
		return s, err
	}
	_, err = c.relyingParty(s, keyring, nil)
	return s, err
}

func TestParseSite(t *testing.T) {
	t.Parallel()
	for _, row := range []struct{ publicURL, rpID, origin, wantRPID string }{
		{"https://id.example", "", "https://id.example", "id.example"},
		{"https://id.example/", "", "https://id.example", "id.example"},
		{"https://ID.Example:443", "", "https://id.example", "id.example"},
		{"https://id.example:8443", "", "https://id.example:8443", "id.example"},
		{"https://login.id.example", "id.example", "https://login.id.example", "id.example"},
		{"https://a.b.co.uk", "b.co.uk", "https://a.b.co.uk", "b.co.uk"},
		{"", "", "http://localhost:8080", "localhost"},
		{"https://me.github.io", "", "https://me.github.io", "me.github.io"},
		{"https://xn--bcher-kva.example", "", "https://xn--bcher-kva.example", "xn--bcher-kva.example"},
		{"http://localhost", "", "http://localhost", "localhost"},
		{"http://localhost:80", "", "http://localhost", "localhost"},
		{"http://localhost:8080", "localhost", "http://localhost:8080", "localhost"},
		{"https://localhost:8443", "", "https://localhost:8443", "localhost"},
	} {
		s, err := parseSite(t, row.publicURL, row.rpID)
		if err != nil {
			t.Errorf("%s, %q: %v", row.publicURL, row.rpID, err)
			continue
		}
		if s.origin != row.origin || s.rpID != row.wantRPID {
			t.Errorf("%s, %q: got %s, %s; want %s, %s", row.publicURL, row.rpID, s.origin, s.rpID, row.origin, row.wantRPID)
		}
	}
}

func TestHostileSite(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct{ publicURL, rpID, want string }{
		"plain_http":              {"http://id.example", "", "plain http works"},
		"plain_http_below_local":  {"http://id.localhost", "", "plain http works"},
		"other_scheme":            {"ftp://id.example", "", "no scheme or no host"},
		"no_scheme":               {"id.example", "", "no scheme or no host"},
		"no_host":                 {"https://", "", "no scheme or no host"},
		"path":                    {"https://id.example/auth", "", "without a path"},
		"query":                   {"https://id.example?a", "", "without a path"},
		"fragment":                {"https://id.example#a", "", "without a path"},
		"ipv4":                    {"https://192.0.2.1", "", "address"},
		"loopback":                {"http://127.0.0.1:8080", "", "IP address"},
		"ipv6":                    {"https://[2001:db8::1]", "", "address"},
		"port_0":                  {"https://id.example:0", "", "port"},
		"large_port":              {"https://id.example:65536", "", "port"},
		"trailing_dot":            {"https://id.example.", "", "empty label"},
		"empty_label":             {"https://id..example", "", "empty label"},
		"leading_hyphen":          {"https://-id.example", "", "hyphen"},
		"underscore":              {"https://my_id.example", "", "character"},
		"not_ascii":               {"https://bücher.example", "", "character"},
		"long_label":              {"https://" + strings.Repeat("a", 64) + ".example", "", "63"},
		"long_name":               {"https://" + strings.Repeat("a.", 130) + "example", "", "253"},
		"public_suffix_host":      {"https://co.uk", "", "public suffix"},
		"private_suffix_host":     {"https://github.io", "", "public suffix"},
		"rp_id_ipv4":              {"https://id.example", "192.0.2.1", "address"},
		"rp_id_ipv6":              {"https://id.example", "::1", "address"},
		"rp_id_public_suffix":     {"https://id.co.uk", "co.uk", "public suffix"},
		"rp_id_top_level":         {"https://id.example.com", "com", "single label"},
		"rp_id_unlisted_top":      {"https://id.corp", "corp", "single label"},
		"rp_id_child":             {"https://id.example", "a.id.example", "neither its host"},
		"rp_id_stranger":          {"https://id.example", "evil.test", "neither its host"},
		"rp_id_look_alike":        {"https://evilid.example", "id.example", "neither its host"},
		"rp_id_localhost":         {"https://id.example", "localhost", "neither its host"},
		"rp_id_empty_label":       {"https://id.example", ".example", "empty label"},
		"rp_id_leading_hyphen":    {"https://id.example", "-id.example", "hyphen"},
		"rp_id_capitals":          {"https://id.example", "ID.example", "upper case"},
		"rp_id_is_a_url":          {"https://id.example", "https://id.example", "character"},
		"rp_id_other_when_locals": {"http://localhost:8080", "example", "single label"},
	} {
		t.Run("REG-06_"+name, func(t *testing.T) {
			t.Parallel()
			s, err := parseSite(t, row.publicURL, row.rpID)
			if err == nil {
				t.Fatalf("accepted as %s with RP ID %s", s.origin, s.rpID)
			}
			if !strings.Contains(err.Error(), row.want) || strings.Contains(err.Error(), "\n") {
				t.Errorf("got %q, want one line with %q", err, row.want)
			}
		})
	}
}

func TestParseSiteKeepsPassword(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"https://me:hunter2@id.example", "https://me:hunter2@id.exa mple", "https://me:hunter2@[::1"} {
		if _, err := parseSite(t, text, ""); err == nil || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("got %v, want a refusal without the password", err)
		}
	}
}

// FuzzParsePublicURL checks that an accepted address is written as an origin
// which is accepted unchanged.
func FuzzParsePublicURL(f *testing.F) {
	for _, seed := range []string{"https://id.example", "HTTPS://ID.example:443/", "http://localhost:8080", "https://a:443:443", "https://[::1]:443", "https://me:p@id.example"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		u, err := parsePublicURL(text)
		if err != nil {
			if u != nil {
				t.Fatalf("%q: a value with the error %v", text, err)
			}
			return
		}
		origin := u.Scheme + "://" + u.Host
		again, err := parsePublicURL(origin)
		if err != nil || again.Scheme+"://"+again.Host != origin {
			t.Fatalf("%q became %q, and that %v, %v", text, origin, again, err)
		}
	})
}
