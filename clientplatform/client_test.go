package clientplatform_test

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hitherauth/hither/clientplatform"
	"github.com/hitherauth/hither/ctap2"
	"github.com/hitherauth/hither/relyingparty"
	"github.com/hitherauth/hither/webauthn"
	"github.com/hitherauth/hither/webauthn/webauthntest"
)

// Every kind of ceremony ends where a browser's ends: in the same Finish.
func TestCeremonies(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name   string
		rp     func(*relyingparty.Config)
		device webauthntest.Config
	}{
		{"plain", nil, webauthntest.Config{}},
		{"every_algorithm", func(c *relyingparty.Config) { c.Algorithms = []webauthn.Algorithm{webauthn.RS256} }, webauthntest.Config{}},
		{"suffix", func(c *relyingparty.Config) { c.ID = "example.test" }, webauthntest.Config{}},
		{"backed_up", nil, webauthntest.Config{BackupEligible: true, BackupState: true, Counting: true}},
		{"attested", func(c *relyingparty.Config) { c.Attestation.Statement = relyingparty.StatementVerify }, webauthntest.Config{Attestation: webauthntest.AttestationPacked}},
		{"self_attested", func(c *relyingparty.Config) { c.Attestation.Statement = relyingparty.StatementVerify }, webauthntest.Config{Attestation: webauthntest.AttestationSelf}},
		{"attested_unasked", nil, webauthntest.Config{Attestation: webauthntest.AttestationPacked, AAGUID: webauthn.AAGUID{7}}},
		{"preferred", func(c *relyingparty.Config) { c.UserVerification = webauthn.UserVerificationPreferred }, webauthntest.Config{}},
		{"discouraged", func(c *relyingparty.Config) { c.UserVerification = webauthn.UserVerificationDiscouraged }, webauthntest.Config{}},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			s, p := newScene(t, row.rp), newPhone(row.device)
			registration, err := s.register(t, p)
			if err != nil {
				t.Fatal(err)
			}
			want := relyingparty.Registration{
				Transports: []webauthn.Transport{webauthn.TransportHybrid, webauthn.TransportInternal}, Attachment: "cross-platform",
				UserHandle: []byte("handle of alice"), AAGUID: row.device.AAGUID, UserVerified: row.name != "discouraged",
				BackupEligible: row.device.BackupEligible, BackupState: row.device.BackupState, Discoverable: new(true),
				CredentialID: registration.CredentialID, PublicKey: registration.PublicKey, Algorithm: registration.Algorithm,
				AttestationFormat: "none",
			}
			switch row.name {
			case "attested":
				want.AttestationFormat, want.AttestationType = "packed", "basic_full"
			case "self_attested":
				want.AttestationFormat, want.AttestationType = "packed", "basic_surrogate"
			}
			if diff := cmp.Diff(registration, want); diff != "" {
				t.Errorf("(-got +want)\n%s", diff)
			}
			allow := []webauthn.CredentialDescriptor{{Type: "public-key", ID: registration.CredentialID}}
			for _, q := range []relyingparty.AuthenticationRequest{{}, {Identified: true, UserHandle: registration.UserHandle, Allow: allow}} {
				signed, err := s.authenticate(t, p, registration, q)
				if err != nil {
					t.Fatal(err)
				}
				if string(signed.UserHandle) != "handle of alice" || signed.UserVerified != want.UserVerified {
					t.Errorf("got %+v", signed)
				}
			}
		})
	}
}

// A second passkey for the same account on the same authenticator.
func TestExcluded(t *testing.T) {
	t.Parallel()
	s, p := newScene(t, nil), newPhone(webauthntest.Config{})
	registration, err := s.register(t, p)
	if err != nil {
		t.Fatal(err)
	}
	_, err = s.register(t, p, webauthn.CredentialDescriptor{ID: registration.CredentialID})
	failed(t, clientplatform.Registration{}, err, clientplatform.InvalidStateError, ctap2.StatusCredentialExcluded)
}

// What the authenticator is asked for, by the options.
func TestRequestsToTheAuthenticator(t *testing.T) {
	t.Parallel()
	none, rk, uv := ctap2.Options(nil), ctap2.Options{"rk": true}, ctap2.Options{"uv": true}
	both := ctap2.Options{"rk": true, "uv": true}
	for _, row := range []struct {
		name  string
		can   ctap2.Options
		want  webauthn.AuthenticatorSelection
		asked ctap2.Options
		fails clientplatform.Name
	}{
		{"nothing_said", both, webauthn.AuthenticatorSelection{}, uv, ""},
		{"nothing_said_nothing_there", none, webauthn.AuthenticatorSelection{}, none, ""},
		{"unknown_values", both, webauthn.AuthenticatorSelection{ResidentKey: "always", UserVerification: "always", Attachment: "orbital"}, uv, ""},
		{"all_required", both, webauthn.AuthenticatorSelection{ResidentKey: "required", UserVerification: "required"}, both, ""},
		{"level_1", both, webauthn.AuthenticatorSelection{RequireResidentKey: true, UserVerification: "discouraged"}, rk, ""},
		{"level_2_over_level_1", both, webauthn.AuthenticatorSelection{ResidentKey: "discouraged", RequireResidentKey: true, UserVerification: "discouraged"}, none, ""},
		{"preferred", both, webauthn.AuthenticatorSelection{ResidentKey: "preferred", UserVerification: "preferred"}, both, ""},
		{"preferred_nothing_there", none, webauthn.AuthenticatorSelection{ResidentKey: "preferred", UserVerification: "preferred"}, none, ""},
		{"verification_not_set_up", ctap2.Options{"rk": true, "uv": false, "clientPin": true}, webauthn.AuthenticatorSelection{UserVerification: "required"}, none, clientplatform.ConstraintError},
		{"no_verification", rk, webauthn.AuthenticatorSelection{UserVerification: "required"}, none, clientplatform.ConstraintError},
		{"not_discoverable", uv, webauthn.AuthenticatorSelection{ResidentKey: "required"}, none, clientplatform.ConstraintError},
		{"not_discoverable_level_1", uv, webauthn.AuthenticatorSelection{RequireResidentKey: true}, none, clientplatform.ConstraintError},
		{"this_device", both, webauthn.AuthenticatorSelection{Attachment: "platform"}, none, clientplatform.NotAllowedError},
		{"another_device", both, webauthn.AuthenticatorSelection{Attachment: "cross-platform"}, uv, ""},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			p := newPhone(webauthntest.Config{})
			p.info.Options = row.can
			o := creation()
			o.AuthenticatorSelection = row.want
			o.Extensions.CredProps = true
			answer, err := newClient(t, testOrigin).Create(t.Context(), p, o)
			if row.fails != "" {
				failed(t, answer, err, row.fails, nil)
				if p.creations != nil {
					t.Error("the authenticator was asked")
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(p.creations[0].Options, row.asked); diff != "" {
				t.Errorf("(-got +want)\n%s", diff)
			}
			response, err := webauthn.ParseRegistrationResponse(answer.JSON)
			if err != nil {
				t.Fatal(err)
			}
			if response.Discoverable == nil || *response.Discoverable != row.asked["rk"] {
				t.Errorf("credProps.rk is not what was asked for")
			}
		})
	}
}

func TestParameters(t *testing.T) {
	t.Parallel()
	pk := func(a ...webauthn.Algorithm) (list []webauthn.CredentialParameter) {
		for _, a := range a {
			list = append(list, webauthn.CredentialParameter{Type: "public-key", Algorithm: a})
		}
		return list
	}
	future := webauthn.CredentialParameter{Type: "of-the-future", Algorithm: webauthn.ES256}
	for _, row := range []struct {
		name            string
		wanted, can     []webauthn.CredentialParameter
		asked           []webauthn.CredentialParameter
		conveyance      string
		formats, format []string
		fails           clientplatform.Name
	}{
		{name: "none", asked: pk(webauthn.ES256, webauthn.RS256)},
		{name: "unknown_types_are_left_out", wanted: append([]webauthn.CredentialParameter{future}, pk(webauthn.ES256)...), asked: pk(webauthn.ES256)},
		{name: "unknown_types_alone", wanted: []webauthn.CredentialParameter{future}, fails: clientplatform.NotSupportedError},
		{name: "each_once", wanted: pk(webauthn.ES256, webauthn.EdDSA, webauthn.ES256), asked: pk(webauthn.ES256, webauthn.EdDSA)},
		{name: "unknown_algorithms_stay", wanted: pk(-48, webauthn.ES256), asked: pk(-48, webauthn.ES256)},
		{name: "nothing_in_common", wanted: pk(webauthn.ES256), can: pk(webauthn.EdDSA), fails: clientplatform.NotSupportedError},
		{name: "something_in_common", wanted: pk(-48, webauthn.ES256), can: pk(webauthn.ES256), asked: pk(-48, webauthn.ES256)},
		{name: "no_attestation", wanted: pk(webauthn.ES256), asked: pk(webauthn.ES256), conveyance: "none", formats: []string{"packed"}, format: []string{"none"}},
		{name: "attestation", wanted: pk(webauthn.ES256), asked: pk(webauthn.ES256), conveyance: "direct", formats: []string{"tpm", "packed"}, format: []string{"tpm", "packed"}},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			p := newPhone(webauthntest.Config{})
			p.info.Algorithms = row.can
			if row.format != nil {
				p.info.AttestationFormats = []string{"packed"}
			}
			o := creation()
			o.Parameters, o.Attestation, o.AttestationFormats = row.wanted, row.conveyance, row.formats
			answer, err := newClient(t, testOrigin).Create(t.Context(), p, o)
			if row.fails != "" {
				failed(t, answer, err, row.fails, nil)
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(p.creations[0].Parameters, row.asked); diff != "" {
				t.Errorf("(-got +want)\n%s", diff)
			}
			if diff := cmp.Diff(p.creations[0].AttestationFormats, row.format); diff != "" {
				t.Errorf("formats (-got +want)\n%s", diff)
			}
		})
	}
}

// Options that contradict themselves reach no authenticator.
func TestHostileOptions(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name string
		edit func(*webauthn.CreationOptions)
		want clientplatform.Name
	}{
		{"no_user_handle", func(o *webauthn.CreationOptions) { o.User.ID = nil }, clientplatform.TypeError},
		{"user_handle_of_65_bytes", func(o *webauthn.CreationOptions) { o.User.ID = make([]byte, 65) }, clientplatform.TypeError},
		{"no_challenge", func(o *webauthn.CreationOptions) { o.Challenge = nil }, clientplatform.TypeError},
		{"prf_by_credential", func(o *webauthn.CreationOptions) {
			o.Extensions.PRF = &webauthn.PRFInputs{EvalByCredential: map[string]webauthn.PRFValues{}}
		}, clientplatform.NotSupportedError},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			p, o := newPhone(webauthntest.Config{}), creation()
			row.edit(&o)
			answer, err := newClient(t, testOrigin).Create(t.Context(), p, o)
			failed(t, answer, err, row.want, nil)
			if p.creations != nil {
				t.Error("the authenticator was asked")
			}
		})
	}
	for _, n := range []int{1, 64} {
		o := creation()
		o.User.ID = make([]byte, n)
		if _, err := newClient(t, testOrigin).Create(t.Context(), newPhone(webauthntest.Config{}), o); err != nil {
			t.Errorf("a user handle of %d bytes: %v", n, err)
		}
	}
	p, o := newPhone(webauthntest.Config{}), request()
	o.Challenge = nil
	answer, err := newClient(t, testOrigin).Get(t.Context(), p, o)
	failed(t, answer, err, clientplatform.TypeError, nil)
	p, _ = enrolled(t)
	p.info.Options = nil
	if _, err := newClient(t, testOrigin).Get(t.Context(), p, request()); err != nil || p.assertions[0].Options != nil {
		t.Errorf("without user verification, which nobody requires: %v", err)
	}
	p, o = newPhone(webauthntest.Config{}), request()
	p.info.Options = ctap2.Options{"uv": false}
	o.UserVerification = webauthn.UserVerificationRequired
	answer, err = newClient(t, testOrigin).Get(t.Context(), p, o)
	failed(t, answer, err, clientplatform.NotAllowedError, nil)
	if p.assertions != nil {
		t.Error("the authenticator was asked")
	}
}

// The name that a program branches on, and the cause that it may tell its user.
func TestErrors(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		cause error
		want  clientplatform.Name
		says  string
	}{
		{ctap2.StatusOperationDenied, clientplatform.NotAllowedError, "declined"},
		{ctap2.StatusKeepaliveCancel, clientplatform.NotAllowedError, "declined"},
		{ctap2.StatusNoCredentials, clientplatform.NotAllowedError, "no passkey"},
		{ctap2.StatusCredentialExcluded, clientplatform.InvalidStateError, "already"},
		{ctap2.StatusUserActionTimeout, clientplatform.NotAllowedError, "nobody answered"},
		{ctap2.StatusActionTimeout, clientplatform.NotAllowedError, "nobody answered"},
		{ctap2.StatusUnsupportedAlgorithm, clientplatform.NotSupportedError, "algorithms"},
		{ctap2.StatusKeyStoreFull, clientplatform.NotAllowedError, "KEY_STORE_FULL"},
		{ctap2.StatusUVBlocked, clientplatform.NotAllowedError, "UV_BLOCKED"},
		{ctap2.StatusCode(0xf7), clientplatform.NotAllowedError, "0xf7"},
		{io.ErrUnexpectedEOF, clientplatform.NotAllowedError, "did not answer"},
		{fmt.Errorf("by way of: %w", ctap2.StatusNoCredentials), clientplatform.NotAllowedError, "no passkey"},
	} {
		t.Run(row.cause.Error(), func(t *testing.T) {
			t.Parallel()
			p := newPhone(webauthntest.Config{})
			p.failing = row.cause
			client := newClient(t, testOrigin)
			made, err := client.Create(t.Context(), p, creation())
			failed(t, made, err, row.want, row.cause)
			signed, errGet := client.Get(t.Context(), p, request())
			failed(t, signed, errGet, row.want, row.cause)
			for _, err := range []error{err, errGet} {
				if !strings.Contains(err.Error(), row.says) || !strings.HasPrefix(err.Error(), "clientplatform: "+string(row.want)) {
					t.Errorf("error %q does not say %q", err, row.says)
				}
			}
		})
	}
}

// The response is that of a browser, member by member.
func TestResponseMembers(t *testing.T) {
	t.Parallel()
	p := newPhone(webauthntest.Config{})
	client := newClient(t, testOrigin)
	made, err := client.Create(t.Context(), p, creation())
	if err != nil {
		t.Fatal(err)
	}
	signed, err := client.Get(t.Context(), p, request())
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range []struct {
		json []byte
		want string
	}{
		{made.JSON, "id rawId type authenticatorAttachment response{clientDataJSON attestationObject authenticatorData transports publicKey publicKeyAlgorithm} clientExtensionResults{}"},
		{signed.JSON, "id rawId type authenticatorAttachment response{clientDataJSON authenticatorData signature userHandle} clientExtensionResults{}"},
	} {
		var all map[string]any
		if err := json.Unmarshal(row.json, &all); err != nil {
			t.Fatal(err)
		}
		want := map[string]bool{}
		for name := range strings.FieldsFuncSeq(row.want, func(r rune) bool { return strings.ContainsRune(" {}", r) }) {
			want[name] = true
		}
		got := map[string]bool{}
		for name, v := range all {
			got[name] = true
			inner, _ := v.(map[string]any)
			for name := range inner {
				got[name] = true
			}
		}
		if diff := cmp.Diff(got, want); diff != "" {
			t.Errorf("(-got +want)\n%s", diff)
		}
	}
}
