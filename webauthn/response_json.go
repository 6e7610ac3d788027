package webauthn

import (
	"errors"
	"slices"

	"github.com/go-json-experiment/json"
)

// credentialJSON is a RegistrationResponseJSON or an AuthenticationResponseJSON,
// by what its response is.
type credentialJSON[R any] struct {
	ID         Bytes          `json:"id"`
	RawID      Bytes          `json:"rawId"`
	Type       string         `json:"type"`
	Attachment string         `json:"authenticatorAttachment,omitempty"`
	Response   R              `json:"response"`
	Extensions extensionsJSON `json:"clientExtensionResults"`
}

type attestationJSON struct {
	ClientData         Bytes       `json:"clientDataJSON"`
	AttestationObject  Bytes       `json:"attestationObject"`
	AuthenticatorData  Bytes       `json:"authenticatorData"`
	Transports         []Transport `json:"transports"`
	PublicKey          Bytes       `json:"publicKey,omitzero"` // nil when the algorithm is not known
	PublicKeyAlgorithm Algorithm   `json:"publicKeyAlgorithm"`
}

type assertionJSON struct {
	ClientData        Bytes `json:"clientDataJSON"`
	AuthenticatorData Bytes `json:"authenticatorData"`
	Signature         Bytes `json:"signature"`
	UserHandle        Bytes `json:"userHandle,omitzero"`
}

type extensionsJSON struct {
	CredProps *credPropsJSON `json:"credProps,omitzero"`
	PRF       *prfJSON       `json:"prf,omitzero"`
}

type credPropsJSON struct {
	Discoverable bool `json:"rk"`
}

type prfJSON struct {
	Enabled bool `json:"enabled"`
}

// MarshalJSON writes the RegistrationResponseJSON that [ParseRegistrationResponse]
// reads, with the copies of parts of the attestation object that clients make.
// Unknown transports are left out.
// It fails when the attestation object has no credential, and when its key is
// malformed.
func (r RegistrationResponse) MarshalJSON() ([]byte, error) {
	data := &r.AttestationObject.AuthenticatorData
	if data.AttestedCredential == nil {
		return nil, within("response.attestationObject", errors.New("no attested credential data"))
	}
	key := &data.AttestedCredential.PublicKey
	spki, err := key.SubjectPublicKeyInfo()
	if err != nil {
		return nil, within("response.publicKey", err)
	}
	// §5.2.1: unique, in lexicographical order. Unknown ones are an authenticator's
	// own words, which could tell it from others.
	transports := []Transport{}
	for _, t := range r.Transports {
		transports = appendTransport(transports, t)
	}
	slices.Sort(transports)
	out := credentialJSON[attestationJSON]{
		ID:         r.CredentialID,
		RawID:      r.CredentialID,
		Type:       typePublicKey,
		Attachment: r.Attachment,
		Response: attestationJSON{
			ClientData:         r.ClientData.Raw,
			AttestationObject:  r.AttestationObject.Raw,
			AuthenticatorData:  data.Raw,
			Transports:         transports,
			PublicKey:          spki,
			PublicKeyAlgorithm: key.Algorithm,
		},
	}
	if r.Discoverable != nil {
		out.Extensions.CredProps = &credPropsJSON{Discoverable: *r.Discoverable}
	}
	if r.PRFEnabled != nil {
		out.Extensions.PRF = &prfJSON{Enabled: *r.PRFEnabled}
	}
	return json.Marshal(out)
}

// MarshalJSON writes the AuthenticationResponseJSON that
// [ParseAuthenticationResponse] reads.
func (r AuthenticationResponse) MarshalJSON() ([]byte, error) {
	return json.Marshal(credentialJSON[assertionJSON]{
		ID:         r.CredentialID,
		RawID:      r.CredentialID,
		Type:       typePublicKey,
		Attachment: r.Attachment,
		Response: assertionJSON{
			ClientData:        r.ClientData.Raw,
			AuthenticatorData: r.AuthenticatorData.Raw,
			Signature:         r.Signature,
			UserHandle:        r.UserHandle,
		},
	})
}
