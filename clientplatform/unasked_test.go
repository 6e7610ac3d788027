package clientplatform_test

import (
	"bytes"
	"context"
	"fmt"
	"testing"

	"github.com/hitherauth/hither/clientplatform"
	"github.com/hitherauth/hither/ctap2"
	"github.com/hitherauth/hither/webauthn"
	"github.com/hitherauth/hither/webauthn/webauthntest"
)

// An authenticator that cannot say what it can is not asked for more.
func TestHostileNoInfo(t *testing.T) {
	t.Parallel()
	client := newClient(t, testOrigin)
	made, err := client.Create(t.Context(), &scripted{errInfo: ctap2.StatusProcessing}, creation())
	failed(t, made, err, clientplatform.NotAllowedError, ctap2.StatusProcessing)
	signed, err := client.Get(t.Context(), &scripted{errInfo: ctap2.StatusProcessing}, request())
	failed(t, signed, err, clientplatform.NotAllowedError, ctap2.StatusProcessing)
}

// An answer that cannot be read is malformed, as one whose parts are not right.
func TestHostileBytes(t *testing.T) {
	t.Parallel()
	info := ctap2.Info{Versions: []string{"FIDO_2_0"}}
	for name, response := range map[string]string{"nothing": "", "no_map": "\x00", "junk": "\x00\xff", "empty_map": "\x00\xa0"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := ctap2.NewRemote(info, func(context.Context, []byte) ([]byte, error) { return []byte(response), nil })
			made, err := newClient(t, testOrigin).Create(t.Context(), a, creation())
			failed(t, made, err, clientplatform.UnknownError, nil)
			signed, err := newClient(t, testOrigin).Get(t.Context(), a, request())
			failed(t, signed, err, clientplatform.UnknownError, nil)
		})
	}
}

// What an authenticator calls its transports reaches nobody: it would be a way to
// tell one authenticator from another where no attestation is wanted, and too long
// a list makes a response that no server reads.
func TestHostileTransports(t *testing.T) {
	t.Parallel()
	p := newPhone(webauthntest.Config{})
	for n := range 1024 {
		p.info.Transports = append(p.info.Transports, fmt.Sprintf("serial number %0100d", n))
	}
	answer, err := newClient(t, testOrigin).Create(t.Context(), p, creation())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := webauthn.ParseRegistrationResponse(answer.JSON); err != nil {
		t.Error(err)
	}
	if bytes.Contains(answer.JSON, []byte("serial")) || !bytes.Contains(answer.JSON, []byte(`"transports":["hybrid","internal"]`)) {
		t.Errorf("got %.400s", answer.JSON)
	}
}

// Outputs that nobody asked for are not handed on.
func TestHostileOutputsUnasked(t *testing.T) {
	t.Parallel()
	p := newPhone(webauthntest.Config{})
	p.info.Extensions = nil
	prfOutput(string(output(1)))(p)
	inputs := &webauthn.PRFInputs{Eval: &webauthn.PRFValues{First: []byte("a")}}
	o, q := creation(), request()
	o.Extensions.PRF, q.Extensions.PRF = inputs, inputs
	made, err := newClient(t, testOrigin).Create(t.Context(), p, o)
	if err != nil || made.PRF != nil || !bytes.Contains(made.JSON, []byte(`{"prf":{"enabled":false}}`)) {
		t.Errorf("got %+v, %v", made, err)
	}
	signed, err := newClient(t, testOrigin).Get(t.Context(), p, q)
	if err != nil || signed.PRF != nil {
		t.Errorf("got %+v, %v", signed, err)
	}
}

// Where nobody can be verified, prf does not ask for it.
func TestPRFWithoutVerification(t *testing.T) {
	t.Parallel()
	p, _ := enrolled(t)
	p.info.Options = ctap2.Options{"rk": true}
	q := request()
	q.UserVerification = webauthn.UserVerificationDiscouraged
	q.Extensions.PRF = &webauthn.PRFInputs{Eval: &webauthn.PRFValues{First: []byte("a")}}
	if _, err := newClient(t, testOrigin).Get(t.Context(), p, q); err != nil || p.assertions[0].Options != nil {
		t.Errorf("got options %v, %v", p.assertions[0].Options, err)
	}
}

// A client that New did not make has no origin, and so no ceremonies.
func TestHostileZeroClient(t *testing.T) {
	t.Parallel()
	var client clientplatform.Client
	p, _ := enrolled(t)
	o, q := creation(), request()
	o.RP.ID, q.RPID = "", ""
	made, err := client.Create(t.Context(), p, o)
	failed(t, made, err, clientplatform.SecurityError, nil)
	signed, err := client.Get(t.Context(), p, q)
	failed(t, signed, err, clientplatform.SecurityError, nil)
}

// What is given out shares no memory with the options.
func TestAnswerIsACopy(t *testing.T) {
	t.Parallel()
	p, own := enrolled(t)
	p.signed = func(r *ctap2.GetAssertionResponse) { r.Credential = nil }
	q := request()
	q.AllowCredentials = []webauthn.CredentialDescriptor{{Type: own.Type, ID: bytes.Clone(own.ID)}}
	answer, err := newClient(t, testOrigin).Get(t.Context(), p, q)
	if err != nil {
		t.Fatal(err)
	}
	clear(answer.CredentialID)
	if !bytes.Equal(q.AllowCredentials[0].ID, own.ID) {
		t.Error("changing the answer changed the options")
	}
}
