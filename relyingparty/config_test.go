package relyingparty_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/hitherauth/hither/relyingparty"
	"github.com/hitherauth/hither/webauthn"
)

func TestHostileConfig(t *testing.T) {
	t.Parallel()
	at := func(id string, origins ...string) func(*relyingparty.Config) {
		return func(c *relyingparty.Config) { c.ID, c.Origins = id, origins }
	}
	related := func(origins ...string) func(*relyingparty.Config) {
		return func(c *relyingparty.Config) { c.RelatedOrigins = origins }
	}
	attestation := func(p relyingparty.AttestationPolicy) func(*relyingparty.Config) {
		return func(c *relyingparty.Config) { c.Attestation = p }
	}
	aaguids := []webauthn.AAGUID{{1}}
	for _, row := range []struct {
		name string
		edit func(*relyingparty.Config)
		want string // part of the error; "" means accepted
	}{
		{"valid", nil, ""},
		{"origin_below_the_rp_id", at("example.test", "https://id.example.test", "https://example.test:8443"), ""},
		{"localhost_http", at("localhost", "http://localhost:8080"), ""},
		{"localhost_http_no_port", at("localhost", "http://localhost"), ""},
		{"localhost_https", at("localhost", "https://localhost"), ""},
		{"private_domain_below_a_suffix", at("me.github.io", "https://me.github.io"), ""},
		{"internationalised", at("xn--bcher-kva.example", "https://xn--bcher-kva.example"), ""},
		{"no_rp_id", at("", testOrigin), "RP ID is required"},
		{"REG-06_ipv4", at("192.0.2.1", "https://192.0.2.1"), "IP address"},
		{"REG-06_ipv6", at("2001:db8::1", "https://[2001:db8::1]"), "IP address"},
		{"REG-06_ipv6_brackets", at("[::1]", "https://[::1]"), "IP address"},
		{"REG-06_number", at("a.0x7f", "https://a.0x7f"), "number"},
		{"REG-06_localhost_elsewhere", at("localhost", "https://id.example.test"), "neither its host nor a suffix"},
		{"REG-06_below_localhost", at("localhost", "https://a.localhost"), "neither its host nor a suffix"},
		{"REG-06_empty_label", at("id..example.test", "https://id..example.test"), "empty label"},
		{"REG-06_leading_dot", at(".example.test", testOrigin), "empty label"},
		{"REG-06_trailing_dot", at("id.example.test.", testOrigin), "empty label"},
		{"REG-06_leading_hyphen", at("-id.example.test", testOrigin), "hyphen"},
		{"REG-06_trailing_hyphen", at("id-.example.test", testOrigin), "hyphen"},
		{"REG-06_long_label", at(strings.Repeat("a", 64)+".test", testOrigin), "63"},
		{"REG-06_long", at(strings.Repeat("a.", 130)+"test", testOrigin), "253"},
		{"REG-06_public_suffix", at("co.uk", "https://shop.co.uk"), "public suffix"},
		{"REG-06_public_suffix_seen_from_below", at("kawasaki.jp", "https://city.kawasaki.jp"), "public suffix"},
		{"REG-06_above_a_wildcard_suffix", at("compute.estate", "https://me.shop.compute.estate"), "public suffix"},
		{"REG-06_private_public_suffix", at("github.io", "https://me.github.io"), "public suffix"},
		{"REG-06_top_level", at("test", "https://id.test"), "single label"},
		{"REG-06_not_a_suffix", at("example.com", testOrigin), "neither its host nor a suffix"},
		{"REG-06_suffix_of_letters", at("ample.test", testOrigin), "neither its host nor a suffix"},
		{"REG-06_below_the_host", at("a.id.example.test", testOrigin), "neither its host nor a suffix"},
		{"rp_id_upper_case", at("ID.example.test", testOrigin), "upper case"},
		{"rp_id_unicode", at("bücher.example", testOrigin), "xn--"},
		{"rp_id_url", at("https://id.example.test", testOrigin), "character"},
		{"rp_id_port", at("id.example.test:443", testOrigin), "character"},
		{"rp_id_underscore", at("a_b.example.test", testOrigin), "character"},
		{"no_origin", at(testID), "at least one origin"},
		{"origin_http", at(testID, "http://id.example.test"), "https"},
		{"origin_http_127", at("localhost", "http://127.0.0.1:8080"), "localhost only"},
		{"origin_scheme", at(testID, "ftp://id.example.test"), "https origin"},
		{"origin_slash", at(testID, testOrigin+"/"), "scheme, host and port alone"},
		{"origin_path", at(testID, testOrigin+"/login"), "scheme, host and port alone"},
		{"origin_query", at(testID, testOrigin+"?"), "scheme, host and port alone"},
		{"origin_fragment", at(testID, testOrigin+"#"), "scheme, host and port alone"},
		{"origin_user", at(testID, "https://a@id.example.test"), "scheme, host and port alone"},
		{"origin_upper_case", at(testID, "https://ID.example.test"), "upper case"},
		{"origin_upper_case_scheme", at(testID, "HTTPS://id.example.test"), "scheme, host and port alone"},
		{"origin_default_port", at(testID, testOrigin+":443"), "default port"},
		{"origin_http_default_port", at("localhost", "http://localhost:80"), "default port"},
		{"origin_port_zero", at(testID, testOrigin+":0"), "port"},
		{"origin_port_leading_zero", at(testID, testOrigin+":0443"), "port"},
		{"origin_port_too_big", at(testID, testOrigin+":65536"), "port"},
		{"origin_port_empty", at(testID, testOrigin+":"), "scheme, host and port alone"},
		{"origin_bare", at(testID, testID), "https origin"},
		{"origin_garbage", at(testID, "https://%zz"), "not an origin"},
		{"origin_twice", at(testID, testOrigin, testOrigin), "twice"},
		{"related_elsewhere", related("https://shop.example", "https://shop.example:8443", "https://me.github.io"), ""},
		{"related_below_the_rp_id", related("https://a." + testID), ""},
		{"related_localhost_to_localhost", func(c *relyingparty.Config) {
			c.ID, c.Origins, c.RelatedOrigins = "localhost", []string{"http://localhost:8080"}, []string{"http://localhost:8081", "https://localhost"}
		}, ""},
		{"related_localhost_elsewhere", related("http://localhost:8081"), "RP ID localhost alone"},
		{"related_below_localhost", related("https://a.localhost"), "RP ID localhost alone"},
		{"related_http", related("http://shop.example"), "https"},
		{"related_null", related("null"), "https origin"},
		{"related_empty", related(""), "https origin"},
		{"related_any", related("*"), "https origin"},
		{"related_wildcard", related("https://*.shop.example"), "character"},
		{"related_slash", related("https://shop.example/"), "scheme, host and port alone"},
		{"related_upper_case", related("https://Shop.example"), "upper case"},
		{"related_default_port", related("https://shop.example:443"), "default port"},
		{"related_user", related("https://a@shop.example"), "scheme, host and port alone"},
		{"related_ipv4", related("https://192.0.2.1"), "IP address"},
		{"related_public_suffix", related("https://github.io"), "public suffix"},
		{"related_single_label", related("https://intranet"), "single label"},
		{"related_twice", related("https://shop.example", "https://shop.example"), "twice"},
		{"related_is_the_origin", related(testOrigin), "origins already"},
		{"second_origin_elsewhere", at(testID, testOrigin, "https://id.example.com"), "neither its host nor a suffix"},
		{"top_origin", func(c *relyingparty.Config) { c.TopOrigins = []string{"https://shop.example/"} }, "top origin"},
		{"top_origin_twice", func(c *relyingparty.Config) { c.TopOrigins = []string{"https://a.test", "https://a.test"} }, "twice"},
		{"no_keyring", func(c *relyingparty.Config) { c.Keyring = nil }, "keyring"},
		{"empty_keyring", func(c *relyingparty.Config) { c.Keyring = new(relyingparty.Keyring) }, "keyring"},
		{"timeout_least", func(c *relyingparty.Config) { c.Timeout = time.Minute }, ""},
		{"timeout_most", func(c *relyingparty.Config) { c.Timeout = 10 * time.Minute }, ""},
		{"timeout_short", func(c *relyingparty.Config) { c.Timeout = time.Minute - 1 }, "timeout"},
		{"timeout_long", func(c *relyingparty.Config) { c.Timeout = 10*time.Minute + 1 }, "timeout"},
		{"timeout_negative", func(c *relyingparty.Config) { c.Timeout = -time.Minute }, "timeout"},
		{"timeout_not_whole", func(c *relyingparty.Config) { c.Timeout = time.Minute + time.Microsecond }, "timeout"},
		{"user_verification", func(c *relyingparty.Config) { c.UserVerification = "Required" }, "user verification"},
		{"algorithm_unknown", func(c *relyingparty.Config) { c.Algorithms = []webauthn.Algorithm{-47} }, "not supported"},
		{"algorithm_twice", func(c *relyingparty.Config) { c.Algorithms = []webauthn.Algorithm{-7, -7} }, "twice"},
		{"policy_unknown", attestation(relyingparty.AttestationPolicy{Statement: "sometimes"}), "none of ignore"},
		{"ignore_with_aaguids", attestation(relyingparty.AttestationPolicy{AAGUIDs: aaguids}), "no effect"},
		{"verify_with_aaguids", attestation(relyingparty.AttestationPolicy{Statement: "verify", AAGUIDs: aaguids}), "no effect"},
		{"ignore_with_roots", attestation(relyingparty.AttestationPolicy{Roots: [][]byte{{1}}}), "no effect"},
		{"require_with_nothing", attestation(relyingparty.AttestationPolicy{Statement: "require"}), "roots or metadata"},
		{"require_with_aaguids_alone", attestation(relyingparty.AttestationPolicy{Statement: "require", AAGUIDs: aaguids}), "roots or metadata"},
		{"root_garbage", attestation(relyingparty.AttestationPolicy{Statement: "require", Roots: [][]byte{{1}}}), "root 1"},
		{"metadata_garbage", attestation(relyingparty.AttestationPolicy{Statement: "require", Metadata: []byte("x")}), "metadata"},
		{"metadata_root_alone", attestation(relyingparty.AttestationPolicy{Statement: "verify", MetadataRoot: []byte("x")}), "without metadata"},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			keyring, err := relyingparty.NewKeyring()
			if err != nil {
				t.Fatal(err)
			}
			config := relyingparty.Config{ID: testID, Origins: []string{testOrigin}, Keyring: keyring}
			if row.edit != nil {
				row.edit(&config)
			}
			rp, err := relyingparty.New(config)
			switch {
			case row.want == "" && err != nil:
				t.Fatal(err)
			case row.want != "" && (err == nil || rp != nil || !strings.Contains(err.Error(), row.want) || !strings.HasPrefix(err.Error(), "relyingparty: ")):
				t.Fatalf("error %v, want one that says %q", err, row.want)
			}
		})
	}
}

func TestDefaults(t *testing.T) {
	t.Parallel()
	keyring, err := relyingparty.NewKeyring()
	if err != nil {
		t.Fatal(err)
	}
	rp, err := relyingparty.New(relyingparty.Config{ID: testID, Origins: []string{testOrigin}, Keyring: keyring})
	if err != nil {
		t.Fatal(err)
	}
	creation, _, err := rp.BeginRegistration(relyingparty.RegistrationRequest{
		User:    webauthn.UserEntity{ID: testHandle(), Name: "alice", DisplayName: "Alice"},
		Exclude: []webauthn.CredentialDescriptor{{ID: webauthn.Bytes{1}, Transports: []webauthn.Transport{webauthn.TransportHybrid}}},
		Hints:   []string{"hybrid"},
	})
	if err != nil {
		t.Fatal(err)
	}
	creation.Challenge = nil
	want := webauthn.CreationOptions{
		RP:   webauthn.RelyingPartyEntity{ID: testID, Name: testID},
		User: webauthn.UserEntity{ID: testHandle(), Name: "alice", DisplayName: "Alice"},
		Parameters: []webauthn.CredentialParameter{
			{Type: "public-key", Algorithm: webauthn.EdDSA},
			{Type: "public-key", Algorithm: webauthn.ES256},
			{Type: "public-key", Algorithm: webauthn.RS256},
		},
		Timeout:                webauthn.Milliseconds(5 * time.Minute),
		ExcludeCredentials:     []webauthn.CredentialDescriptor{{Type: "public-key", ID: webauthn.Bytes{1}, Transports: []webauthn.Transport{webauthn.TransportHybrid}}},
		AuthenticatorSelection: webauthn.AuthenticatorSelection{ResidentKey: "required", RequireResidentKey: true, UserVerification: "required"},
		Hints:                  []string{"hybrid"},
		Attestation:            "none",
		Extensions:             webauthn.CreationExtensions{CredProps: true},
	}
	if diff := cmp.Diff(want, creation); diff != "" {
		t.Errorf("creation options (-want +got):\n%s", diff)
	}
	request, _, err := rp.BeginAuthentication(relyingparty.AuthenticationRequest{})
	if err != nil {
		t.Fatal(err)
	}
	request.Challenge = nil
	if diff := cmp.Diff(webauthn.RequestOptions{
		Timeout:          webauthn.Milliseconds(5 * time.Minute),
		RPID:             testID,
		AllowCredentials: []webauthn.CredentialDescriptor{},
		UserVerification: "required",
	}, request); diff != "" {
		t.Errorf("request options (-want +got):\n%s", diff)
	}
}
