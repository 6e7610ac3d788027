package relyingparty_test

import (
	"bytes"
	"encoding/base64"
	"strings"

	"github.com/go-webauthn/webauthn/protocol/webauthncose"

	"github.com/hitherauth/hither/relyingparty"
	"github.com/hitherauth/hither/webauthn"
	"github.com/hitherauth/hither/webauthn/webauthntest"
)

func coseAlgorithm(a webauthn.Algorithm) webauthncose.COSEAlgorithmIdentifier {
	return webauthncose.COSEAlgorithmIdentifier(a)
}

// mutation changes one thing in a ceremony. Both verbs know those of the parts
// that they share.
type mutation struct {
	name           string
	common         func(*webauthntest.Ceremony)
	registration   regEdit
	authentication authEdit
	record         func(*relyingparty.Credential)
	// only says which authenticators the mutation makes sense for; nil: all.
	only func(a webauthn.Algorithm, s webauthntest.Attestation) bool
	// stricter says what we refuse and the library accepts: the rows of
	// docs/divergences.md. "" means that both must agree.
	stricter string
}

func mutations() []mutation {
	var list []mutation
	list = append(list, clientDataMutations()...)
	list = append(list, authenticatorDataMutations()...)
	list = append(list, envelopeMutations()...)
	list = append(list, keyMutations()...)
	list = append(list, statementMutations()...)
	list = append(list, authenticationMutations()...)
	return list
}

func clientDataMutations() []mutation {
	set := func(name, value string) func(*webauthntest.Ceremony) {
		return func(c *webauthntest.Ceremony) { c.ClientData.SetString(name, value) }
	}
	list := []mutation{
		{name: "type_swapped", common: func(c *webauthntest.Ceremony) {
			if c.ClientData.Get("type") == `"webauthn.get"` {
				c.ClientData.SetString("type", webauthn.TypeCreate)
				return
			}
			c.ClientData.SetString("type", webauthn.TypeGet)
		}},
		{name: "type_case", common: set("type", "Webauthn.Get")},
		{name: "type_missing", common: func(c *webauthntest.Ceremony) { c.ClientData.Delete("type") }},
		{name: "challenge_other", common: set("challenge", strings.Repeat("A", 43))},
		{name: "challenge_empty", common: set("challenge", "")},
		{name: "cross_origin", common: func(c *webauthntest.Ceremony) { c.ClientData.Set("crossOrigin", "true") }},
		{name: "top_origin", common: set("topOrigin", "https://shop.example")},
		{name: "client_data_unknown_member", common: set("extraData", "x")},
		{name: "client_data_not_utf8", common: set("extraData", "\xff"), stricter: "client data that is not valid UTF-8 is refused"},
		{name: "client_data_duplicate", common: func(c *webauthntest.Ceremony) {
			c.ClientData.Add("origin", c.ClientData.Get("origin"))
		}, stricter: "duplicate members of client data are refused"},
		{name: "client_data_member_case", common: func(c *webauthntest.Ceremony) { c.ClientData.Rename("origin", "Origin") }, stricter: "members of client data in another case are not the members"},
		{name: "client_data_trailing", common: func(c *webauthntest.Ceremony) {
			c.At(webauthntest.AfterEncoding, func() { c.ClientDataJSON = append(c.ClientDataJSON, '{', '}') })
		}},
	}
	for name, origin := range lookAlikes() {
		m := mutation{name: "origin_" + name, common: set("origin", origin)}
		switch name {
		case "trailing_slash", "path", "query", "fragment", "upper_case", "default_port", "user_info_reverse":
			m.stricter = "origins are compared as whole strings: no case folding, default port, user information, path, query or fragment"
		}
		list = append(list, m)
	}
	return list
}

func authenticatorDataMutations() []mutation {
	flags := func(name string, set, unset byte) mutation {
		return mutation{name: name, common: func(c *webauthntest.Ceremony) {
			c.AuthenticatorData.Flags = c.AuthenticatorData.Flags&^unset | set
		}}
	}
	return []mutation{
		flags("user_not_present", 0, webauthntest.FlagUserPresent),
		flags("user_not_verified", 0, webauthntest.FlagUserVerified),
		flags("backed_up_not_eligible", webauthntest.FlagBackupState, webauthntest.FlagBackupEligible),
		flags("backup_eligible", webauthntest.FlagBackupEligible, 0),
		flags("reserved_flags", webauthntest.FlagReserved1|webauthntest.FlagReserved5, 0),
		flags("extension_flag_alone", webauthntest.FlagExtensionData, 0),
		{name: "rp_id_hash", common: func(c *webauthntest.Ceremony) { c.AuthenticatorData.RPIDHash = sum("example.test") }},
		{name: "authenticator_data_trailing", common: func(c *webauthntest.Ceremony) { c.AuthenticatorData.Trailing = []byte{1, 2} }},
		{name: "authenticator_data_short", common: func(c *webauthntest.Ceremony) {
			c.AuthenticatorData.RPIDHash = c.AuthenticatorData.RPIDHash[:31]
		}},
		{name: "extensions", common: func(c *webauthntest.Ceremony) {
			c.AuthenticatorData.SetExtensions(webauthntest.CBORMap(webauthntest.CBORText("credProtect"), webauthntest.CBORInt(2)))
		}},
		{name: "extensions_indefinite", common: func(c *webauthntest.Ceremony) {
			c.AuthenticatorData.SetExtensions(webauthntest.CBORIndefinite(webauthntest.CBORMajorMap))
		}},
		{name: "extensions_long_head", common: func(c *webauthntest.Ceremony) {
			c.AuthenticatorData.SetExtensions(webauthntest.CBORMap(webauthntest.CBORText("credProtect"), webauthntest.CBORLongHead(webauthntest.CBORMajorUnsigned, 2, 4)))
		}, stricter: "CBOR that is not in CTAP2 canonical form is refused"},
		{name: "attested_data_missing", registration: func(r *webauthntest.Registration) {
			r.AuthenticatorData.Attested = nil
			r.AuthenticatorData.Flags &^= webauthntest.FlagAttestedCredentialData
		}, only: unattested},
		{name: "credential_id_empty", registration: func(r *webauthntest.Registration) { r.SetCredentialID(nil) }},
		{name: "credential_id_1023", registration: func(r *webauthntest.Registration) { r.SetCredentialID(bytes.Repeat([]byte{1}, 1023)) }},
		{name: "credential_id_1024", registration: func(r *webauthntest.Registration) { r.SetCredentialID(bytes.Repeat([]byte{1}, 1024)) }},
		{name: "credential_id_of_another", registration: func(r *webauthntest.Registration) { r.CredentialID = []byte("another") }},
	}
}

func unattested(_ webauthn.Algorithm, s webauthntest.Attestation) bool {
	return s == webauthntest.AttestationNone
}

func envelopeMutations() []mutation {
	envelope := func(change func(c *webauthntest.Ceremony)) func(*webauthntest.Ceremony) {
		return func(c *webauthntest.Ceremony) { c.At(webauthntest.BeforeBody, func() { change(c) }) }
	}
	return []mutation{
		{name: "id_is_not_raw_id", common: envelope(func(c *webauthntest.Ceremony) { c.Envelope.SetBytes("id", []byte("victim")) })},
		{name: "type_of_envelope", common: envelope(func(c *webauthntest.Ceremony) { c.Envelope.SetString("type", "password") })},
		{name: "raw_id_missing", common: envelope(func(c *webauthntest.Ceremony) { c.Envelope.Delete("rawId") })},
		{name: "response_null", common: envelope(func(c *webauthntest.Ceremony) { c.Envelope.Set("response", "null") })},
		{name: "unknown_member", common: envelope(func(c *webauthntest.Ceremony) { c.Envelope.SetString("acme", "x") })},
		{name: "duplicate_member", common: envelope(func(c *webauthntest.Ceremony) {
			c.Envelope.Add("type", c.Envelope.Get("type"))
		}), stricter: "duplicate members of the body are refused"},
		{name: "member_case", common: envelope(func(c *webauthntest.Ceremony) { c.Envelope.Rename("rawId", "rawid") }), stricter: "members of the body in another case are not the members"},
		{name: "padding", common: envelope(func(c *webauthntest.Ceremony) {
			c.Response.SetString("clientDataJSON", base64.URLEncoding.EncodeToString(append(c.ClientDataJSON, spaces(c.ClientDataJSON)...)))
		}), only: unattested, stricter: "padding of base64url is refused"},
		{name: "line_break", common: envelope(func(c *webauthntest.Ceremony) {
			c.Response.SetString("clientDataJSON", base64.RawURLEncoding.EncodeToString(c.ClientDataJSON)+"\n")
		}), stricter: "line breaks in base64url are refused"},
		{name: "body_trailing", common: func(c *webauthntest.Ceremony) {
			c.At(webauthntest.AfterBody, func() { c.Body = append(c.Body, "{}"...) })
		}},
		{name: "body_array", common: func(c *webauthntest.Ceremony) {
			c.At(webauthntest.AfterBody, func() { c.Body = append(append([]byte{'['}, c.Body...), ']') })
		}},
	}
}

// spaces are white space that makes the length of b a multiple of three plus
// one, so that its base64 needs padding.
func spaces(b []byte) []byte { return bytes.Repeat([]byte{' '}, (4-len(b)%3)%3) }

func keyMutations() []mutation {
	key := func(label int64, value webauthntest.CBOR) regEdit {
		return func(r *webauthntest.Registration) {
			r.AuthenticatorData.Attested.Key.Set(webauthntest.CBORInt(label), value)
		}
	}
	ec := func(a webauthn.Algorithm, s webauthntest.Attestation) bool {
		return a == webauthn.ES256 && s == webauthntest.AttestationNone
	}
	const sound = "keys are judged at registration whatever the statement: curve, coordinates, point, small order, RSA size and exponent"
	list := []mutation{
		{name: "algorithm_not_offered", registration: key(webauthntest.COSEAlgorithm, webauthntest.CBORInt(-47))},
		{name: "key_curve", registration: key(webauthntest.COSECurve, webauthntest.CBORInt(2)), only: ec, stricter: sound},
		{name: "key_off_curve", registration: key(webauthntest.COSEY, webauthntest.CBORBytes(bytes.Repeat([]byte{7}, 32))), only: ec, stricter: sound},
		{name: "key_coordinate_short", registration: key(webauthntest.COSEX, webauthntest.CBORBytes(bytes.Repeat([]byte{7}, 31))), only: ec, stricter: sound},
		{name: "key_type", registration: key(webauthntest.COSEKeyType, webauthntest.CBORInt(1)), only: ec, stricter: sound},
		{name: "key_duplicate_label", registration: func(r *webauthntest.Registration) {
			r.AuthenticatorData.Attested.Key.Add(webauthntest.CBORInt(-2), webauthntest.CBORBytes(make([]byte, 32)))
		}},
		{name: "key_indefinite", registration: func(r *webauthntest.Registration) {
			r.AuthenticatorData.Attested.RawKey = r.AuthenticatorData.Attested.Key.EncodeIndefinite()
		}},
		{name: "key_labels_out_of_order", registration: func(r *webauthntest.Registration) {
			k := r.AuthenticatorData.Attested.Key
			k[0], k[1] = k[1], k[0]
		}, stricter: "CBOR that is not in CTAP2 canonical form is refused"},
		{name: "rsa_1024", registration: rsaKey(map[int64]webauthntest.CBOR{-1: modulus(1024)}), only: unattested, stricter: sound},
		{name: "rsa_8192", registration: rsaKey(map[int64]webauthntest.CBOR{-1: modulus(8192)}), only: unattested, stricter: sound},
		{name: "rsa_exponent_3", registration: rsaKey(map[int64]webauthntest.CBOR{-2: webauthntest.CBORBytes([]byte{3})}), only: unattested, stricter: sound},
		{name: "rsa_exponent_empty", registration: rsaKey(map[int64]webauthntest.CBOR{-2: webauthntest.CBORBytes(nil)}), only: unattested, stricter: sound},
	}
	for name, point := range smallOrderPoints() {
		list = append(list, mutation{
			name: "ed25519_" + name, registration: key(webauthntest.COSEX, webauthntest.CBORBytes(point)),
			only: func(a webauthn.Algorithm, s webauthntest.Attestation) bool {
				return a == webauthn.EdDSA && s == webauthntest.AttestationNone
			}, stricter: sound,
		})
	}
	return list
}

func statementMutations() []mutation {
	self := func(_ webauthn.Algorithm, s webauthntest.Attestation) bool { return s == webauthntest.AttestationSelf }
	packed := func(_ webauthn.Algorithm, s webauthntest.Attestation) bool {
		return s == webauthntest.AttestationPacked
	}
	tpm := func(_ webauthn.Algorithm, s webauthntest.Attestation) bool { return s == webauthntest.AttestationTPM }
	u2f := func(_ webauthn.Algorithm, s webauthntest.Attestation) bool {
		return s == webauthntest.AttestationFIDOU2F
	}
	const shape = "a statement has the members of its format and no others, each of its type"
	return []mutation{
		{name: "statement_signature", registration: brokenSignature, only: func(_ webauthn.Algorithm, s webauthntest.Attestation) bool {
			return s != webauthntest.AttestationNone && s != webauthntest.AttestationApple
		}},
		{name: "statement_algorithm", registration: statementMember("alg", webauthntest.CBORInt(-259)), only: self},
		{name: "statement_x5c_empty", registration: statementMember("x5c", webauthntest.CBORArray()), only: self},
		{name: "statement_x5c_bytes", registration: statementMember("x5c", webauthntest.CBORBytes([]byte{1})), only: self, stricter: shape},
		{name: "statement_member_too_many", registration: statementMember("acme", webauthntest.CBORBytes([]byte{1})), only: self, stricter: "CBOR that is not in CTAP2 canonical form is refused"},
		{name: "statement_member_too_many_in_order", registration: statementMember("zacme", webauthntest.CBORBytes([]byte{1})), only: self, stricter: shape},
		{name: "statement_missing", registration: statementMember("sig", nil), only: self},
		{name: "statement_7_certificates", registration: func(r *webauthntest.Registration) {
			r.At(webauthntest.BeforeSigning, func() {
				for len(r.X5C) < 7 {
					r.X5C = append(r.X5C, r.X5C[len(r.X5C)-1])
				}
			})
		}, only: packed, stricter: "x5c has at most 6 certificates of 8 KiB each, RSA keys at most 4096 bits"},
		{name: "format_unknown", registration: format("acme"), only: unattested},
		{name: "format_case", registration: format("Packed"), only: self},
		{name: "format_compound", registration: func(r *webauthntest.Registration) {
			r.At(webauthntest.BeforeObject, func() {
				one := webauthntest.CBORMap(webauthntest.CBORText("fmt"), webauthntest.CBORText("packed"), webauthntest.CBORText("attStmt"), r.Statement.Encode())
				r.Object.Set(webauthntest.CBORText("fmt"), webauthntest.CBORText("compound"))
				r.Object.Set(webauthntest.CBORText("attStmt"), webauthntest.CBORArray(one, one))
			})
		}, only: self, stricter: "the formats compound and android-safetynet are refused"},
		{name: "packed_aaguid", registration: func(r *webauthntest.Registration) {
			r.At(webauthntest.BeforeCertificate, func() {
				r.Leaf.Extension(webauthntest.OIDAAGUID()).Value = webauthntest.DEROctetString(bytes.Repeat([]byte{3}, 16))
			})
		}, only: packed},
		{name: "tpm_magic", registration: func(r *webauthntest.Registration) { r.TPM.Magic ^= 1 }, only: tpm},
		{name: "tpm_name", registration: func(r *webauthntest.Registration) { r.TPM.Name = make([]byte, 34) }, only: tpm},
		{name: "tpm_extra_data", registration: func(r *webauthntest.Registration) { r.TPM.ExtraData = make([]byte, 32) }, only: tpm},
		{name: "u2f_aaguid", registration: claimModel, only: u2f},
		{name: "object_indefinite", registration: func(r *webauthntest.Registration) {
			r.At(webauthntest.AfterObject, func() { r.AttestationObject = r.Object.EncodeIndefinite() })
		}},
		{name: "object_trailing", registration: func(r *webauthntest.Registration) {
			r.At(webauthntest.AfterObject, func() { r.AttestationObject = append(r.AttestationObject, 0) })
		}},
		{name: "object_member_too_many", registration: func(r *webauthntest.Registration) {
			r.At(webauthntest.BeforeObject, func() { r.Object.Add(webauthntest.CBORText("largeBlobKey"), webauthntest.CBORNull()) })
		}, stricter: "an attestation object has three members and no others"},
		{name: "object_out_of_order", registration: func(r *webauthntest.Registration) {
			r.At(webauthntest.BeforeObject, func() { r.Object[1], r.Object[2] = r.Object[2], r.Object[1] })
		}, stricter: "CBOR that is not in CTAP2 canonical form is refused"},
		{name: "transports_odd", registration: func(r *webauthntest.Registration) {
			r.At(webauthntest.BeforeBody, func() { r.Response.Set("transports", `["usb","usb","<script>"]`) })
		}},
	}
}

func authenticationMutations() []mutation {
	signature := func(change func(b []byte) []byte) authEdit {
		return func(g *webauthntest.Authentication) {
			g.At(webauthntest.AfterSigning, func() { g.Signature = change(g.Signature) })
		}
	}
	return []mutation{
		{name: "signature_bit", authentication: signature(func(b []byte) []byte { return flip(b, 77) })},
		{name: "signature_truncated", authentication: signature(func(b []byte) []byte { return b[:len(b)-1] })},
		{name: "signature_trailing", authentication: signature(func(b []byte) []byte { return append(b, 0) })},
		{name: "signature_empty", authentication: signature(func([]byte) []byte { return nil })},
		{name: "user_handle_missing", authentication: func(g *webauthntest.Authentication) { g.UserHandle = nil }},
		{name: "user_handle_of_another", authentication: func(g *webauthntest.Authentication) { g.UserHandle = []byte("bob") }},
		{
			name: "user_handle_empty", authentication: func(g *webauthntest.Authentication) { g.UserHandle = []byte{} },
			stricter: "a user handle that is there is 1-64 bytes long",
		},
		{name: "record_of_another_person", record: func(c *relyingparty.Credential) { c.UserHandle = []byte("bob") }},
		{name: "record_of_another_credential", record: func(c *relyingparty.Credential) { c.ID = []byte("another") }},
		{name: "record_key_of_another", record: func(c *relyingparty.Credential) { c.PublicKey = flip(c.PublicKey, 8*len(c.PublicKey)-30) }},
		{name: "record_key_empty", record: func(c *relyingparty.Credential) { c.PublicKey = nil }},
		{
			name: "count_behind", record: func(c *relyingparty.Credential) { c.SignCount = 9 },
			stricter: "a signature counter that does not grow is refused; the library sets a flag",
		},
		{name: "count_ahead", authentication: func(g *webauthntest.Authentication) { g.AuthenticatorData.SignCount = 9 }},
		{name: "attested_data_in_assertion", authentication: func(g *webauthntest.Authentication) {
			key, err := webauthntest.COSEKey(g.SigningKey.Public(), g.SigningAlgorithm)
			if err != nil {
				panic(err) // a key that webauthntest made
			}
			g.AuthenticatorData.Flags |= webauthntest.FlagAttestedCredentialData
			g.AuthenticatorData.Attested = &webauthntest.AttestedCredential{AAGUID: make([]byte, 16), CredentialID: g.CredentialID, Key: key}
		}, stricter: "attested credential data in an assertion is refused"},
	}
}
