package ctap2

import "github.com/hitherauth/hither/webauthn"

// Extensions are the inputs or outputs of extensions by their identifiers. Each
// value is one item of canonical CBOR, as it travels: what is not understood is
// kept and handed on. Nil and empty are the same: the member is absent.
type Extensions map[string][]byte

// Options are those of a request or of an authenticator by their names ("rk",
// "up", "uv" …). An absent option has the default of the specification.
type Options map[string]bool

// MakeCredentialRequest is authenticatorMakeCredential, CTAP 2.2 §6.1.
type MakeCredentialRequest struct {
	ClientDataHash        [32]byte
	RP                    webauthn.RelyingPartyEntity
	User                  webauthn.UserEntity
	Parameters            []webauthn.CredentialParameter  // most wanted first
	ExcludeList           []webauthn.CredentialDescriptor // nil when absent
	Extensions            Extensions
	Options               Options
	PINUVAuthParam        []byte // nil when absent
	PINUVAuthProtocol     uint64 // 0 when absent
	EnterpriseAttestation uint64 // 0 when absent
	AttestationFormats    []string
}

// GetAssertionRequest is authenticatorGetAssertion, CTAP 2.2 §6.2.
type GetAssertionRequest struct {
	RPID                  string
	ClientDataHash        [32]byte
	AllowList             []webauthn.CredentialDescriptor // nil: any discoverable credential
	Extensions            Extensions
	Options               Options
	PINUVAuthParam        []byte // nil when absent
	PINUVAuthProtocol     uint64 // 0 when absent
	EnterpriseAttestation uint64 // 0 when absent
	AttestationFormats    []string
}
