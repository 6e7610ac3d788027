package webauthn_test

import (
	"crypto/sha256"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hitherauth/hither/webauthn"
)

func TestHostileClientData(t *testing.T) {
	t.Parallel()
	const plain = `{"type":"webauthn.get","challenge":"AAEC","origin":"https://id.example","crossOrigin":false}`
	valid := webauthn.ClientData{Type: "webauthn.get", Challenge: "AAEC", Origin: "https://id.example"}
	with := func(edit func(*webauthn.ClientData)) webauthn.ClientData {
		c := valid
		edit(&c)
		return c
	}
	for _, row := range []struct {
		name string
		json string
		want webauthn.ClientData
	}{
		{"plain", plain, valid},
		{"without_cross_origin", `{"type":"webauthn.get","challenge":"AAEC","origin":"https://id.example"}`, valid},
		{"REG-15_other_order", `{"origin":"https://id.example","crossOrigin":false,"challenge":"AAEC","type":"webauthn.get"}`, valid},
		{"REG-15_white_space", "\n{ \"type\" :\t\"webauthn.get\",\r\n\"challenge\": \"AAEC\", \"origin\" : \"https://id.example\" }\n", valid},
		{"REG-15_escaped_slashes", `{"type":"webauthn.get","challenge":"AAEC","origin":"https:\/\/id.example"}`, valid},
		{"escaped_name", `{"\u0074ype":"webauthn.get","challenge":"AAEC","origin":"https://id.example"}`, valid},
		{"REG-15_unknown_members", `{"type":"webauthn.get","challenge":"AAEC","origin":"https://id.example","extraData":"x","tokenBinding":{"status":"supported"},"androidPackageName":"com.example","n":null}`, valid},
		{"twins_in_other_case", `{"Type":1,"type":"webauthn.get","challenge":"AAEC","Challenge":[],"origin":"https://id.example","ORIGIN":"https://evil.example","crossorigin":true}`, valid},
		{"byte_order_mark", "\ufeff" + plain, valid},
		{"framed", `{"type":"webauthn.get","challenge":"AAEC","origin":"https://id.example","crossOrigin":true,"topOrigin":"https://top.example"}`, with(func(c *webauthn.ClientData) {
			c.CrossOrigin = true
			c.TopOrigin = "https://top.example"
		})},
		// These are well formed; the relying party judges them.
		{"REG-01_other_type", `{"type":"payment.get","challenge":"AAEC","origin":"https://id.example"}`, with(func(c *webauthn.ClientData) { c.Type = "payment.get" })},
		{"REG-01_type_with_nul", `{"type":"webauthn.get\u0000","challenge":"AAEC","origin":"https://id.example"}`, with(func(c *webauthn.ClientData) { c.Type = "webauthn.get\x00" })},
		{"REG-02_empty_challenge", `{"type":"webauthn.get","challenge":"","origin":"https://id.example"}`, with(func(c *webauthn.ClientData) { c.Challenge = "" })},
		{"challenge_is_not_decoded", `{"type":"webauthn.get","challenge":"AAE=","origin":"https://id.example"}`, with(func(c *webauthn.ClientData) { c.Challenge = "AAE=" })},
		{"REG-04_null_origin", `{"type":"webauthn.get","challenge":"AAEC","origin":"null"}`, with(func(c *webauthn.ClientData) { c.Origin = "null" })},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			got, err := webauthn.ParseClientData([]byte(row.json))
			if err != nil {
				t.Fatal(err)
			}
			want := row.want
			want.Raw = []byte(row.json)
			if diff := cmp.Diff(got, want); diff != "" {
				t.Errorf("(-got +want)\n%s", diff)
			}
			if got.Hash() != sha256.Sum256([]byte(row.json)) {
				t.Error("the hash is not over the bytes as they came")
			}
		})
	}
}

func TestHostileClientDataRefuses(t *testing.T) {
	t.Parallel()
	const rest = `"challenge":"AAEC","origin":"https://id.example"`
	valid := `{"type":"webauthn.get",` + rest + `}`
	for _, row := range []struct {
		name   string
		json   string
		member string
		want   string
	}{
		{"nothing", "", "", "ends early"},
		{"byte_order_mark_alone", "\ufeff", "", "ends early"},
		{"two_byte_order_marks", "\ufeff\ufeff" + valid, "", "not well-formed"},
		{"byte_order_mark_of_utf_16", "\xfe\xff" + valid, "", "not well-formed"},
		{"REG-14_array", "[" + valid + "]", "", "an array instead of an object"},
		{"REG-14_string", `"x"`, "", "a string instead of an object"},
		{"REG-14_number", "1", "", "a number instead of an object"},
		{"REG-14_null", "null", "", "null instead of an object"},
		{"REG-14_two_objects", valid + valid, "", "more text"},
		{"REG-14_trailing_garbage", valid + "x", "", "more text"},
		{"REG-14_trailing_nul", valid + "\x00", "", "more text"},
		{"REG-14_cut", valid[:len(valid)-1], "", "ends early"},
		{"REG-14_deep", `{"x":` + strings.Repeat("[", 4_000) + strings.Repeat("]", 4_000) + `,"type":"webauthn.get",` + rest + `}`, "", "deeper than 16"},
		{"REG-14_long", `{"x":"` + strings.Repeat("a", 1<<20) + `"}`, "", "limit of 8192"},
		{"REG-14_invalid_utf8", `{"type":"webauthn.get","x":"` + "\xc0\x80" + `",` + rest + `}`, "", "not well-formed"},
		{"REG-14_invalid_utf8_in_origin", `{"type":"webauthn.get","challenge":"AAEC","origin":"https://id.example` + "\xff" + `"}`, "origin", "not well-formed"},
		{"REG-14_lone_surrogate", `{"type":"webauthn.get\ud800",` + rest + `}`, "type", "not well-formed"},
		{"REG-14_raw_control_character", "{\"type\":\"webauthn.get\n\"," + rest + `}`, "type", "not well-formed"},
		{"comment", `{/**/"type":"webauthn.get",` + rest + `}`, "", "not well-formed"},
		{"comma_at_the_end", `{"type":"webauthn.get",` + rest + `,}`, "", "not well-formed"},
		{"single_quotes", `{'type':'webauthn.get'}`, "", "not well-formed"},
		{"REG-12_type_twice", `{"type":"webauthn.get","type":"webauthn.get",` + rest + `}`, "", "same member twice"},
		{"REG-12_good_then_bad_challenge", `{"type":"webauthn.get",` + rest + `,"challenge":"BBBB"}`, "", "same member twice"},
		{"REG-12_origin_twice_once_escaped", `{"type":"webauthn.get",` + rest + `,"\u006frigin":"https://evil.example"}`, "", "same member twice"},
		{"REG-12_unknown_twice", `{"type":"webauthn.get",` + rest + `,"x":1,"x":1}`, "", "same member twice"},
		{"REG-01_no_type", `{` + rest + `}`, "type", "missing"},
		{"REG-01_type_null", `{"type":null,` + rest + `}`, "type", "null instead of a string"},
		{"REG-01_type_array", `{"type":["webauthn.get"],` + rest + `}`, "type", "an array instead of a string"},
		{"REG-01_type_in_capitals", `{"TYPE":"webauthn.get",` + rest + `}`, "type", "missing"},
		{"no_challenge", `{"type":"webauthn.get","origin":"https://id.example"}`, "challenge", "missing"},
		{"capital_challenge", `{"type":"webauthn.get","Challenge":"AAEC","origin":"https://id.example"}`, "challenge", "missing"},
		{"challenge_null", `{"type":"webauthn.get","challenge":null,"origin":"https://id.example"}`, "challenge", "null instead of a string"},
		{"challenge_number", `{"type":"webauthn.get","challenge":1,"origin":"https://id.example"}`, "challenge", "a number instead of a string"},
		{"REG-04_no_origin", `{"type":"webauthn.get","challenge":"AAEC"}`, "origin", "missing"},
		{"origin_null", `{"type":"webauthn.get","challenge":"AAEC","origin":null}`, "origin", "null instead of a string"},
		{"origin_array", `{"type":"webauthn.get","challenge":"AAEC","origin":["https://id.example"]}`, "origin", "an array instead of a string"},
		{"cross_origin_null", `{"type":"webauthn.get",` + rest + `,"crossOrigin":null}`, "crossOrigin", "null instead of a boolean"},
		{"cross_origin_string", `{"type":"webauthn.get",` + rest + `,"crossOrigin":"false"}`, "crossOrigin", "a string instead of a boolean"},
		{"cross_origin_number", `{"type":"webauthn.get",` + rest + `,"crossOrigin":0}`, "crossOrigin", "a number instead of a boolean"},
		{"top_origin_null", `{"type":"webauthn.get",` + rest + `,"topOrigin":null}`, "topOrigin", "null instead of a string"},
		{"top_origin_boolean", `{"type":"webauthn.get",` + rest + `,"topOrigin":false}`, "topOrigin", "a boolean instead of a string"},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			got, err := webauthn.ParseClientData([]byte(row.json))
			refused(t, got, err, row.member, row.want)
		})
	}
}
