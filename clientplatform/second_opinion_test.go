package clientplatform_test

import (
	"encoding/json"
	"testing"

	"github.com/go-webauthn/webauthn/protocol"
	library "github.com/go-webauthn/webauthn/webauthn"

	"github.com/hitherauth/hither/webauthn"
	"github.com/hitherauth/hither/webauthn/webauthntest"
)

// person is an account as go-webauthn wants it.
type person struct{ credentials []library.Credential }

func (p *person) WebAuthnID() []byte                        { return []byte("handle of alice") }
func (p *person) WebAuthnName() string                      { return "alice" }
func (p *person) WebAuthnDisplayName() string               { return "Alice" }
func (p *person) WebAuthnCredentials() []library.Credential { return p.credentials }

// Another relying party's options can be read, and it takes the answers, from
// their first byte: go-webauthn's whole path, of which our production uses none.
func TestAnotherRelyingParty(t *testing.T) {
	t.Parallel()
	for name, config := range map[string]webauthntest.Config{
		"plain":    {},
		"attested": {Attestation: webauthntest.AttestationPacked},
		"rsa":      {Algorithm: webauthn.RS256},
		"eddsa":    {Algorithm: webauthn.EdDSA},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rp, err := library.New(&library.Config{
				RPID: testID, RPDisplayName: "Example", RPOrigins: []string{testOrigin}, AttestationPreference: protocol.PreferDirectAttestation,
				AuthenticatorSelection: protocol.AuthenticatorSelection{UserVerification: protocol.VerificationRequired},
			})
			if err != nil {
				t.Fatal(err)
			}
			client, p, alice := newClient(t, testOrigin), newPhone(config), &person{}
			creation, session, err := rp.BeginRegistration(alice,
				library.WithResidentKeyRequirement(protocol.ResidentKeyRequirementRequired),
				library.WithExtensions(library.WithExtensionCredProps(), library.WithExtensionPRFSupport(), library.WithExtensionMinPinLength()))
			if err != nil {
				t.Fatal(err)
			}
			made, err := client.Create(t.Context(), p, throughJSON(t, creation.Response, webauthn.ParseCreationOptions))
			if err != nil {
				t.Fatal(err)
			}
			registered, err := protocol.ParseCredentialCreationResponseBytes(made.JSON)
			if err != nil {
				t.Fatal(err)
			}
			credential, err := rp.CreateCredential(alice, *session, registered)
			if err != nil {
				t.Fatal(err)
			}
			alice.credentials = []library.Credential{*credential}

			request, session, err := rp.BeginLogin(alice)
			if err != nil {
				t.Fatal(err)
			}
			signed, err := client.Get(t.Context(), p, throughJSON(t, request.Response, webauthn.ParseRequestOptions))
			if err != nil {
				t.Fatal(err)
			}
			answer, err := protocol.ParseCredentialRequestResponseBytes(signed.JSON)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := rp.ValidateLogin(alice, *session, answer); err != nil {
				t.Error(err)
			}
			if !json.Valid(made.JSON) || !json.Valid(signed.JSON) {
				t.Error("not JSON")
			}
		})
	}
}
