package ctap2

import "github.com/hitherauth/hither/webauthn"

// MakeCredentialResponse is the answer to [MakeCredentialRequest], CTAP 2.2 §6.1.
type MakeCredentialResponse struct {
	Format                string // of the attestation statement
	AuthenticatorData     []byte // with attested credential data
	Statement             []byte // canonical CBOR; the empty map when absent
	EnterpriseAttestation bool
	LargeBlobKey          []byte     // nil when absent
	UnsignedExtensions    Extensions // outputs that no signature covers, such as those of prf
}

// GetAssertionResponse is the answer to [GetAssertionRequest], CTAP 2.2 §6.2.
type GetAssertionResponse struct {
	Credential          *webauthn.CredentialDescriptor // nil when absent: the only one of the allow list
	AuthenticatorData   []byte
	Signature           []byte
	User                *webauthn.UserEntity // nil when absent
	NumberOfCredentials uint64               // 0 when absent
	UserSelected        bool
	LargeBlobKey        []byte // nil when absent
	UnsignedExtensions  Extensions
}

// Info is what an authenticator says about itself, authenticatorGetInfo, CTAP 2.2 §6.4.
type Info struct {
	Versions                 []string
	Extensions               []string
	AAGUID                   webauthn.AAGUID
	Options                  Options
	MaxMessageSize           uint64 // 0 when absent
	PINUVAuthProtocols       []uint64
	MaxCredentialCountInList uint64 // 0 when absent
	MaxCredentialIDLength    uint64 // 0 when absent
	Transports               []string
	Algorithms               []webauthn.CredentialParameter
	AttestationFormats       []string
	Raw                      []byte // the map as it came; what is not understood is in here alone
}
