package webauthn

import (
	"errors"
	"strconv"
	"time"

	"github.com/go-json-experiment/json"
)

// typePublicKey is the only credential type there is.
const typePublicKey = "public-key"

// UserVerification says how much the relying party wants the authenticator to
// verify its user, a UserVerificationRequirement in [WebAuthn L3 §5.8.6].
//
// [WebAuthn L3 §5.8.6]: https://www.w3.org/TR/webauthn-3/#enum-userVerificationRequirement
type UserVerification string

// The three degrees.
const (
	UserVerificationRequired    UserVerification = "required"
	UserVerificationPreferred   UserVerification = "preferred"
	UserVerificationDiscouraged UserVerification = "discouraged"
)

// CreationOptions begins a registration ceremony in a client. It marshals to a
// PublicKeyCredentialCreationOptionsJSON, [WebAuthn L3 §5.1.8].
//
// [WebAuthn L3 §5.1.8]: https://www.w3.org/TR/webauthn-3/#dictdef-publickeycredentialcreationoptionsjson
type CreationOptions struct {
	RP                     RelyingPartyEntity     `json:"rp"`
	User                   UserEntity             `json:"user"`
	Challenge              Bytes                  `json:"challenge"`
	Parameters             []CredentialParameter  `json:"pubKeyCredParams"` // most wanted first
	Timeout                Milliseconds           `json:"timeout"`
	ExcludeCredentials     []CredentialDescriptor `json:"excludeCredentials"` // what the account has; nil marshals as []
	AuthenticatorSelection AuthenticatorSelection `json:"authenticatorSelection"`
	Hints                  []string               `json:"hints,omitempty"`              // "security-key", "client-device", "hybrid"
	Attestation            string                 `json:"attestation"`                  // "none", "indirect", "direct", "enterprise"
	AttestationFormats     []string               `json:"attestationFormats,omitempty"` // most wanted first
	Extensions             CreationExtensions     `json:"extensions"`
}

// RelyingPartyEntity says who asks.
type RelyingPartyEntity struct {
	ID   string `json:"id,omitempty"` // RP ID, a domain; "" leaves it to the client, which takes the origin's host
	Name string `json:"name"`
}

// UserEntity says for whom a credential is made.
type UserEntity struct {
	ID          Bytes  `json:"id"` // user handle, 1-64 bytes
	Name        string `json:"name"`
	DisplayName string `json:"displayName"`
}

// CredentialParameter names an algorithm that the relying party takes.
type CredentialParameter struct {
	Type      string    `json:"type"` // "public-key"
	Algorithm Algorithm `json:"alg"`
}

// CredentialDescriptor names a credential and how it was reached before.
type CredentialDescriptor struct {
	Type       string      `json:"type"` // "public-key"
	ID         Bytes       `json:"id"`
	Transports []Transport `json:"transports,omitempty"`
}

// AuthenticatorSelection says what kind of authenticator and credential is wanted.
type AuthenticatorSelection struct {
	Attachment         string           `json:"authenticatorAttachment,omitempty"` // "platform", "cross-platform"; "" for either
	ResidentKey        string           `json:"residentKey"`                       // "required", "preferred", "discouraged"
	RequireResidentKey bool             `json:"requireResidentKey"`                // true exactly if ResidentKey is "required"
	UserVerification   UserVerification `json:"userVerification"`
}

// CreationExtensions asks for extension outputs at registration.
type CreationExtensions struct {
	// CredProps asks whether the credential is discoverable.
	CredProps bool `json:"credProps,omitzero"`
	// PRF asks for pseudo-random functions of the credential; nil does not.
	PRF *PRFInputs `json:"prf,omitzero"`
}

// RequestOptions begins an authentication ceremony in a client. It marshals to a
// PublicKeyCredentialRequestOptionsJSON, [WebAuthn L3 §5.1.9].
//
// [WebAuthn L3 §5.1.9]: https://www.w3.org/TR/webauthn-3/#dictdef-publickeycredentialrequestoptionsjson
type RequestOptions struct {
	Challenge        Bytes                  `json:"challenge"`
	Timeout          Milliseconds           `json:"timeout"`
	RPID             string                 `json:"rpId,omitempty"`   // as in [RelyingPartyEntity]
	AllowCredentials []CredentialDescriptor `json:"allowCredentials"` // empty: any discoverable one; nil marshals as []
	UserVerification UserVerification       `json:"userVerification"`
	Hints            []string               `json:"hints,omitempty"`
	Extensions       RequestExtensions      `json:"extensions,omitzero"`
}

// RequestExtensions asks for extension outputs at authentication.
type RequestExtensions struct {
	// PRF asks for outputs of the credential's pseudo-random functions; nil does not.
	PRF *PRFInputs `json:"prf,omitzero"`
}

// MarshalJSON writes a list that is nil as [].
func (o CreationOptions) MarshalJSON() ([]byte, error) {
	type plain CreationOptions // without this method
	if o.Parameters == nil {
		o.Parameters = []CredentialParameter{}
	}
	if o.ExcludeCredentials == nil {
		o.ExcludeCredentials = []CredentialDescriptor{}
	}
	return json.Marshal(plain(o))
}

// MarshalJSON writes a list that is nil as [].
func (o RequestOptions) MarshalJSON() ([]byte, error) {
	type plain RequestOptions // without this method
	if o.AllowCredentials == nil {
		o.AllowCredentials = []CredentialDescriptor{}
	}
	return json.Marshal(plain(o))
}

// Milliseconds is a duration that travels in JSON as a whole number of
// milliseconds, below 2³² as the specification's unsigned long.
type Milliseconds time.Duration

// MarshalJSON writes whole milliseconds and drops the rest.
func (m Milliseconds) MarshalJSON() ([]byte, error) {
	ms := time.Duration(m).Milliseconds()
	if ms < 0 || ms >= 1<<32 {
		return nil, errors.New("webauthn: a duration in milliseconds does not fit in 32 bits")
	}
	return strconv.AppendInt(nil, ms, 10), nil
}

// UnmarshalJSON reads whole milliseconds; with an error m is unchanged.
func (m *Milliseconds) UnmarshalJSON(b []byte) error {
	ms, err := strconv.ParseUint(string(b), 10, 32)
	if err != nil {
		return within("", errors.New("not a whole number of milliseconds below 2³²"))
	}
	*m = Milliseconds(time.Duration(ms) * time.Millisecond)
	return nil
}
