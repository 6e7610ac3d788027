package webauthn_test

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hitherauth/hither/webauthn"
	"github.com/hitherauth/hither/webauthn/webauthntest"
)

// object is a small attestation object in its parts, valid but for what edit breaks.
func object(edit func(*webauthntest.CBORObject)) []byte {
	o := webauthntest.CBORObject{
		{Key: webauthntest.CBORText("fmt"), Value: webauthntest.CBORText("none")},
		{Key: webauthntest.CBORText("attStmt"), Value: webauthntest.CBORMap()},
		{Key: webauthntest.CBORText("authData"), Value: webauthntest.CBORBytes(make([]byte, 37))},
	}
	edit(&o)
	return o.Encode()
}

// member replaces the value of one of the three members, which is found by its place.
func member(place int, v webauthntest.CBOR) func(*webauthntest.CBORObject) {
	return func(o *webauthntest.CBORObject) { (*o)[place].Value = v }
}

func format(name string, statement webauthntest.CBOR) func(*webauthntest.CBORObject) {
	return func(o *webauthntest.CBORObject) {
		(*o)[0].Value = webauthntest.CBORText(name)
		(*o)[1].Value = statement
	}
}

func TestHostileAttestationObject(t *testing.T) {
	t.Parallel()
	one := webauthntest.CBORMap(webauthntest.CBORText("x"), webauthntest.CBORInt(1))
	// The deepest that the formats reach: certificates in a statement in a compound statement.
	compound := webauthntest.CBORArray(webauthntest.CBORMap(
		webauthntest.CBORText("fmt"), webauthntest.CBORText("packed"),
		webauthntest.CBORText("attStmt"), webauthntest.CBORMap(
			webauthntest.CBORText("x5c"), webauthntest.CBORArray(webauthntest.CBORBytes([]byte{1})),
		),
	))
	for _, row := range []struct {
		name      string
		format    string
		statement webauthntest.CBOR
	}{
		{"none", "none", webauthntest.CBORMap()},
		{"empty_statement", "packed", webauthntest.CBORMap()},
		{"statement_with_a_member", "packed", one},
		{"REG-44_unknown_format", "acme", one},
		{"REG-44_retired_format", "android-safetynet", one},
		{"REG-44_capital", "Packed", one},
		{"capital_none_is_not_none", "None", one},
		{"32_letters", strings.Repeat("a", 32), one},
		{"compound", "compound", compound},
		{"empty_compound", "compound", webauthntest.CBORArray()},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			b := object(format(row.format, row.statement))
			got, err := webauthn.ParseAttestationObject(b)
			if err != nil {
				t.Fatal(err)
			}
			want := webauthn.AttestationObject{
				Raw:               b,
				Format:            row.format,
				Statement:         row.statement,
				AuthenticatorData: webauthn.AuthenticatorData{Raw: make([]byte, 37)},
			}
			if diff := cmp.Diff(got, want); diff != "" {
				t.Errorf("(-got +want)\n%s", diff)
			}
		})
	}
}

func TestHostileAttestationObjectRefuses(t *testing.T) {
	t.Parallel()
	valid := object(func(*webauthntest.CBORObject) {})
	one := webauthntest.CBORMap(webauthntest.CBORText("x"), webauthntest.CBORInt(1))
	for _, row := range []struct {
		name   string
		b      []byte
		member string
		want   string
	}{
		{"nothing", nil, "", "EOF"},
		{"array", webauthntest.CBORArray(), "", "an array instead of a map"},
		{"null", webauthntest.CBORNull(), "", "null instead of a map"},
		{"empty_map", webauthntest.CBORMap(), "fmt", "missing"},
		{"REG-16_one_byte_behind", append(bytes.Clone(valid), 0), "", "1 bytes follow"},
		{"REG-16_map_behind", append(bytes.Clone(valid), 0xa0), "", "1 bytes follow"},
		{"over_20_kib", append(bytes.Clone(valid), make([]byte, 20<<10)...), "", "limit of 20480"},
		{"no_format", object(func(o *webauthntest.CBORObject) { *o = (*o)[1:] }), "fmt", "missing"},
		{"REG-42_no_statement", object(func(o *webauthntest.CBORObject) { *o = slices.Delete(*o, 1, 2) }), "attStmt", "missing"},
		{"no_authenticator_data", object(func(o *webauthntest.CBORObject) { *o = (*o)[:2] }), "authData", "missing"},
		{"fourth_member", object(func(o *webauthntest.CBORObject) {
			o.Add(webauthntest.CBORText("epAttestation"), webauthntest.CBORBool(true))
		}), "", "4 members"},
		{"capital_name", object(func(o *webauthntest.CBORObject) { (*o)[0].Key = webauthntest.CBORText("Fmt") }), "fmt", "missing"},
		{"integer_names", object(func(o *webauthntest.CBORObject) { (*o)[0].Key = webauthntest.CBORInt(1) }), "fmt", "missing"},
		{"other_order", object(func(o *webauthntest.CBORObject) { slices.Reverse(*o) }), "", "canonical"},
		{"REG-21_two_authenticator_data", object(func(o *webauthntest.CBORObject) { *o = append(*o, (*o)[2]) }), "", "same key twice"},
		{"REG-21_two_signatures", object(format("packed", webauthntest.CBORMap(
			webauthntest.CBORText("sig"), webauthntest.CBORBytes(nil), webauthntest.CBORText("sig"), webauthntest.CBORBytes(nil)))), "", "same key twice"},
		{"REG-23_indefinite_map", slices.Concat([]byte{0xbf}, valid[1:], []byte{0xff}), "", "indefinite"},
		{"REG-23_indefinite_authenticator_data", object(member(2, webauthntest.CBORIndefinite(webauthntest.CBORMajorBytes, webauthntest.CBORBytes(make([]byte, 37))))), "", "indefinite"},
		{"REG-23_indefinite_certificates", object(format("packed", webauthntest.CBORMap(
			webauthntest.CBORText("x5c"), webauthntest.CBORIndefinite(webauthntest.CBORMajorArray)))), "", "indefinite"},
		{"tagged", webauthntest.CBORTag(55799, valid), "", "tag"},
		{"format_is_bytes", object(member(0, webauthntest.CBORBytes([]byte("none")))), "fmt", "a byte string instead of a text string"},
		{"format_is_null", object(member(0, webauthntest.CBORNull())), "fmt", "null instead of a text string"},
		{"REG-44_empty_format", object(format("", one)), "fmt", "0 bytes instead of 1 to 32"},
		{"REG-44_format_of_33_bytes", object(format(strings.Repeat("a", 33), one)), "fmt", "33 bytes instead of 1 to 32"},
		{"REG-44_format_with_nul", object(format("packed\x00", one)), "fmt", "not printable ASCII"},
		{"REG-44_format_with_space", object(format("packed ", one)), "fmt", "not printable ASCII"},
		{"REG-44_format_not_ascii", object(format("päcked", one)), "fmt", "not printable ASCII"},
		{"REG-44_format_with_backslash", object(format(`a\b`, one)), "fmt", "not printable ASCII"},
		{"REG-44_format_with_quotation_mark", object(format(`a"b`, one)), "fmt", "not printable ASCII"},
		{"REG-42_none_with_a_member", object(format("none", one)), "attStmt", "1 members"},
		{"REG-42_none_with_an_array", object(format("none", webauthntest.CBORArray())), "attStmt", "an array instead of a map"},
		{"REG-42_none_with_null", object(format("none", webauthntest.CBORNull())), "attStmt", "null instead of a map"},
		{"REG-42_none_with_bytes", object(format("none", webauthntest.CBORBytes([]byte{0xa0}))), "attStmt", "a byte string instead of a map"},
		{"packed_with_an_array", object(format("packed", webauthntest.CBORArray())), "attStmt", "an array instead of a map"},
		{"compound_with_a_map", object(format("compound", webauthntest.CBORMap())), "attStmt", "a map instead of an array"},
		{"compound_with_null", object(format("compound", webauthntest.CBORNull())), "attStmt", "null instead of an array"},
		{"authenticator_data_is_text", object(member(2, webauthntest.CBORText(strings.Repeat("a", 37)))), "authData", "a text string instead of a byte string"},
		{"authenticator_data_is_null", object(member(2, webauthntest.CBORNull())), "authData", "null instead of a byte string"},
		{"AST-23_authenticator_data_of_36_bytes", object(member(2, webauthntest.CBORBytes(make([]byte, 36)))), "authData", "36 bytes, fewer than the 37"},
		{"authenticator_data_of_38_bytes", object(member(2, webauthntest.CBORBytes(make([]byte, 38)))), "authData", "1 bytes left over"},
		{"REG-24_bomb", bytes.Repeat([]byte{0x81}, 10_000), "", "nested"},
		{"REG-24_map_of_2_to_32", webauthntest.CBORHead(webauthntest.CBORMajorMap, 1<<32), "", "max number"},
		{"REG-36_a_thousand_certificates", object(format("packed", webauthntest.CBORMap(
			webauthntest.CBORText("x5c"), webauthntest.CBORArray(make([]webauthntest.CBOR, 1000)...)))), "", "max number"},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			got, err := webauthn.ParseAttestationObject(row.b)
			refused(t, got, err, row.member, row.want)
		})
	}
}

// REG-18: no prefix of an attestation object is one, and cutting the
// authenticator data inside a whole one is seen too.
func TestHostileAttestationObjectRefusesEveryPrefix(t *testing.T) {
	t.Parallel()
	for _, attestation := range []webauthntest.Attestation{
		webauthntest.AttestationNone, webauthntest.AttestationSelf, webauthntest.AttestationPacked, webauthntest.AttestationTPM,
		webauthntest.AttestationAndroidKey, webauthntest.AttestationFIDOU2F, webauthntest.AttestationApple,
	} {
		t.Run("REG-18_"+string(attestation), func(t *testing.T) {
			t.Parallel()
			var made *webauthntest.Registration
			registration(t, webauthntest.Config{Attestation: attestation}, func(r *webauthntest.Registration) { made = r })
			whole := made.AttestationObject
			if _, err := webauthn.ParseAttestationObject(whole); err != nil {
				t.Fatal(err)
			}
			for n := range len(whole) {
				if got, err := webauthn.ParseAttestationObject(whole[:n]); err == nil || got.Raw != nil {
					t.Errorf("%d of %d bytes: got %v, %v", n, len(whole), got, err)
				}
			}
			for n := range len(made.RawAuthenticatorData) {
				cut := object(member(2, webauthntest.CBORBytes(made.RawAuthenticatorData[:n])))
				if got, err := webauthn.ParseAttestationObject(cut); err == nil || got.Raw != nil {
					t.Errorf("authenticator data of %d bytes: got %v, %v", n, got, err)
				}
			}
		})
	}
}
