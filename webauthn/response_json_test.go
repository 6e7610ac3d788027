package webauthn_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hitherauth/hither/webauthn"
	"github.com/hitherauth/hither/webauthn/webauthntest"
)

// What a client of ours writes a relying party of ours reads: all that was there before.
func TestResponsesThroughJSON(t *testing.T) {
	t.Parallel()
	yes := true
	for _, row := range []struct {
		name string
		edit func(*webauthn.RegistrationResponse)
	}{
		{"plain", func(*webauthn.RegistrationResponse) {}},
		{"says_little", func(r *webauthn.RegistrationResponse) { r.Transports, r.Attachment, r.Discoverable = nil, "", nil }},
		{"prf", func(r *webauthn.RegistrationResponse) { r.PRFEnabled = &yes }},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			want, err := webauthn.ParseRegistrationResponse(registration(t, webauthntest.Config{Attachment: "cross-platform"}))
			if err != nil {
				t.Fatal(err)
			}
			want.Transports = []webauthn.Transport{webauthn.TransportHybrid, webauthn.TransportInternal}
			row.edit(&want)
			got, err := webauthn.ParseRegistrationResponse(marshal(t, want))
			if diff := cmp.Diff(got, want); err != nil || diff != "" {
				t.Errorf("%v (-got +want)\n%s", err, diff)
			}
		})
	}
	for _, handle := range []webauthn.Bytes{nil, {1}} {
		want, err := webauthn.ParseAuthenticationResponse(authentication(t))
		if err != nil {
			t.Fatal(err)
		}
		want.UserHandle = handle
		got, err := webauthn.ParseAuthenticationResponse(marshal(t, want))
		if diff := cmp.Diff(got, want); err != nil || diff != "" {
			t.Errorf("%v (-got +want)\n%s", err, diff)
		}
	}
}

// The members that this package writes and does not read back.
func TestRegistrationResponseCopies(t *testing.T) {
	t.Parallel()
	for _, algorithm := range []webauthn.Algorithm{webauthn.ES256, webauthn.ES384, webauthn.ES512, webauthn.EdDSA, webauthn.RS256} {
		body := registration(t, webauthntest.Config{Algorithm: algorithm})
		r, err := webauthn.ParseRegistrationResponse(body)
		if err != nil {
			t.Fatal(err)
		}
		r.Transports = []webauthn.Transport{webauthn.TransportUSB, webauthn.TransportBLE, "of-the-future", webauthn.TransportUSB}
		var got, browser struct {
			Response struct {
				AuthenticatorData  string
				PublicKey          []byte
				PublicKeyAlgorithm int64
				Transports         []string
			}
		}
		fromURL := strings.NewReplacer("-", "+", "_", "/")
		for text, to := range map[string]any{string(marshal(t, r)): &got, string(body): &browser} {
			var all map[string]any
			if err := json.Unmarshal([]byte(text), &all); err != nil {
				t.Fatal(err)
			}
			response := all["response"].(map[string]any)
			spki := fromURL.Replace(response["publicKey"].(string))
			response["publicKey"] = spki + strings.Repeat("=", -len(spki)&3)
			if err := json.Unmarshal(marshal(t, all), to); err != nil {
				t.Fatal(err)
			}
		}
		browser.Response.Transports = []string{"ble", "usb"}
		if diff := cmp.Diff(got, browser); diff != "" {
			t.Errorf("%d: (-got +a browser's)\n%s", algorithm, diff)
		}
	}
}

func TestSubjectPublicKeyInfo(t *testing.T) {
	t.Parallel()
	x, y := make([]byte, 32), make([]byte, 32)
	for _, row := range []struct {
		name string
		key  webauthn.COSEKey
		want string // in the error; "": nil and no error
	}{
		{"unknown_algorithm", webauthn.COSEKey{KeyType: 7, Algorithm: -48}, ""},
		{"off_the_curve", webauthn.COSEKey{KeyType: 2, Algorithm: webauthn.ES256, Curve: 1, X: x, Y: y}, "not on the curve"},
		{"another_curve", webauthn.COSEKey{KeyType: 2, Algorithm: webauthn.ES256, Curve: 8, X: x, Y: y}, "do not suit"},
		{"short_coordinate", webauthn.COSEKey{KeyType: 2, Algorithm: webauthn.ES384, Curve: 2, X: x, Y: y}, "do not suit"},
		{"ec2_for_eddsa", webauthn.COSEKey{KeyType: 2, Algorithm: webauthn.EdDSA, Curve: 6, X: x, Y: y}, "do not suit"},
		{"ed448", webauthn.COSEKey{KeyType: 1, Algorithm: webauthn.EdDSA, Curve: 7, X: make([]byte, 57)}, "do not suit"},
		{"okp_for_es256", webauthn.COSEKey{KeyType: 1, Algorithm: webauthn.ES256, Curve: 1, X: x, Y: y}, "do not suit"},

		{"short_x_alone", webauthn.COSEKey{KeyType: 2, Algorithm: webauthn.ES256, Curve: 1, X: x[1:], Y: y}, "do not suit"},
		{"short_y_alone", webauthn.COSEKey{KeyType: 2, Algorithm: webauthn.ES256, Curve: 1, X: x, Y: y[1:]}, "do not suit"},
		{"ed448_that_is_short", webauthn.COSEKey{KeyType: 1, Algorithm: webauthn.EdDSA, Curve: 7, X: x}, "do not suit"},
		{"ed25519_of_31_bytes", webauthn.COSEKey{KeyType: 1, Algorithm: webauthn.EdDSA, Curve: 6, X: x[1:]}, "do not suit"},
		{"ed25519_of_33_bytes", webauthn.COSEKey{KeyType: 1, Algorithm: webauthn.EdDSA, Curve: 6, X: make([]byte, 33)}, "do not suit"},
		{"ec2_for_rs256", webauthn.COSEKey{KeyType: 2, Algorithm: webauthn.RS256, N: []byte{0xff}, E: []byte{3}}, "do not suit"},
		{"rsa_without_exponent", webauthn.COSEKey{KeyType: 3, Algorithm: webauthn.RS256, N: []byte{0xff}}, "do not suit"},
		{"rsa_exponent_of_1", webauthn.COSEKey{KeyType: 3, Algorithm: webauthn.RS256, N: []byte{0xff}, E: []byte{1}}, "do not suit"},
		{"rsa_exponent_of_65_bits", webauthn.COSEKey{KeyType: 3, Algorithm: webauthn.RS256, N: []byte{0xff}, E: []byte{1, 0, 0, 0, 0, 0, 0, 0, 3}}, "do not suit"},
		{"rsa_of_8200_bits", webauthn.COSEKey{KeyType: 3, Algorithm: webauthn.RS256, N: bytes.Repeat([]byte{0xff}, 1025), E: []byte{3}}, "do not suit"},
		{"rsa_of_nothing", webauthn.COSEKey{KeyType: 3, Algorithm: webauthn.RS256, N: []byte{0}, E: []byte{3}}, "do not suit"},
		{"rsa_exponent_of_32_bits", webauthn.COSEKey{KeyType: 3, Algorithm: webauthn.RS256, N: []byte{0xff}, E: []byte{0xff, 0, 0, 1}}, "do not suit"},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			got, err := row.key.SubjectPublicKeyInfo()
			if row.want == "" && err == nil && got == nil {
				return
			}
			refused(t, got, err, "", row.want)
		})
	}
}

func TestRegistrationResponseWithoutKey(t *testing.T) {
	t.Parallel()
	if b, err := (webauthn.RegistrationResponse{}).MarshalJSON(); err == nil || b != nil {
		t.Errorf("got %s, %v", b, err)
	}
}

// L3 lets the AAGUID stand: what goes is the statement.
func TestWithoutStatement(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name        string
		attestation webauthntest.Attestation
		aaguid      webauthn.AAGUID
		want        string // format
	}{
		{"certified", webauthntest.AttestationPacked, webauthn.AAGUID{}, "none"},
		{"certified_model", webauthntest.AttestationPacked, webauthn.AAGUID{1}, "none"},
		{"self", webauthntest.AttestationSelf, webauthn.AAGUID{}, "packed"},
		{"self_of_a_model", webauthntest.AttestationSelf, webauthn.AAGUID{1}, "none"},
		{"none", webauthntest.AttestationNone, webauthn.AAGUID{1}, "none"},
		{"u2f", webauthntest.AttestationFIDOU2F, webauthn.AAGUID{}, "none"},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			r, err := webauthn.ParseRegistrationResponse(registration(t, webauthntest.Config{Attestation: row.attestation, AAGUID: row.aaguid}))
			if err != nil {
				t.Fatal(err)
			}
			got, err := r.AttestationObject.WithoutStatement()
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(got.AuthenticatorData, r.AttestationObject.AuthenticatorData); diff != "" || got.Format != row.want {
				t.Errorf("got format %s, want %s\n%s", got.Format, row.want, diff)
			}
		})
	}
}

func TestNewClientData(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name string
		data webauthn.ClientData
		want string
	}{
		{"plain", webauthn.ClientData{Type: "webauthn.get", Challenge: "AAEC", Origin: origin}, `{"type":"webauthn.get","challenge":"AAEC","origin":"https://id.example","crossOrigin":false}`},
		{
			"framed",
			webauthn.ClientData{Type: "webauthn.get", Challenge: "AAEC", Origin: origin, CrossOrigin: true, TopOrigin: "https://top.example"},
			`{"type":"webauthn.get","challenge":"AAEC","origin":"https://id.example","crossOrigin":true,"topOrigin":"https://top.example"}`,
		},
		{
			"escapes",
			webauthn.ClientData{Type: "\"\\\n\x00\x1f\x20<>&\x7f", Challenge: "\u2028é😀", Origin: "\xff"},
			`{"type":"\"\\\u000a\u0000\u001f <>&` + "\x7f" + `","challenge":"` + "\u2028é😀" + `","origin":"` + "\ufffd" + `","crossOrigin":false}`,
		},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			got := webauthn.NewClientData(row.data)
			if diff := cmp.Diff(string(got.Raw), row.want); diff != "" {
				t.Errorf("(-got +want)\n%s", diff)
			}
			read, err := webauthn.ParseClientData(got.Raw)
			if row.name == "escapes" {
				read.Origin = row.data.Origin
			}
			if diff := cmp.Diff(read, got); err != nil || diff != "" {
				t.Errorf("read again: %v (-read +written)\n%s", err, diff)
			}
		})
	}
}

// Every published client data that is a client's of today is written to the
// byte; where the vector has a member of the future, up to that member.
func TestVectorsClientData(t *testing.T) {
	t.Parallel()
	vectors := published(t)
	var whole, extended int
	for _, v := range vectors {
		if !strings.HasPrefix(v.ID, "w3c_") {
			continue
		}
		for _, text := range []string{v.Registration.ClientData, v.Assertion.ClientData} {
			raw := string(decoded(text))
			c, err := webauthn.ParseClientData([]byte(raw))
			if err != nil {
				t.Fatal(err)
			}
			got := string(webauthn.NewClientData(c).Raw)
			before, _, more := strings.Cut(raw, `,"extraData":`)
			switch {
			case more && got == before+"}":
				extended++
			case !more && got == raw:
				whole++
			default:
				t.Errorf("%s: got %s, want %s", v.ID, got, raw)
			}
		}
	}
	if whole+extended != 30 {
		t.Errorf("%d client data instead of 30", whole+extended)
	}
	t.Logf("wrote %d client data to the byte, %d up to a member of the future", whole, extended)
}
