package webauthn

import (
	"errors"
	"fmt"

	"github.com/hitherauth/hither/internal/cbor"
)

// maxAttestationObject is the longest attestation object that is read, in bytes.
const maxAttestationObject = cbor.MaxBytes

// Attestation statement formats that this package tells from others.
const (
	formatNone     = "none"
	formatPacked   = "packed"
	formatCompound = "compound"
)

// AttestationObject is what an authenticator sends with a new credential,
// [WebAuthn L3 §6.5.4].
//
// [WebAuthn L3 §6.5.4]: https://www.w3.org/TR/webauthn-3/#sctn-generating-an-attestation-object
type AttestationObject struct {
	Raw    []byte
	Format string // 1-32 printable ASCII characters
	// Statement is the canonical CBOR of attStmt: a map, empty for the format
	// "none", or an array for "compound".
	Statement         []byte
	AuthenticatorData AuthenticatorData
}

// ParseAttestationObject reads b, at most 20 KiB, which must be exactly one
// canonical CBOR map of fmt, authData and attStmt. Whether the authenticator data
// has a new credential in it is left to the caller. The result keeps b, which
// must not be changed afterwards.
func ParseAttestationObject(b []byte) (AttestationObject, error) {
	if len(b) > maxAttestationObject {
		return AttestationObject{}, malformed("", "%d bytes, more than the limit of %d", len(b), maxAttestationObject)
	}
	v, err := cbor.Decode(b)
	if err != nil {
		return AttestationObject{}, within("", err)
	}
	members, ok := v.(map[any]any)
	if !ok {
		return AttestationObject{}, malformed("", "%s instead of a map", cbor.Describe(v))
	}
	for _, name := range [...]string{"fmt", "attStmt", "authData"} {
		if _, ok := members[name]; !ok {
			return AttestationObject{}, within(name, errMissing)
		}
	}
	if len(members) != 3 {
		return AttestationObject{}, malformed("", "%d members instead of fmt, attStmt and authData alone", len(members))
	}
	o := AttestationObject{Raw: b}
	if o.Format, err = parseFormat(members["fmt"]); err != nil {
		return AttestationObject{}, within("fmt", err)
	}
	if o.Statement, err = parseStatement(o.Format, members["attStmt"]); err != nil {
		return AttestationObject{}, within("attStmt", err)
	}
	data, ok := members["authData"].([]byte)
	if !ok {
		return AttestationObject{}, malformed("authData", "%s instead of a byte string", cbor.Describe(members["authData"]))
	}
	if o.AuthenticatorData, err = ParseAuthenticatorData(data); err != nil {
		return AttestationObject{}, within("authData", err)
	}
	return o, nil
}

// WithoutStatement returns o as a client conveys it to a relying party that wants
// no attestation, [WebAuthn L3 §5.1.3]: with the format "none" and the empty
// statement. A self attestation of no model (AAGUID of zeros) tells nothing and
// stays.
//
// [WebAuthn L3 §5.1.3]: https://www.w3.org/TR/webauthn-3/#sctn-createCredential
func (o AttestationObject) WithoutStatement() (AttestationObject, error) {
	if c := o.AuthenticatorData.AttestedCredential; c != nil && c.AAGUID == (AAGUID{}) && o.selfAttested() {
		return o, nil
	}
	b, err := cbor.Encode(map[any]any{"fmt": formatNone, "attStmt": map[any]any{}, "authData": o.AuthenticatorData.Raw})
	if err != nil {
		return AttestationObject{}, within("", err)
	}
	return ParseAttestationObject(b)
}

// selfAttested reports whether the statement is packed and has no certificate.
func (o AttestationObject) selfAttested() bool {
	if o.Format != formatPacked {
		return false
	}
	v, err := cbor.Decode(o.Statement)
	members, ok := v.(map[any]any)
	_, certified := members["x5c"]
	return err == nil && ok && !certified
}

// parseFormat reads an attestation statement format identifier, [WebAuthn L3 §8.1].
//
// [WebAuthn L3 §8.1]: https://www.w3.org/TR/webauthn-3/#sctn-attstn-fmt-ids
func parseFormat(v any) (string, error) {
	format, ok := v.(string)
	if !ok {
		return "", fmt.Errorf("%s instead of a text string", cbor.Describe(v))
	}
	if len(format) == 0 || len(format) > 32 {
		return "", fmt.Errorf("%d bytes instead of 1 to 32", len(format))
	}
	for _, c := range []byte(format) {
		if c < 0x21 || c > 0x7e || c == '"' || c == '\\' {
			return "", errors.New("not printable ASCII without spaces, quotes and backslashes")
		}
	}
	return format, nil
}

// parseStatement checks the outer shape of an attestation statement and returns
// its bytes.
func parseStatement(format string, v any) ([]byte, error) {
	want := "a map"
	if format == formatCompound {
		want = "an array"
	}
	if got := cbor.Describe(v); got != want {
		return nil, fmt.Errorf("%s instead of %s", got, want)
	}
	// §8.7: the statement of "none" is empty.
	if members, _ := v.(map[any]any); format == formatNone && len(members) > 0 {
		return nil, fmt.Errorf("%d members with the format none, which has none", len(members))
	}
	return cbor.Encode(v)
}
