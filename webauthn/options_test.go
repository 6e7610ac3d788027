package webauthn_test

import (
	"encoding/json"
	"testing"
	"time"

	jsonv2 "github.com/go-json-experiment/json"
	"github.com/google/go-cmp/cmp"

	"github.com/hitherauth/hither/webauthn"
)

// Whichever encoder a program uses, the JSON is that of the specification.
func TestOptionsMarshal(t *testing.T) {
	t.Parallel()
	descriptor := webauthn.CredentialDescriptor{
		Type:       "public-key",
		ID:         webauthn.Bytes{1, 2, 0xff},
		Transports: []webauthn.Transport{webauthn.TransportHybrid, webauthn.TransportSmartCard},
	}
	for _, row := range []struct {
		name    string
		options any
		want    string
	}{
		{
			"creation",
			webauthn.CreationOptions{
				RP:        webauthn.RelyingPartyEntity{ID: "id.example", Name: "Example"},
				User:      webauthn.UserEntity{ID: webauthn.Bytes{0xfb, 0xff}, Name: "ann", DisplayName: "Ann"},
				Challenge: webauthn.Bytes{0},
				Parameters: []webauthn.CredentialParameter{
					{Type: "public-key", Algorithm: webauthn.EdDSA},
					{Type: "public-key", Algorithm: webauthn.RS256},
				},
				Timeout:            webauthn.Milliseconds(5 * time.Minute),
				ExcludeCredentials: []webauthn.CredentialDescriptor{descriptor, {Type: "public-key", ID: webauthn.Bytes{9}}},
				AuthenticatorSelection: webauthn.AuthenticatorSelection{
					Attachment:         "cross-platform",
					ResidentKey:        "required",
					RequireResidentKey: true,
					UserVerification:   webauthn.UserVerificationRequired,
				},
				Hints:       []string{"hybrid"},
				Attestation: "none",
				Extensions:  webauthn.CreationExtensions{CredProps: true},
			},
			`{"rp":{"id":"id.example","name":"Example"},"user":{"id":"-_8","name":"ann","displayName":"Ann"},"challenge":"AA",` +
				`"pubKeyCredParams":[{"type":"public-key","alg":-8},{"type":"public-key","alg":-257}],"timeout":300000,` +
				`"excludeCredentials":[{"type":"public-key","id":"AQL_","transports":["hybrid","smart-card"]},{"type":"public-key","id":"CQ"}],` +
				`"authenticatorSelection":{"authenticatorAttachment":"cross-platform","residentKey":"required","requireResidentKey":true,"userVerification":"required"},` +
				`"hints":["hybrid"],"attestation":"none","extensions":{"credProps":true}}`,
		},
		{
			"creation_with_nothing",
			webauthn.CreationOptions{},
			`{"rp":{"name":""},"user":{"id":"","name":"","displayName":""},"challenge":"","pubKeyCredParams":[],"timeout":0,` +
				`"excludeCredentials":[],"authenticatorSelection":{"residentKey":"","requireResidentKey":false,"userVerification":""},` +
				`"attestation":"","extensions":{}}`,
		},
		{
			"request",
			webauthn.RequestOptions{
				Challenge:        webauthn.Bytes{0},
				Timeout:          webauthn.Milliseconds(1500 * time.Microsecond),
				RPID:             "id.example",
				AllowCredentials: []webauthn.CredentialDescriptor{descriptor},
				UserVerification: webauthn.UserVerificationPreferred,
				Hints:            []string{"client-device"},
			},
			`{"challenge":"AA","timeout":1,"rpId":"id.example","allowCredentials":[{"type":"public-key","id":"AQL_","transports":["hybrid","smart-card"]}],` +
				`"userVerification":"preferred","hints":["client-device"]}`,
		},
		{
			"request_with_nothing",
			&webauthn.RequestOptions{},
			`{"challenge":"","timeout":0,"allowCredentials":[],"userVerification":""}`,
		},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			one, err := json.Marshal(row.options)
			if err != nil {
				t.Fatal(err)
			}
			two, err := jsonv2.Marshal(row.options)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(one), row.want); diff != "" {
				t.Errorf("encoding/json (-got +want)\n%s", diff)
			}
			if diff := cmp.Diff(string(two), row.want); diff != "" {
				t.Errorf("go-json-experiment (-got +want)\n%s", diff)
			}
		})
	}
}

func TestOptionsThroughJSON(t *testing.T) {
	t.Parallel()
	want := creationOptions()
	want.Timeout = webauthn.Milliseconds(time.Minute)
	want.ExcludeCredentials = []webauthn.CredentialDescriptor{}
	b, err := json.Marshal(want)
	if err != nil {
		t.Fatal(err)
	}
	var got webauthn.CreationOptions
	if err := jsonv2.Unmarshal(b, &got); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(got, want); diff != "" {
		t.Errorf("(-got +want)\n%s", diff)
	}
}

func TestMillisecondsRefuses(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"-1", "1.5", `"1"`, "null", "4294967296", "1e3", ""} {
		m := webauthn.Milliseconds(7)
		if err := m.UnmarshalJSON([]byte(text)); err == nil || m != 7 {
			t.Errorf("%s: got %d, %v", text, m, err)
		}
	}
	for _, d := range []time.Duration{-time.Second, 50 * 24 * time.Hour} {
		if b, err := webauthn.Milliseconds(d).MarshalJSON(); err == nil || b != nil {
			t.Errorf("%s: got %s, %v", d, b, err)
		}
	}
}
