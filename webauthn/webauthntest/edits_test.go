package webauthntest_test

import (
	"testing"

	"github.com/hitherauth/hither/webauthn"
	"github.com/hitherauth/hither/webauthn/webauthntest"
)

// Each edit breaks a ceremony that is valid without it, so it reaches what is sent, and is noticed.
func TestEditsBreakRegistrations(t *testing.T) {
	t.Parallel()
	type edit = func(*webauthntest.Registration)
	tests := map[string]struct {
		attestation webauthntest.Attestation
		edit        edit
	}{
		"type":      {"", func(r *webauthntest.Registration) { r.ClientData.SetString("type", "webauthn.get") }},
		"challenge": {"", func(r *webauthntest.Registration) { r.ClientData.SetBytes("challenge", []byte("another")) }},
		"rp_id_hash": {"", func(r *webauthntest.Registration) {
			r.AuthenticatorData.RPIDHash = make([]byte, 32)
		}},
		"user_present": {"", func(r *webauthntest.Registration) {
			r.AuthenticatorData.Flags &^= webauthntest.FlagUserPresent
		}},
		"no_attested_data": {"", func(r *webauthntest.Registration) {
			r.AuthenticatorData.Attested = nil
		}},
		"id_length_lies": {"", func(r *webauthntest.Registration) {
			lie := uint16(1000)
			r.AuthenticatorData.Attested.IDLength = &lie
		}},
		"key_algorithm": {"", func(r *webauthntest.Registration) {
			r.AuthenticatorData.Attested.Key.Set(webauthntest.CBORInt(webauthntest.COSEAlgorithm), webauthntest.CBORInt(-47))
		}},
		"trailing_byte_in_authenticator_data": {"", func(r *webauthntest.Registration) {
			r.AuthenticatorData.Trailing = []byte{0}
		}},
		"id_in_envelope": {"", func(r *webauthntest.Registration) { r.CredentialID = []byte("another") }},
		"statement_not_empty": {"", func(r *webauthntest.Registration) {
			r.At(webauthntest.BeforeStatement, func() {
				r.Statement.Add(webauthntest.CBORText("x"), webauthntest.CBORInt(1))
			})
		}},
		"format_unknown": {"", func(r *webauthntest.Registration) {
			r.At(webauthntest.BeforeObject, func() {
				r.Object.Set(webauthntest.CBORText("fmt"), webauthntest.CBORText("acme"))
			})
		}},
		"trailing_byte_in_object": {"", func(r *webauthntest.Registration) {
			r.At(webauthntest.AfterObject, func() { r.AttestationObject = append(r.AttestationObject, 0) })
		}},
		"envelope_type": {"", func(r *webauthntest.Registration) {
			r.At(webauthntest.BeforeBody, func() { r.Envelope.SetString("type", "password") })
		}},
		"response_member": {"", func(r *webauthntest.Registration) {
			r.At(webauthntest.BeforeBody, func() { r.Response.Delete("clientDataJSON") })
		}},
		"body_cut": {"", func(r *webauthntest.Registration) {
			r.At(webauthntest.AfterBody, func() { r.Body = r.Body[:len(r.Body)-1] })
		}},
		"self_signature": {webauthntest.AttestationSelf, func(r *webauthntest.Registration) {
			r.At(webauthntest.AfterSigning, func() { r.Signature[len(r.Signature)-1] ^= 1 })
		}},
		"self_client_data_after_signing": {webauthntest.AttestationSelf, func(r *webauthntest.Registration) {
			r.At(webauthntest.AfterSigning, func() { r.ClientDataJSON = append(r.ClientDataJSON, ' ') })
		}},
		"self_signature_input": {webauthntest.AttestationSelf, func(r *webauthntest.Registration) {
			r.At(webauthntest.BeforeSigning, func() { r.SignatureInput = r.RawAuthenticatorData })
		}},
		"packed_statement_algorithm": {webauthntest.AttestationPacked, func(r *webauthntest.Registration) {
			r.At(webauthntest.BeforeStatement, func() {
				r.Statement.Set(webauthntest.CBORText("alg"), webauthntest.CBORInt(-257))
			})
		}},
		"packed_aaguid_differs": {webauthntest.AttestationPacked, func(r *webauthntest.Registration) {
			r.At(webauthntest.BeforeCertificate, func() {
				r.Leaf.Extension(webauthntest.OIDAAGUID()).Value = webauthntest.DEROctetString(make([]byte, 16))
			})
		}},
		"packed_certificate_v1": {webauthntest.AttestationPacked, func(r *webauthntest.Registration) {
			r.At(webauthntest.BeforeCertificate, func() { r.Leaf.Version, r.Leaf.Extensions = -1, nil })
		}},
		"packed_signed_by_another_key": {webauthntest.AttestationPacked, func(r *webauthntest.Registration) {
			r.At(webauthntest.BeforeSigning, func() { r.SigningKey = r.Issuer })
		}},
		"u2f_two_certificates": {webauthntest.AttestationFIDOU2F, func(r *webauthntest.Registration) {
			r.At(webauthntest.BeforeSigning, func() { r.X5C = append(r.X5C, r.X5C[0]) })
		}},
		"tpm_magic": {webauthntest.AttestationTPM, func(r *webauthntest.Registration) { r.TPM.Magic++ }},
		"tpm_type":  {webauthntest.AttestationTPM, func(r *webauthntest.Registration) { r.TPM.Type++ }},
		"tpm_name": {webauthntest.AttestationTPM, func(r *webauthntest.Registration) {
			r.TPM.Name = append([]byte{0, 11}, make([]byte, 32)...)
		}},
		"tpm_extra_data": {webauthntest.AttestationTPM, func(r *webauthntest.Registration) {
			r.TPM.ExtraData = make([]byte, 32)
		}},
		"tpm_key": {webauthntest.AttestationTPM, func(r *webauthntest.Registration) { r.TPM.Public.Unique[0][3] ^= 1 }},
		"tpm_version": {webauthntest.AttestationTPM, func(r *webauthntest.Registration) {
			r.TPM.Version = "1.2"
		}},
		"tpm_no_extended_key_usage": {webauthntest.AttestationTPM, func(r *webauthntest.Registration) {
			r.At(webauthntest.BeforeCertificate, func() { r.Leaf.DeleteExtension(webauthntest.OIDExtendedKeyUsage()) })
		}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := webauthntest.New(webauthntest.Config{Attestation: tt.attestation, AAGUID: webauthn.AAGUID{7}})
			options := creationOptions(webauthn.ES256)
			_, body, err := a.Create(options, testOrigin)
			if err != nil {
				t.Fatalf("Create: %v", err)
			}
			if _, err := register(t, options, body); err != nil {
				t.Fatalf("unedited: %v", detail(err))
			}
			_, body, err = a.Create(options, testOrigin, tt.edit)
			if err != nil {
				t.Fatalf("Create with the edit: %v", err)
			}
			if _, err := register(t, options, body); err == nil {
				t.Errorf("the edit was not noticed:\n%s", body)
			}
		})
	}
}

func TestEditsBreakAuthentications(t *testing.T) {
	t.Parallel()
	tests := map[string]func(*webauthntest.Authentication){
		"type":   func(g *webauthntest.Authentication) { g.ClientData.SetString("type", "webauthn.create") },
		"origin": func(g *webauthntest.Authentication) { g.ClientData.SetString("origin", "https://evil.example") },
		"user_verified": func(g *webauthntest.Authentication) {
			g.AuthenticatorData.Flags &^= webauthntest.FlagUserVerified
		},
		"backup_eligible": func(g *webauthntest.Authentication) {
			g.AuthenticatorData.Flags |= webauthntest.FlagBackupEligible
		},
		"user_handle": func(g *webauthntest.Authentication) { g.UserHandle = []byte("another") },
		"signature": func(g *webauthntest.Authentication) {
			g.At(webauthntest.AfterSigning, func() { g.Signature[10] ^= 1 })
		},
		"authenticator_data_after_signing": func(g *webauthntest.Authentication) {
			g.At(webauthntest.AfterSigning, func() { g.RawAuthenticatorData[36]++ })
		},
	}
	for name, edit := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := webauthntest.New(webauthntest.Config{})
			options := creationOptions(webauthn.ES256)
			_, body, err := a.Create(options, testOrigin)
			if err != nil {
				t.Fatalf("Create: %v", err)
			}
			cred, err := register(t, options, body)
			if err != nil {
				t.Fatalf("registration: %v", detail(err))
			}
			request := requestOptions()
			body, err = a.Get(request, testOrigin, edit)
			if err != nil {
				t.Fatalf("Get: %v", err)
			}
			if err := authenticate(t, cred, request, body); err == nil {
				t.Errorf("the edit was not noticed:\n%s", body)
			}
		})
	}
}
