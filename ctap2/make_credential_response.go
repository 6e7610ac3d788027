package ctap2

import (
	"fmt"

	"github.com/hitherauth/hither/internal/cbor"
)

// emptyMap is what stands for an attestation statement that is absent.
const emptyMap = "\xa0"

// MakeCredentialResponse is the answer to [MakeCredentialRequest], CTAP 2.2 §6.1.
type MakeCredentialResponse struct {
	Format                string // of the attestation statement
	AuthenticatorData     []byte // with attested credential data
	Statement             []byte // canonical CBOR, a map or an array; the empty map when absent
	EnterpriseAttestation bool
	LargeBlobKey          LargeBlobKey // zero when absent
	UnsignedExtensions    Extensions   // outputs that no signature covers, such as those of prf
}

// ParseMakeCredentialResponse reads b, at most 1 MiB, which must be exactly one
// canonical CBOR map: a response without its status byte. Members that CTAP 2.2
// does not know are ignored. The error is a [*ParseError].
func ParseMakeCredentialResponse(b []byte) (MakeCredentialResponse, error) {
	r := open(b)
	return done(r, MakeCredentialResponse{
		Format:                r.text(int64(1), "fmt", required, 1, 32),
		AuthenticatorData:     r.bytes(int64(2), "authData", required, 1, unlimited),
		Statement:             r.statement(3),
		EnterpriseAttestation: r.flag(int64(4), "epAtt"),
		LargeBlobKey:          NewLargeBlobKey(r.bytes(int64(5), "largeBlobKey", optional, 0, unlimited)),
		UnsignedExtensions:    r.extensions(6, "unsignedExtensionOutputs"),
	})
}

// statement is an attestation statement: a map, or an array in the format "compound".
func (r reader) statement(key int64) []byte {
	v, present := r.members[key]
	if !present {
		return []byte(emptyMap)
	}
	switch v.(type) {
	case map[any]any, []any:
	default:
		r.refuse("attStmt", StatusCBORUnexpectedType, fmt.Errorf("%s instead of a map", cbor.Describe(v)))
	}
	return r.encoded("attStmt", v)
}

// Append writes the response behind b in the form that
// [ParseMakeCredentialResponse] reads. A nil statement is the empty map. The error
// is a [*ParseError]; with it the result is nil.
func (a MakeCredentialResponse) Append(b []byte) ([]byte, error) {
	w := writer{members: map[any]any{int64(1): a.Format, int64(2): a.AuthenticatorData}}
	w.members[int64(3)] = w.statement(a.Statement)
	w.add(int64(4), true, a.EnterpriseAttestation)
	w.add(int64(5), a.LargeBlobKey.Bytes(), a.LargeBlobKey.Bytes() != nil)
	w.extensions(6, "unsignedExtensionOutputs", a.UnsignedExtensions)
	return appendTo(b, w, ParseMakeCredentialResponse)
}

// AttestationObject returns the three members that a relying party gets, in the
// form that webauthn.ParseAttestationObject reads, WebAuthn L3 §6.5.4. The error is
// a [*ParseError], for a statement that is not canonical CBOR.
func (a MakeCredentialResponse) AttestationObject() ([]byte, error) {
	w := writer{members: map[any]any{"fmt": a.Format, "authData": a.AuthenticatorData}}
	w.members["attStmt"] = w.statement(a.Statement)
	return appendTo(nil, w, func(b []byte) (reader, error) { r := open(b); return done(r, r) })
}

func (w *writer) statement(b []byte) any {
	if b == nil {
		b = []byte(emptyMap)
	}
	return w.item("attStmt", b)
}
