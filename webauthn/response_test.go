package webauthn_test

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hitherauth/hither/webauthn"
	"github.com/hitherauth/hither/webauthn/webauthntest"
)

type registrationEdit = func(*webauthntest.Registration)

type authenticationEdit = func(*webauthntest.Authentication)

func TestParseRegistrationResponse(t *testing.T) {
	t.Parallel()
	var made *webauthntest.Registration
	body := registration(t, webauthntest.Config{AAGUID: webauthn.AAGUID{1, 2, 3}}, func(r *webauthntest.Registration) { made = r })
	got, err := webauthn.ParseRegistrationResponse(body)
	if err != nil {
		t.Fatal(err)
	}
	yes := true
	key := got.AttestationObject.AuthenticatorData.AttestedCredential.PublicKey
	want := webauthn.RegistrationResponse{
		CredentialID: made.CredentialID,
		Transports:   []webauthn.Transport{webauthn.TransportInternal, webauthn.TransportHybrid},
		Attachment:   "platform",
		ClientData: webauthn.ClientData{
			Raw:       made.ClientDataJSON,
			Type:      webauthn.TypeCreate,
			Challenge: creationOptions().Challenge.String(),
			Origin:    origin,
		},
		AttestationObject: webauthn.AttestationObject{
			Raw:       made.AttestationObject,
			Format:    "none",
			Statement: []byte{0xa0},
			AuthenticatorData: webauthn.AuthenticatorData{
				Raw:      made.RawAuthenticatorData,
				RPIDHash: [32]byte(made.AuthenticatorData.RPIDHash),
				Flags:    0x45,
				AttestedCredential: &webauthn.AttestedCredential{
					AAGUID:       webauthn.AAGUID{1, 2, 3},
					CredentialID: made.CredentialID,
					PublicKey: webauthn.COSEKey{
						Raw:       made.AuthenticatorData.Attested.Key.Encode(),
						KeyType:   2,
						Algorithm: webauthn.ES256,
						Curve:     1,
						X:         key.X,
						Y:         key.Y,
					},
				},
			},
		},
		Discoverable: &yes,
	}
	if diff := cmp.Diff(got, want); diff != "" {
		t.Errorf("(-got +want)\n%s", diff)
	}
	if len(key.X) != 32 || len(key.Y) != 32 {
		t.Errorf("coordinates of %d and %d bytes", len(key.X), len(key.Y))
	}
}

func TestParseAuthenticationResponse(t *testing.T) {
	t.Parallel()
	var made *webauthntest.Authentication
	body := authentication(t, func(g *webauthntest.Authentication) { made = g })
	got, err := webauthn.ParseAuthenticationResponse(body)
	if err != nil {
		t.Fatal(err)
	}
	want := webauthn.AuthenticationResponse{
		CredentialID: made.CredentialID,
		Attachment:   "platform",
		ClientData: webauthn.ClientData{
			Raw:       made.ClientDataJSON,
			Type:      webauthn.TypeGet,
			Challenge: creationOptions().Challenge.String(),
			Origin:    origin,
		},
		AuthenticatorData: webauthn.AuthenticatorData{
			Raw:      made.RawAuthenticatorData,
			RPIDHash: [32]byte(made.AuthenticatorData.RPIDHash),
			Flags:    0x05,
		},
		Signature:  made.Signature,
		UserHandle: creationOptions().User.ID,
	}
	if diff := cmp.Diff(got, want); diff != "" {
		t.Errorf("(-got +want)\n%s", diff)
	}
}

// hostile is one broken thing that both kinds of response may have in them.
type hostile struct {
	name   string
	edit   func(*webauthntest.Ceremony)
	member string // where the error is
	want   string // in the error
}

// eitherResponse breaks what a registration and an authentication have in common.
func eitherResponse() []hostile {
	rows := []hostile{
		{"empty_body", body(func([]byte) []byte { return nil }), "", "ends early"},
		{"cut_body", body(func(b []byte) []byte { return b[:len(b)-1] }), "", "ends early"},
		{"body_is_null", body(func([]byte) []byte { return []byte("null") }), "", "null instead of an object"},
		{"AST-26_body_is_an_array", body(func(b []byte) []byte { return slices.Concat([]byte("["), b, []byte("]")) }), "", "an array instead of an object"},
		{"two_objects", body(func(b []byte) []byte { return append(b, "{}"...) }), "", "more text"},
		{"garbage_behind", body(func(b []byte) []byte { return append(b, 0) }), "", "more text"},
		{"body_over_64_kib", body(func(b []byte) []byte { return append(b, bytes.Repeat([]byte(" "), 64<<10)...) }), "", "limit of 65536"},
		{"byte_order_mark", body(func(b []byte) []byte { return append([]byte("\ufeff"), b...) }), "", "not well-formed"},
		{"AST-20_other_id", envelope(set("id", `"AAAA"`)), "id", "not the same as rawId"},
		{"AST-26_id_is_a_number", envelope(set("id", "123")), "id", "a number instead of a string"},
		{"no_id", envelope(remove("id")), "id", "not the same as rawId"},
		{"no_raw_id", envelope(remove("rawId")), "rawId", "missing"},
		{"empty_ids", envelope(func(o *webauthntest.JSONObject) { o.Set("id", `""`); o.Set("rawId", `""`) }), "rawId", "empty"},
		{"AST-28_padded_ids", envelope(func(o *webauthntest.JSONObject) { o.Set("id", `"AA=="`); o.Set("rawId", `"AA=="`) }), "rawId", "base64url"},
		{"REG-20_id_of_1024_bytes", envelope(func(o *webauthntest.JSONObject) {
			o.SetBytes("id", make([]byte, 1024))
			o.SetBytes("rawId", make([]byte, 1024))
		}), "rawId", "limit of 1023"},
		{"id_twice", envelope(func(o *webauthntest.JSONObject) { o.Add("id", o.Get("id")) }), "", "same member twice"},
		{"id_twice_once_escaped", envelope(func(o *webauthntest.JSONObject) { o.Add(`\u0069d`, o.Get("id")) }), "", "same member twice"},
		{"unknown_member_twice", envelope(func(o *webauthntest.JSONObject) { o.Add("x", "1"); o.Add("x", "1") }), "", "same member twice"},
		{"duplicate_deep_in_an_unknown_member", envelope(add("x", `[{"a":{"b":1,"b":2}}]`)), "", "same member twice"},
		{"invalid_utf8_in_an_unknown_member", envelope(add("x", "\"\xff\"")), "", "not well-formed"},
		{"lone_surrogate_in_an_unknown_member", envelope(add("x", `"\ud800"`)), "", "not well-formed"},
		{"raw_control_character", envelope(add("x", "\"\x01\"")), "", "not well-formed"},
		{"unknown_member_nested_too_deep", envelope(add("x", strings.Repeat("[", 16)+strings.Repeat("]", 16))), "", "deeper than 16"},
		{"ten_thousand_levels", envelope(add("x", strings.Repeat("[", 10_000)+strings.Repeat("]", 10_000))), "", "deeper than 16"},
		{"no_type", envelope(remove("type")), "type", `not "public-key"`},
		{"other_type", envelope(set("type", `"password"`)), "type", `not "public-key"`},
		{"type_in_capitals", envelope(set("type", `"PUBLIC-KEY"`)), "type", `not "public-key"`},
		{"type_is_null", envelope(set("type", "null")), "type", "null instead of a string"},
		{"type_with_a_capital_name", envelope(rename("type", "Type")), "type", `not "public-key"`},
		{"no_response", envelope(remove("response")), "response", "missing"},
		{"AST-26_response_is_a_string", envelope(set("response", `"{}"`)), "response", "a string instead of an object"},
		{"response_is_null", envelope(set("response", "null")), "response", "null instead of an object"},
		{"empty_response", envelope(set("response", "{}")), "response.clientDataJSON", "missing"},
		{"attachment_is_a_number", envelope(set("authenticatorAttachment", "1")), "authenticatorAttachment", "a number instead of a string"},
		{"extension_results_are_null", envelope(set("clientExtensionResults", "null")), "clientExtensionResults", "null instead of an object"},
		{"extension_results_are_an_array", envelope(set("clientExtensionResults", "[]")), "clientExtensionResults", "an array instead of an object"},
		{"REG-51_extension_results_nested_too_deep", envelope(set("clientExtensionResults", `{"a":`+strings.Repeat(`{"a":`, 20)+"1"+strings.Repeat("}", 21))), "clientExtensionResults", "deeper than 16"},
		{"response_member_twice", response(func(o *webauthntest.JSONObject) { o.Add("clientDataJSON", o.Get("clientDataJSON")) }), "response", "same member twice"},
		{"client_data_with_a_capital_name", response(rename("clientDataJSON", "ClientDataJSON")), "response.clientDataJSON", "missing"},
		{"client_data_as_an_object", response(set("clientDataJSON", `{"type":"webauthn.get"}`)), "response.clientDataJSON", "an object instead of a string"},
		{"client_data_over_8_kib", response(func(o *webauthntest.JSONObject) { o.SetBytes("clientDataJSON", make([]byte, 8<<10+1)) }), "response.clientDataJSON", "limit of 8192"},
		{"client_data_without_origin", func(c *webauthntest.Ceremony) { c.ClientData.Delete("origin") }, "response.clientDataJSON.origin", "missing"},
		{"REG-12_challenge_twice", func(c *webauthntest.Ceremony) { c.ClientData.Add("challenge", c.ClientData.Get("challenge")) }, "response.clientDataJSON", "same member twice"},
	}
	return append(rows, everyKind("response.clientDataJSON", "clientDataJSON")...)
}

// everyKind puts what is no unpadded base64url string into a member of the
// response (AST-26, AST-28).
func everyKind(member, name string) []hostile {
	return []hostile{
		{"AST-26_null_" + name, response(set(name, "null")), member, "null instead of a string"},
		{"AST-26_true_" + name, response(set(name, "true")), member, "a boolean instead of a string"},
		{"AST-26_number_" + name, response(set(name, "1")), member, "a number instead of a string"},
		{"AST-26_array_" + name, response(set(name, "[]")), member, "an array instead of a string"},
		{"AST-26_object_" + name, response(set(name, "{}")), member, "an object instead of a string"},
		{"empty_" + name, response(set(name, `""`)), member, "empty"},
		{"AST-28_padded_" + name, response(set(name, `"AA=="`)), member, "base64url"},
		{"AST-28_plus_" + name, response(set(name, `"AA+A"`)), member, "base64url"},
		{"AST-28_slash_" + name, response(set(name, `"AA/A"`)), member, "base64url"},
		{"AST-28_space_" + name, response(text(name, insert(" "))), member, "base64url"},
		{"AST-28_line_break_" + name, response(text(name, insert(`\n`))), member, "line breaks"},
		{"AST-28_carriage_return_" + name, response(text(name, insert(`\r`))), member, "line breaks"},
		{"AST-28_stray_bits_" + name, response(set(name, `"AB"`)), member, "base64url"},
		{"AST-28_one_letter_" + name, response(set(name, `"A"`)), member, "base64url"},
	}
}

func TestHostileRegistrationResponseRefuses(t *testing.T) {
	t.Parallel()
	rows := append(eitherResponse(), everyKind("response.attestationObject", "attestationObject")...)
	rows = append(rows, []hostile{
		{"no_attestation_object", response(remove("attestationObject")), "response.attestationObject", "missing"},
		{"attestation_object_over_20_kib", response(func(o *webauthntest.JSONObject) { o.SetBytes("attestationObject", make([]byte, 20<<10+1)) }), "response.attestationObject", "limit of 20480"},
		{"REG-51_transports_are_a_string", response(set("transports", `"usb"`)), "response.transports", "a string instead of an array"},
		{"REG-51_transports_are_null", response(set("transports", "null")), "response.transports", "null instead of an array"},
		{"transports_do_not_end", body(func(b []byte) []byte {
			return b[:bytes.Index(b, []byte(`"transports":[`))+len(`"transports":["usb"`)]
		}), "response.transports", "ends early"},
	}...)
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			b := registration(t, webauthntest.Config{}, func(r *webauthntest.Registration) { row.edit(&r.Ceremony) })
			got, err := webauthn.ParseRegistrationResponse(b)
			refused(t, got, err, row.member, row.want)
		})
	}
}

func TestHostileAuthenticationResponseRefuses(t *testing.T) {
	t.Parallel()
	rows := append(eitherResponse(), everyKind("response.authenticatorData", "authenticatorData")...)
	rows = append(rows, everyKind("response.signature", "signature")...)
	for _, row := range everyKind("response.userHandle", "userHandle") {
		if !strings.HasPrefix(row.name, "AST-26_null") { // as good as absent
			rows = append(rows, row)
		}
	}
	rows = append(rows, []hostile{
		{"no_authenticator_data", response(remove("authenticatorData")), "response.authenticatorData", "missing"},
		{"authenticator_data_over_8_kib", response(func(o *webauthntest.JSONObject) { o.SetBytes("authenticatorData", make([]byte, 8<<10+1)) }), "response.authenticatorData", "limit of 8192"},
		{"no_signature", response(remove("signature")), "response.signature", "missing"},
		{"AST-02_signature_of_47_kib", response(func(o *webauthntest.JSONObject) { o.SetBytes("signature", make([]byte, 47<<10)) }), "response.signature", "limit of 8192"},
		{"AST-19_user_handle_of_65_bytes", response(func(o *webauthntest.JSONObject) { o.SetBytes("userHandle", make([]byte, 65)) }), "response.userHandle", "limit of 64"},
	}...)
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			b := authentication(t, func(g *webauthntest.Authentication) { row.edit(&g.Ceremony) })
			got, err := webauthn.ParseAuthenticationResponse(b)
			refused(t, got, err, row.member, row.want)
		})
	}
}

// refused checks the shape of every refusal: a ParseError of few words in the
// right place, beside the zero value.
func refused[T any](t *testing.T, got T, err error, member, want string) {
	t.Helper()
	var zero T
	if diff := cmp.Diff(got, zero); diff != "" {
		t.Errorf("a value beside error %v (-got +zero):\n%s", err, diff)
	}
	var malformed *webauthn.ParseError
	if !errors.As(err, &malformed) {
		t.Fatalf("got error %v, want a ParseError", err)
	}
	if malformed.Member != member {
		t.Errorf("error in %q, want %q: %v", malformed.Member, member, err)
	}
	if !strings.HasPrefix(err.Error(), "webauthn: ") || !strings.Contains(err.Error(), want) || len(err.Error()) > 200 {
		t.Errorf("error %q does not say %q in few words", err, want)
	}
}

// What the specification lets a client send must pass (REG-15, REG-51).
func TestHostileRegistrationResponseTolerates(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name  string
		edit  registrationEdit
		check func(webauthn.RegistrationResponse) bool
	}{
		{"white_space", either(body(func(b []byte) []byte { return slices.Concat([]byte(" \t\r\n"), b, []byte("\n ")) })), nil},
		{"unknown_member", either(envelope(add("x", `{"a":[1,null,"b"]}`))), nil},
		{"twin_in_capitals", either(envelope(add("ID", `"AAAA"`))), nil},
		{"proto", either(envelope(add("__proto__", `{"id":"AAAA"}`))), nil},
		{"no_attachment", either(envelope(remove("authenticatorAttachment"))), noAttachment},
		{"null_attachment", either(envelope(set("authenticatorAttachment", "null"))), noAttachment},
		{"unknown_attachment", either(envelope(set("authenticatorAttachment", `"orbit"`))), noAttachment},
		{"cross_platform", either(envelope(set("authenticatorAttachment", `"cross-platform"`))), func(r webauthn.RegistrationResponse) bool { return r.Attachment == "cross-platform" }},
		{"no_extension_results", either(envelope(remove("clientExtensionResults"))), notSaid},
		{"empty_extension_results", either(envelope(set("clientExtensionResults", "{}"))), notSaid},
		{"REG-51_hostile_extension_results", either(envelope(set("clientExtensionResults", `{"__proto__":{"rk":true},"x":[[[{}]]],"credProps":[true]}`))), notSaid},
		{"cred_props_without_rk", either(envelope(set("clientExtensionResults", `{"credProps":{}}`))), notSaid},
		{"rk_is_a_string", either(envelope(set("clientExtensionResults", `{"credProps":{"rk":"true"}}`))), notSaid},
		{"rk_is_null", either(envelope(set("clientExtensionResults", `{"credProps":{"rk":null}}`))), notSaid},
		{"rk_is_false", either(envelope(set("clientExtensionResults", `{"credProps":{"rk":false}}`))), func(r webauthn.RegistrationResponse) bool { return r.Discoverable != nil && !*r.Discoverable }},
		{"no_transports", either(response(remove("transports"))), noTransports},
		{"empty_transports", either(response(set("transports", "[]"))), noTransports},
		{"REG-51_hostile_transports", either(response(set("transports", `["<script>",1,null,{"a":["usb"]},["usb"],"USB","nfc","usb","nfc",""]`))), func(r webauthn.RegistrationResponse) bool {
			return slices.Equal(r.Transports, []webauthn.Transport{webauthn.TransportNFC, webauthn.TransportUSB})
		}},
		{"REG-51_ten_thousand_transports", either(response(set("transports", "["+strings.Repeat(`"ble",`, 8_000)+`"usb"]`))), func(r webauthn.RegistrationResponse) bool { return len(r.Transports) == 2 }},
		{"all_transports", either(response(set("transports", `["ble","hybrid","internal","nfc","smart-card","usb"]`))), func(r webauthn.RegistrationResponse) bool { return len(r.Transports) == 6 }},
		{"wrong_copies_of_the_attestation_object", either(response(set("publicKey", "[1]"))), nil},
		{"escaped_base64url", either(response(text("clientDataJSON", func(s string) string { return `"\u0065` + s[2:] }))), nil},
		{"REG-20_id_of_1023_bytes", func(r *webauthntest.Registration) { r.SetCredentialID(make([]byte, 1023)) }, func(r webauthn.RegistrationResponse) bool { return len(r.CredentialID) == 1023 }},
		{"REG-20_id_of_1_byte", func(r *webauthntest.Registration) { r.SetCredentialID([]byte{7}) }, nil},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			got, err := webauthn.ParseRegistrationResponse(registration(t, webauthntest.Config{}, row.edit))
			if err != nil {
				t.Fatal(err)
			}
			if row.check != nil && !row.check(got) {
				t.Errorf("got transports %q, attachment %q, discoverable %v", got.Transports, got.Attachment, got.Discoverable)
			}
		})
	}
}

func either(edit func(*webauthntest.Ceremony)) registrationEdit {
	return func(r *webauthntest.Registration) { edit(&r.Ceremony) }
}

func noAttachment(r webauthn.RegistrationResponse) bool { return r.Attachment == "" }
func notSaid(r webauthn.RegistrationResponse) bool      { return r.Discoverable == nil }
func noTransports(r webauthn.RegistrationResponse) bool { return r.Transports == nil }

func TestHostileAuthenticationResponseTolerates(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name string
		edit authenticationEdit
		want webauthn.Bytes // user handle
	}{
		{"no_user_handle", func(g *webauthntest.Authentication) { g.UserHandle = nil }, nil},
		{"null_user_handle", func(g *webauthntest.Authentication) { response(set("userHandle", "null"))(&g.Ceremony) }, nil},
		{"user_handle_of_64_bytes", func(g *webauthntest.Authentication) { g.UserHandle = make([]byte, 64) }, make([]byte, 64)},
		{"user_handle_of_1_byte", func(g *webauthntest.Authentication) { g.UserHandle = []byte{0} }, []byte{0}},
		{"AST-05_members_that_nobody_asked_for", func(g *webauthntest.Authentication) {
			envelope(func(o *webauthntest.JSONObject) {
				o.Add("challenge", `"x"`)
				o.Add("expectedChallenge", `"x"`)
				o.Add("sessionData", `{}`)
			})(&g.Ceremony)
		}, creationOptions().User.ID},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			got, err := webauthn.ParseAuthenticationResponse(authentication(t, row.edit))
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(got.UserHandle, row.want) || (got.UserHandle == nil) != (row.want == nil) {
				t.Errorf("got user handle %q, want %q", got.UserHandle, row.want)
			}
		})
	}
}

// The result of the two outer doors must not change with the request's buffer.
func TestResponsesShareNoMemory(t *testing.T) {
	t.Parallel()
	b := registration(t, webauthntest.Config{})
	first, err := webauthn.ParseRegistrationResponse(bytes.Clone(b))
	if err != nil {
		t.Fatal(err)
	}
	second, err := webauthn.ParseRegistrationResponse(b)
	if err != nil {
		t.Fatal(err)
	}
	clear(b)
	if diff := cmp.Diff(first, second); diff != "" {
		t.Errorf("changed with the buffer:\n%s", diff)
	}
}

func TestErrorsQuoteNoChallenge(t *testing.T) {
	t.Parallel()
	challenge := creationOptions().Challenge.String()
	for _, tail := range []string{"", "\x00", `"`, "\xff", `","challenge":"`} {
		raw := []byte(`{"type":"webauthn.get","challenge":"` + challenge + tail)
		_, err := webauthn.ParseClientData(raw)
		if err == nil || strings.Contains(err.Error(), challenge[:8]) {
			t.Errorf("with %q behind: %v", tail, err)
		}
	}
}
