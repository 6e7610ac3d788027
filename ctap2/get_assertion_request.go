package ctap2

import "github.com/hitherauth/hither/webauthn"

// GetAssertionRequest is authenticatorGetAssertion, CTAP 2.2 §6.2.
type GetAssertionRequest struct {
	RPID           string
	ClientDataHash [32]byte
	// AllowList names the credentials that will do; nil or empty: any discoverable
	// one. Transports are written as they are; some authenticators refuse them, and
	// browsers leave them out.
	AllowList             []webauthn.CredentialDescriptor
	Extensions            Extensions
	Options               Options
	PINUVAuthParam        []byte // nil when absent
	PINUVAuthProtocol     uint64 // 0 when absent
	EnterpriseAttestation uint64 // 0 when absent
	AttestationFormats    []string
}

// ParseGetAssertionRequest reads b as [ParseMakeCredentialRequest] does its own.
// An empty allow list, which a client must not send, is none.
func ParseGetAssertionRequest(b []byte) (GetAssertionRequest, error) {
	r := open(b)
	rpID := r.text(int64(1), "rpId", required, 1, maxRPID)
	clientDataHash, _ := r.bytes32(int64(2), "clientDataHash", required)
	return done(r, GetAssertionRequest{
		RPID:                  rpID,
		ClientDataHash:        clientDataHash,
		AllowList:             list(r, int64(3), "allowList", optional, reader.descriptor),
		Extensions:            r.extensions(4, "extensions"),
		Options:               r.options(5),
		PINUVAuthParam:        r.bytes(int64(6), "pinUvAuthParam", optional, 0, unlimited),
		PINUVAuthProtocol:     r.number(int64(7), "pinUvAuthProtocol"),
		EnterpriseAttestation: r.number(int64(8), "enterpriseAttestation"),
		AttestationFormats:    r.texts(int64(9), "attestationFormatsPreference"),
	})
}

// Append writes the request behind b in the form that [ParseGetAssertionRequest]
// reads. The error is a [*ParseError]; with it the result is nil.
func (q GetAssertionRequest) Append(b []byte) ([]byte, error) {
	w := writer{members: map[any]any{int64(1): q.RPID, int64(2): q.ClientDataHash[:]}}
	w.add(int64(3), mapList(q.AllowList, writeDescriptor), len(q.AllowList) > 0)
	w.extensions(4, "extensions", q.Extensions)
	w.options(5, q.Options)
	w.add(int64(6), q.PINUVAuthParam, q.PINUVAuthParam != nil)
	w.add(int64(7), q.PINUVAuthProtocol, q.PINUVAuthProtocol != 0)
	w.add(int64(8), q.EnterpriseAttestation, q.EnterpriseAttestation != 0)
	w.add(int64(9), textList(q.AttestationFormats), len(q.AttestationFormats) > 0)
	return appendTo(b, w, ParseGetAssertionRequest)
}
