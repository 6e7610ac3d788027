package ctap2

import "github.com/hitherauth/hither/webauthn"

// MakeCredentialRequest is authenticatorMakeCredential, CTAP 2.2 §6.1.
type MakeCredentialRequest struct {
	ClientDataHash [32]byte
	RP             webauthn.RelyingPartyEntity
	User           webauthn.UserEntity
	Parameters     []webauthn.CredentialParameter // most wanted first
	// ExcludeList names credentials beside which no other is wanted. Nil and empty
	// are the same: the member is absent. Transports are written as they are; some
	// authenticators refuse them, and browsers leave them out.
	ExcludeList           []webauthn.CredentialDescriptor
	Extensions            Extensions
	Options               Options
	PINUVAuthParam        []byte // nil when absent
	PINUVAuthProtocol     uint64 // 0 when absent
	EnterpriseAttestation uint64 // 0 when absent
	AttestationFormats    []string
}

// ParseMakeCredentialRequest reads b, at most 1 MiB, which must be exactly one
// canonical CBOR map: a request without its command byte. Members that CTAP 2.2
// does not know are ignored. The error is a [*ParseError]; its Status is
// [StatusMissingParameter], [StatusCBORUnexpectedType], [StatusInvalidCBOR] and so
// on, and [StatusLimitExceeded] for more than 1,024 elements of a list, 16,384
// items of CBOR in all, and 253 bytes of RP ID.
func ParseMakeCredentialRequest(b []byte) (MakeCredentialRequest, error) {
	r := open(b)
	clientDataHash, _ := r.bytes32(int64(1), "clientDataHash", required)
	rp := r.relyingParty(2)
	user, _ := r.child(int64(3), "user", required)
	return done(r, MakeCredentialRequest{
		ClientDataHash:        clientDataHash,
		RP:                    rp,
		User:                  user.user(),
		Parameters:            list(r, int64(4), "pubKeyCredParams", required, reader.parameter),
		ExcludeList:           list(r, int64(5), "excludeList", optional, reader.descriptor),
		Extensions:            r.extensions(6, "extensions"),
		Options:               r.options(7),
		PINUVAuthParam:        r.bytes(int64(8), "pinUvAuthParam", optional, 0, unlimited),
		PINUVAuthProtocol:     r.number(int64(9), "pinUvAuthProtocol"),
		EnterpriseAttestation: r.number(int64(10), "enterpriseAttestation"),
		AttestationFormats:    r.texts(int64(11), "attestationFormatsPreference"),
	})
}

// Append writes the request behind b in the form that [ParseMakeCredentialRequest]
// reads. The names of RP and user are written even when they are empty, because
// some phones want them. The error is a [*ParseError]; with it the result is nil.
func (q MakeCredentialRequest) Append(b []byte) ([]byte, error) {
	w := writer{members: map[any]any{
		int64(1): q.ClientDataHash[:],
		int64(2): writeRelyingParty(q.RP),
		int64(3): writeUser(q.User),
		int64(4): mapList(q.Parameters, writeParameter),
	}}
	w.add(int64(5), mapList(q.ExcludeList, writeDescriptor), len(q.ExcludeList) > 0)
	w.extensions(6, "extensions", q.Extensions)
	w.options(7, q.Options)
	w.add(int64(8), q.PINUVAuthParam, q.PINUVAuthParam != nil)
	w.add(int64(9), q.PINUVAuthProtocol, q.PINUVAuthProtocol != 0)
	w.add(int64(10), q.EnterpriseAttestation, q.EnterpriseAttestation != 0)
	w.add(int64(11), textList(q.AttestationFormats), len(q.AttestationFormats) > 0)
	return appendTo(b, w, ParseMakeCredentialRequest)
}
