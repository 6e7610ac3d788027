package webauthn_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/hitherauth/hither/webauthn"
)

// The members that must be there, and nothing else.
const (
	leastCreation = `{"rp":{"name":""},"user":{"id":"AQ","name":"","displayName":""},"challenge":"AA","pubKeyCredParams":[]}`
	leastRequest  = `{"challenge":"AA"}`
)

// fullCreation and fullRequest have something in every member.
func fullCreation() webauthn.CreationOptions {
	o := creationOptions()
	o.Timeout = webauthn.Milliseconds(5 * time.Minute)
	o.ExcludeCredentials = []webauthn.CredentialDescriptor{
		{Type: "public-key", ID: webauthn.Bytes{1}, Transports: []webauthn.Transport{webauthn.TransportHybrid, webauthn.TransportInternal}},
		{Type: "of-the-future", ID: webauthn.Bytes{2}},
	}
	o.AuthenticatorSelection = webauthn.AuthenticatorSelection{
		Attachment: "cross-platform", ResidentKey: "required", RequireResidentKey: true, UserVerification: webauthn.UserVerificationRequired,
	}
	o.Hints = []string{"hybrid", "security-key"}
	o.Attestation = "direct"
	o.AttestationFormats = []string{"packed", "none"}
	o.Extensions.PRF = &webauthn.PRFInputs{Eval: &webauthn.PRFValues{First: webauthn.Bytes{}, Second: webauthn.Bytes("b")}}
	return o
}

func fullRequest() webauthn.RequestOptions {
	return webauthn.RequestOptions{
		Challenge:        webauthn.Bytes("0123456789abcdef"),
		Timeout:          webauthn.Milliseconds(time.Second),
		RPID:             "id.example",
		AllowCredentials: []webauthn.CredentialDescriptor{{Type: "public-key", ID: webauthn.Bytes{1}}},
		UserVerification: webauthn.UserVerificationDiscouraged,
		Hints:            []string{"client-device"},
		Extensions: webauthn.RequestExtensions{PRF: &webauthn.PRFInputs{
			EvalByCredential: map[string]webauthn.PRFValues{"AQ": {First: webauthn.Bytes("a")}},
		}},
	}
}

func marshal(t testing.TB, v any) []byte {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// What a relying party of ours writes a client of ours reads.
func TestParseOptionsReadsWhatIsWritten(t *testing.T) {
	t.Parallel()
	creation, err := webauthn.ParseCreationOptions(marshal(t, fullCreation()))
	if diff := cmp.Diff(creation, fullCreation()); err != nil || diff != "" {
		t.Errorf("creation: %v (-got +want)\n%s", err, diff)
	}
	request, err := webauthn.ParseRequestOptions(marshal(t, fullRequest()))
	if diff := cmp.Diff(request, fullRequest()); err != nil || diff != "" {
		t.Errorf("request: %v (-got +want)\n%s", err, diff)
	}
}

func TestParseOptionsNeedsLittle(t *testing.T) {
	t.Parallel()
	creation, err := webauthn.ParseCreationOptions([]byte(leastCreation))
	want := webauthn.CreationOptions{User: webauthn.UserEntity{ID: webauthn.Bytes{1}}, Challenge: webauthn.Bytes{0}}
	if diff := cmp.Diff(creation, want); err != nil || diff != "" {
		t.Errorf("creation: %v (-got +want)\n%s", err, diff)
	}
	request, err := webauthn.ParseRequestOptions([]byte(leastRequest))
	if diff := cmp.Diff(request, webauthn.RequestOptions{Challenge: webauthn.Bytes{0}}); err != nil || diff != "" {
		t.Errorf("request: %v (-got +want)\n%s", err, diff)
	}
}

// with adds members to the least options; name leads the path of the error.
func with(least, members string) []byte {
	return []byte(strings.TrimSuffix(least, "}") + "," + members + "}")
}

func TestParseOptionsKeepsEachHintOnce(t *testing.T) {
	t.Parallel()
	got, err := webauthn.ParseRequestOptions(with(leastRequest, `"hints":["hybrid","orbit","hybrid","security-key"]`))
	if diff := cmp.Diff(got.Hints, []string{"hybrid", "security-key"}); err != nil || diff != "" {
		t.Errorf("%v (-got +want)\n%s", err, diff)
	}
}

func TestParseOptionsTolerates(t *testing.T) {
	t.Parallel()
	for _, row := range []struct{ name, members string }{
		{"members_of_the_future", `"x":{"y":[1,null]},"mediation":"conditional"`},
		{"members_of_other_case", `"Challenge":1,"RP":null,"rpID":3`},
		{"unknown_attachment", `"authenticatorSelection":{"authenticatorAttachment":"orbital"}`},
		{"unknown_resident_key", `"authenticatorSelection":{"residentKey":"REQUIRED"}`},
		{"unknown_user_verification", `"authenticatorSelection":{"userVerification":"always"}`},
		{"unknown_attestation", `"attestation":"self"`},
		{"unknown_hints", `"hints":["telepathy",""]`},
		{"impossible_formats", `"attestationFormats":["","with space"]`},
		{"extensions_that_are_not_ours", `"extensions":{"appid":"https://id.example","largeBlob":{"support":"required"},"credBlob":1}`},
		{"empty_lists", `"excludeCredentials":[],"hints":[],"attestationFormats":[]`},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			want := webauthn.CreationOptions{User: webauthn.UserEntity{ID: webauthn.Bytes{1}}, Challenge: webauthn.Bytes{0}}
			got, err := webauthn.ParseCreationOptions(with(leastCreation, row.members))
			if diff := cmp.Diff(got, want); err != nil || diff != "" {
				t.Errorf("%v (-got +want)\n%s", err, diff)
			}
		})
	}
}

// What is said in an extension that is not ours is not read, and the limit is one.
func TestParseRequestOptionsTolerates(t *testing.T) {
	t.Parallel()
	for name, b := range map[string][]byte{
		"extensions_that_are_not_ours": with(leastRequest, `"extensions":{"appid":"https://id.example","credProps":true,"largeBlob":{"read":true}}`),
		"512_kib":                      []byte(leastRequest + strings.Repeat(" ", 512<<10-len(leastRequest))),
		"challenge_of_1_kib":           []byte(strings.Replace(leastRequest, `"AA"`, `"`+webauthn.Bytes(make([]byte, 1<<10)).String()+`"`, 1)),
	} {
		got, err := webauthn.ParseRequestOptions(b)
		got.Challenge = bytes.TrimRight(got.Challenge, "\x00")
		if diff := cmp.Diff(got, webauthn.RequestOptions{Challenge: webauthn.Bytes{}}); err != nil || diff != "" {
			t.Errorf("%s: %v (-got +want)\n%s", name, err, diff)
		}
	}
}

// Rows that both kinds of options refuse.
func eitherOptions(least string) []hostileOptions {
	deep := strings.Repeat("[", 16) + strings.Repeat("]", 16)
	return []hostileOptions{
		{"empty", "", "", "ends early"},
		{"null", "null", "", "null instead of an object"},
		{"array", "[" + least + "]", "", "an array instead of an object"},
		{"cut", least[:len(least)-1], "", "ends early"},
		{"two_objects", least + "{}", "", "more text"},
		{"over_512_kib", least + strings.Repeat(" ", 512<<10), "", "limit of 524288"},
		{"byte_order_mark", "\ufeff" + least, "", "not well-formed"},
		{"too_deep", string(with(least, `"x":`+deep)), "", "deeper than 16"},
		{"challenge_twice", string(with(least, `"challenge":"AA"`)), "", "same member twice"},
		{"challenge_twice_once_escaped", string(with(least, `"\u0063hallenge":"AA"`)), "", "same member twice"},
		{"unknown_twice", string(with(least, `"x":{"a":1,"a":1}`)), "", "same member twice"},
		{"challenge_is_empty", strings.Replace(least, `"challenge":"AA"`, `"challenge":""`, 1), "challenge", "empty"},
		{"challenge_is_a_number", strings.Replace(least, `"challenge":"AA"`, `"challenge":0`, 1), "challenge", "a number instead of a string"},
		{"challenge_is_padded", strings.Replace(least, `"challenge":"AA"`, `"challenge":"AA=="`, 1), "challenge", "base64url"},
		{"challenge_with_a_line_break", strings.Replace(least, `"challenge":"AA"`, `"challenge":"AA\n"`, 1), "challenge", "line breaks"},
		{"challenge_with_stray_bits", strings.Replace(least, `"challenge":"AA"`, `"challenge":"AB"`, 1), "challenge", "base64url"},
		{"challenge_over_1_kib", strings.Replace(least, `"challenge":"AA"`, `"challenge":"`+strings.Repeat("A", 1368)+`"`, 1), "challenge", "limit of 1024"},
		{"no_challenge", strings.Replace(least, `"challenge":"AA"`, `"Challenge":"AA"`, 1), "challenge", "missing"},
		{"timeout_is_a_text", string(with(least, `"timeout":"1000"`)), "timeout", "a string instead of a number"},
		{"timeout_is_null", string(with(least, `"timeout":null`)), "timeout", "null instead of a number"},
		{"timeout_below_zero", string(with(least, `"timeout":-1`)), "timeout", "whole number"},
		{"timeout_of_a_fraction", string(with(least, `"timeout":1.5`)), "timeout", "whole number"},
		{"timeout_with_an_exponent", string(with(least, `"timeout":1e3`)), "timeout", "whole number"},
		{"timeout_over_32_bits", string(with(least, `"timeout":4294967296`)), "timeout", "whole number"},
		{"hints_are_a_text", string(with(least, `"hints":"hybrid"`)), "hints", "a string instead of an array"},
		{"hint_is_a_number", string(with(least, `"hints":[1]`)), "hints", "a number instead of a string"},
		{"hints_without_end", string(with(least, `"hints":[`+strings.Repeat(`"",`, 64)+`""]`)), "hints", "limit of 64"},
		{"extensions_are_null", string(with(least, `"extensions":null`)), "extensions", "null instead of an object"},
		{"prf_is_a_boolean", string(with(least, `"extensions":{"prf":true}`)), "extensions.prf", "a boolean instead of an object"},
		{"prf_eval_without_first", string(with(least, `"extensions":{"prf":{"eval":{"second":"AA"}}}`)), "extensions.prf.eval.first", "missing"},
		{"prf_eval_first_is_a_number", string(with(least, `"extensions":{"prf":{"eval":{"first":1}}}`)), "extensions.prf.eval.first", "a number instead of a string"},
		{"prf_eval_second_is_null", string(with(least, `"extensions":{"prf":{"eval":{"first":"","second":null}}}`)), "extensions.prf.eval.second", "null instead of a string"},
		{"prf_eval_padded", string(with(least, `"extensions":{"prf":{"eval":{"first":"AA=="}}}`)), "extensions.prf.eval.first", "base64url"},
		{"prf_credential_twice", string(with(least, `"extensions":{"prf":{"evalByCredential":{"AA":{"first":""},"AA":{"first":""}}}}`)), "extensions.prf.evalByCredential", "same member twice"},
		{"prf_credentials_without_end", string(with(least, `"extensions":{"prf":{"evalByCredential":{`+many(257, `"%d":{"first":""}`)+`}}}`)), "extensions.prf.evalByCredential", "limit of 256"},
	}
}

type hostileOptions struct{ name, json, member, want string }

// many writes n elements of a list, each with its number.
func many(n int, format string) string {
	var b strings.Builder
	for i := range n {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, format, i)
	}
	return b.String()
}

func descriptorRows(least, list string) []hostileOptions {
	row := func(name, element, member, want string) hostileOptions {
		return hostileOptions{name, string(with(least, `"`+list+`":[`+element+`]`)), list + member, want}
	}
	return []hostileOptions{
		{"list_is_null", string(with(least, `"`+list+`":null`)), list, "null instead of an array"},
		row("credential_is_null", "null", "", "null instead of an object"),
		row("credential_without_type", `{"id":"AA"}`, ".type", "missing"),
		row("credential_without_id", `{"type":"public-key"}`, ".id", "missing"),
		row("credential_with_an_empty_id", `{"type":"public-key","id":""}`, ".id", "empty"),
		row("credential_with_an_id_of_1024_bytes", `{"type":"public-key","id":"`+strings.Repeat("A", 1366)+`"}`, ".id", "limit of 1023"),
		row("credential_with_plain_base64", `{"type":"public-key","id":"++++"}`, ".id", "base64url"),
		row("transports_are_a_text", `{"type":"public-key","id":"AA","transports":"usb"}`, ".transports", "a string instead of an array"),
		row("credentials_without_end", many(257, `{"type":"public-key","id":"AA","n":%d}`), "", "limit of 256"),
	}
}

func TestHostileCreationOptionsRefuses(t *testing.T) {
	t.Parallel()
	rows := append(eitherOptions(leastCreation), descriptorRows(leastCreation, "excludeCredentials")...)
	replace := func(name, old, with, member, want string) {
		if !strings.Contains(leastCreation, old) {
			t.Fatalf("%s: nothing to replace", name)
		}
		rows = append(rows, hostileOptions{name, strings.Replace(leastCreation, old, with, 1), member, want})
	}
	replace("no_rp", `"rp"`, `"RP"`, "rp", "missing")
	replace("rp_is_a_text", `{"name":""}`, `"id.example"`, "rp", "a string instead of an object")
	replace("rp_without_name", `{"name":""}`, `{"id":"id.example"}`, "rp.name", "missing")
	replace("rp_with_an_empty_id", `{"name":""}`, `{"name":"","id":""}`, "rp.id", "empty")
	replace("rp_id_is_null", `{"name":""}`, `{"name":"","id":null}`, "rp.id", "null instead of a string")
	replace("no_user", `"user"`, `"User"`, "user", "missing")
	replace("user_without_id", `"id":"AQ",`, ``, "user.id", "missing")
	replace("user_with_an_empty_id", `"id":"AQ"`, `"id":""`, "user.id", "empty")
	replace("user_id_of_65_bytes", `"id":"AQ"`, `"id":"`+strings.Repeat("A", 87)+`"`, "user.id", "limit of 64")
	replace("user_without_name", `"name":"","d`, `"d`, "user.name", "missing")
	replace("user_without_display_name", `,"displayName":""`, ``, "user.displayName", "missing")
	replace("user_name_is_no_utf8", `"name":"","d`, "\"name\":\"\xff\",\"d", "user.name", "not well-formed")
	replace("no_parameters", `,"pubKeyCredParams":[]`, ``, "pubKeyCredParams", "missing")
	replace("parameters_are_an_object", `"pubKeyCredParams":[]`, `"pubKeyCredParams":{}`, "pubKeyCredParams", "an object instead of an array")
	replace("parameter_without_type", `"pubKeyCredParams":[]`, `"pubKeyCredParams":[{"alg":-7}]`, "pubKeyCredParams.type", "missing")
	replace("parameter_without_algorithm", `"pubKeyCredParams":[]`, `"pubKeyCredParams":[{"type":"public-key"}]`, "pubKeyCredParams.alg", "missing")
	replace("algorithm_is_a_text", `"pubKeyCredParams":[]`, `"pubKeyCredParams":[{"type":"public-key","alg":"ES256"}]`, "pubKeyCredParams.alg", "a string instead of a number")
	replace("algorithm_over_32_bits", `"pubKeyCredParams":[]`, `"pubKeyCredParams":[{"type":"public-key","alg":-2147483649}]`, "pubKeyCredParams.alg", "whole number")
	replace("parameters_without_end", `"pubKeyCredParams":[]`, `"pubKeyCredParams":[`+many(65, `{"type":"public-key","alg":%d}`)+`]`, "pubKeyCredParams", "limit of 64")
	for _, row := range append(rows, []hostileOptions{
		{"selection_is_null", string(with(leastCreation, `"authenticatorSelection":null`)), "authenticatorSelection", "null instead of an object"},
		{"resident_key_is_a_boolean", string(with(leastCreation, `"authenticatorSelection":{"residentKey":true}`)), "authenticatorSelection.residentKey", "a boolean instead of a string"},
		{"require_resident_key_is_a_text", string(with(leastCreation, `"authenticatorSelection":{"requireResidentKey":"true"}`)), "authenticatorSelection.requireResidentKey", "a string instead of"},
		{"user_verification_is_null", string(with(leastCreation, `"authenticatorSelection":{"userVerification":null}`)), "authenticatorSelection.userVerification", "null instead of a string"},
		{"cred_props_is_a_text", string(with(leastCreation, `"extensions":{"credProps":"yes"}`)), "extensions.credProps", "a string instead of"},
	}...) {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			got, err := webauthn.ParseCreationOptions([]byte(row.json))
			refused(t, got, err, row.member, row.want)
		})
	}
}

func TestHostileRequestOptionsRefuses(t *testing.T) {
	t.Parallel()
	for _, row := range append(append(eitherOptions(leastRequest), descriptorRows(leastRequest, "allowCredentials")...), []hostileOptions{
		{"rp_id_is_empty", string(with(leastRequest, `"rpId":""`)), "rpId", "empty"},
		{"rp_id_is_null", string(with(leastRequest, `"rpId":null`)), "rpId", "null instead of a string"},
		{"user_verification_is_a_boolean", string(with(leastRequest, `"userVerification":true`)), "userVerification", "a boolean instead of a string"},
	}...) {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			got, err := webauthn.ParseRequestOptions([]byte(row.json))
			refused(t, got, err, row.member, row.want)
		})
	}
}

func FuzzParseCreationOptions(f *testing.F) {
	f.Add([]byte(leastCreation))
	f.Add(marshal(f, fullCreation()))
	f.Add(with(leastCreation, `"extensions":{"prf":{"evalByCredential":{}},"x":1},"hints":["hybrid","hybrid","x"]`))
	f.Fuzz(func(t *testing.T, b []byte) {
		got, err := webauthn.ParseCreationOptions(b)
		if !settled(t, got, err) {
			return
		}
		again, err := webauthn.ParseCreationOptions(marshal(t, got))
		if diff := cmp.Diff(again, got); err != nil || diff != "" {
			t.Fatalf("%q: %v (-again +first)\n%s", b, err, diff)
		}
	})
}

func FuzzParseRequestOptions(f *testing.F) {
	f.Add([]byte(leastRequest))
	f.Add(marshal(f, fullRequest()))
	f.Add(with(leastRequest, `"extensions":{"prf":{}},"allowCredentials":[{"type":"","id":"AA","transports":["usb",1]}]`))
	f.Fuzz(func(t *testing.T, b []byte) {
		got, err := webauthn.ParseRequestOptions(b)
		if !settled(t, got, err) {
			return
		}
		again, err := webauthn.ParseRequestOptions(marshal(t, got))
		if diff := cmp.Diff(again, got); err != nil || diff != "" {
			t.Fatalf("%q: %v (-again +first)\n%s", b, err, diff)
		}
	})
}
