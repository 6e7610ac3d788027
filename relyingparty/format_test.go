package relyingparty_test

import (
	"bytes"

	"github.com/hitherauth/hither/relyingparty"
	"github.com/hitherauth/hither/webauthn"
	"github.com/hitherauth/hither/webauthn/webauthntest"
)

// attesting makes the authenticator state something about itself.
func attesting(a webauthntest.Attestation) func(*webauthntest.Config) {
	return func(c *webauthntest.Config) {
		c.Algorithm = webauthn.ES256
		c.Attestation = a
	}
}

// statementMember changes a member of the statement; nil takes it out.
func statementMember(name string, value webauthntest.CBOR) regEdit {
	return func(r *webauthntest.Registration) {
		r.At(webauthntest.BeforeStatement, func() {
			if value == nil {
				r.Statement.Delete(webauthntest.CBORText(name))
				return
			}
			r.Statement.Set(webauthntest.CBORText(name), value)
		})
	}
}

// firstMember puts a member in front of the statement's others.
func firstMember(name string, value webauthntest.CBOR) regEdit {
	return func(r *webauthntest.Registration) {
		r.At(webauthntest.BeforeStatement, func() {
			r.Statement = append(webauthntest.CBORObject{{Key: webauthntest.CBORText(name), Value: value}}, r.Statement...)
		})
	}
}

func certificates(n, size int) webauthntest.CBOR {
	list := make([]webauthntest.CBOR, n)
	for i := range list {
		list[i] = webauthntest.CBORBytes(bytes.Repeat([]byte{0x30}, size))
	}
	return webauthntest.CBORArray(list...)
}

// format changes fmt alone.
func format(name string) regEdit {
	return func(r *webauthntest.Registration) {
		r.At(webauthntest.BeforeObject, func() {
			r.Object.Set(webauthntest.CBORText("fmt"), webauthntest.CBORText(name))
		})
	}
}

// registrationFormatRows are about the policy ignore: what comes unasked must be
// well formed, and nothing more.
func registrationFormatRows() []registrationRow {
	const unknown, malformed = string(relyingparty.CheckFormat), string(relyingparty.CheckStatement)
	rows := []registrationRow{
		{name: "REG-44_case", authenticator: attesting(webauthntest.AttestationSelf), edit: format("Packed"), want: unknown},
		{name: "REG-44_nul", authenticator: attesting(webauthntest.AttestationSelf), edit: format("packed\x00"), want: malformedBody},
		{name: "REG-44_33_bytes", edit: format("acmeacmeacmeacmeacmeacmeacmeacmea"), want: malformedBody},
		{name: "REG-44_unknown", edit: format("acme"), want: unknown},
		{name: "REG-44_android_safetynet", edit: format("android-safetynet"), want: unknown},
		{name: "REG-44_compound", edit: func(r *webauthntest.Registration) {
			r.At(webauthntest.BeforeObject, func() {
				none := webauthntest.CBORMap(
					webauthntest.CBORText("fmt"), webauthntest.CBORText("none"),
					webauthntest.CBORText("attStmt"), webauthntest.CBORMap(),
				)
				r.Object.Set(webauthntest.CBORText("fmt"), webauthntest.CBORText("compound"))
				r.Object.Set(webauthntest.CBORText("attStmt"), webauthntest.CBORArray(none, none))
			})
		}, want: unknown},
		{name: "REG-42_none_with_content", edit: statementMember("x", webauthntest.CBORInt(1)), want: malformedBody},
		{name: "REG-42_none_as_packed", edit: format("packed"), want: malformed},
		{name: "REG-32_packed_x5c_empty", authenticator: attesting(webauthntest.AttestationSelf), edit: statementMember("x5c", webauthntest.CBORArray()), want: malformed},
		{name: "REG-32_packed_x5c_bytes", authenticator: attesting(webauthntest.AttestationSelf), edit: statementMember("x5c", webauthntest.CBORBytes([]byte{1})), want: malformed},
		{name: "REG-32_packed_x5c_null", authenticator: attesting(webauthntest.AttestationSelf), edit: statementMember("x5c", webauthntest.CBORNull()), want: malformed},
		{name: "REG-32_packed_sig_missing", authenticator: attesting(webauthntest.AttestationSelf), edit: statementMember("sig", nil), want: malformed},
		{name: "REG-32_packed_sig_empty", authenticator: attesting(webauthntest.AttestationSelf), edit: statementMember("sig", webauthntest.CBORBytes(nil)), want: malformed},
		{name: "REG-32_packed_sig_text", authenticator: attesting(webauthntest.AttestationSelf), edit: statementMember("sig", webauthntest.CBORText("signature")), want: malformed},
		{name: "REG-32_packed_alg_text", authenticator: attesting(webauthntest.AttestationSelf), edit: statementMember("alg", webauthntest.CBORText("ES256")), want: malformed},
		{name: "REG-32_packed_alg_positive", authenticator: attesting(webauthntest.AttestationSelf), edit: statementMember("alg", webauthntest.CBORInt(7)), want: malformed},
		{name: "REG-32_packed_member_too_many", authenticator: attesting(webauthntest.AttestationSelf), edit: statementMember("ecdaaKeyId", webauthntest.CBORBytes([]byte{1})), want: malformed},
		{name: "REG-36_x5c_7", authenticator: attesting(webauthntest.AttestationPacked), edit: statementMember("x5c", certificates(7, 10)), want: malformed},
		{name: "REG-36_certificate_of_9_kib", authenticator: attesting(webauthntest.AttestationPacked), edit: statementMember("x5c", certificates(1, 9<<10)), want: malformed},
		{name: "REG-37_two_certificates", authenticator: attesting(webauthntest.AttestationFIDOU2F), edit: statementMember("x5c", certificates(2, 10)), want: malformed},
		{name: "REG-37_u2f_eddsa", authenticator: func(c *webauthntest.Config) { c.Algorithm = webauthn.EdDSA }, edit: func(r *webauthntest.Registration) {
			r.At(webauthntest.BeforeObject, func() {
				r.Object.Set(webauthntest.CBORText("fmt"), webauthntest.CBORText("fido-u2f"))
				r.Object.Set(webauthntest.CBORText("attStmt"), webauthntest.CBORMap(
					webauthntest.CBORText("sig"), webauthntest.CBORBytes([]byte{1}), webauthntest.CBORText("x5c"), certificates(1, 10),
				))
			})
		}, want: malformed},
		{name: "REG-38_tpm_version", authenticator: attesting(webauthntest.AttestationTPM), edit: statementMember("ver", webauthntest.CBORText("1.2")), want: malformed},
		{name: "REG-38_tpm_cert_info_missing", authenticator: attesting(webauthntest.AttestationTPM), edit: statementMember("certInfo", nil), want: malformed},
		{name: "REG-40_android_key_x5c_missing", authenticator: attesting(webauthntest.AttestationAndroidKey), edit: statementMember("x5c", nil), want: malformed},
		{name: "REG-41_apple_sig", authenticator: attesting(webauthntest.AttestationApple), edit: firstMember("sig", webauthntest.CBORBytes([]byte{1})), want: malformed},
		{name: "apple_with_alg", authenticator: attesting(webauthntest.AttestationApple), edit: firstMember("alg", webauthntest.CBORInt(-7)), want: accepted},
		// Nothing is evaluated, so a signature that nobody made does not matter.
		{name: "ignored_signature", authenticator: attesting(webauthntest.AttestationSelf), edit: func(r *webauthntest.Registration) {
			r.At(webauthntest.AfterSigning, func() { r.Signature[10] ^= 1 })
		}, want: accepted},
	}
	for _, a := range allAttestations() {
		rows = append(rows, registrationRow{name: "ignored_" + string(a), authenticator: attesting(a), want: accepted})
	}
	return rows
}

func allAttestations() []webauthntest.Attestation {
	return []webauthntest.Attestation{
		webauthntest.AttestationNone, webauthntest.AttestationSelf, webauthntest.AttestationPacked, webauthntest.AttestationTPM,
		webauthntest.AttestationAndroidKey, webauthntest.AttestationFIDOU2F, webauthntest.AttestationApple,
	}
}
