package relyingparty

import (
	"encoding/asn1"
	"fmt"
	"slices"

	"github.com/hitherauth/hither/webauthn"
)

// The supported attestation statement formats (WebAuthn L3 §8).
const (
	formatNone       = "none"
	formatPacked     = "packed"
	formatTPM        = "tpm"
	formatAndroidKey = "android-key"
	formatFIDOU2F    = "fido-u2f"
	formatApple      = "apple"
)

// member is a member of an attestation statement.
type member struct {
	name     string
	valid    func(v any) bool
	optional bool
}

// statementShape returns the members of a format's statement, and nil for an
// unknown format. A statement has these members and no others.
func statementShape(format string) []member {
	alg := member{name: "alg", valid: isAlgorithm}
	sig := member{name: "sig", valid: isBytes}
	x5c := member{name: "x5c", valid: isChain}
	switch format {
	case formatNone:
		return []member{}
	case formatPacked:
		x5c.optional = true // absent: self attestation
		return []member{alg, sig, x5c}
	case formatTPM:
		return []member{
			{name: "ver", valid: func(v any) bool { return v == "2.0" }},
			alg, x5c, sig,
			{name: "certInfo", valid: isBytes},
			{name: "pubArea", valid: isBytes},
		}
	case formatAndroidKey:
		return []member{alg, sig, x5c}
	case formatFIDOU2F:
		return []member{{name: "x5c", valid: isSingleCertificate}, sig}
	case formatApple:
		// alg is in no edition of the specification, but Apple's first statements carry it.
		alg.optional = true
		return []member{alg, x5c}
	}
	return nil
}

// checkShape refuses a statement with a member too many or too few, or one of
// the wrong type, and a fido-u2f statement beside a key that U2F does not have
// (§8.6).
func (s *statement) checkShape() error {
	shape := statementShape(s.object.Format)
	for _, m := range shape {
		v, present := s.members[m.name]
		switch {
		case !present && !m.optional:
			return fmt.Errorf("member %s is missing", m.name)
		case present && !m.valid(v):
			return fmt.Errorf("member %s is malformed", m.name)
		}
	}
	for name := range s.members {
		if !slices.ContainsFunc(shape, func(m member) bool { return m.name == name }) {
			return fmt.Errorf("member %.200q does not belong there", name)
		}
	}
	if s.object.Format != formatFIDOU2F {
		return nil
	}
	if a := s.object.AuthenticatorData.AttestedCredential.PublicKey.Algorithm; a != webauthn.ES256 {
		return fmt.Errorf("a U2F authenticator has no keys of algorithm %d", int64(a))
	}
	return nil
}

// isAlgorithm: every COSE algorithm of ours is negative, which the CBOR decoder
// makes an int64.
func isAlgorithm(v any) bool {
	_, ok := v.(int64)
	return ok
}

func isBytes(v any) bool {
	b, ok := v.([]byte)
	return ok && len(b) > 0
}

func isChain(v any) bool {
	chain, ok := v.([]any)
	if !ok || len(chain) == 0 || len(chain) > maxCertificates {
		return false
	}
	return !slices.ContainsFunc(chain, func(v any) bool {
		der, ok := v.([]byte)
		return !ok || len(der) == 0 || len(der) > maxCertificateBytes
	})
}

func isSingleCertificate(v any) bool {
	chain, ok := v.([]any)
	return ok && len(chain) == 1 && isChain(v)
}

// withoutSubjectAltName drops the one critical extension of an AIK certificate
// that crypto/x509 does not know and the statement's verification has read
// (§8.3.1: the TPM's maker, model and version).
func withoutSubjectAltName(ids []asn1.ObjectIdentifier) []asn1.ObjectIdentifier {
	subjectAltName := asn1.ObjectIdentifier{2, 5, 29, 17}
	return slices.DeleteFunc(slices.Clone(ids), subjectAltName.Equal)
}
