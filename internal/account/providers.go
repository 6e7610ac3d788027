package account

import (
	_ "embed" // for known
	"errors"
	"fmt"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/hitherauth/hither/webauthn"
)

// Bounds of a list of providers.
const (
	// MaxProvidersSize is how long a list may be, in bytes of JSON.
	MaxProvidersSize = 64 << 10
	// maxProviderNameLength leaves room behind the name for a number, within MaxCredentialNameLength.
	maxProviderNameLength = 48
)

// Providers are the names by which people know what keeps a credential, by
// AAGUID: "iCloud Keychain", "YubiKey 5". An AAGUID is what the authenticator
// says of itself, and nothing proves it unless attestation is required: a name
// helps people to tell their own credentials apart and decides nothing.
type Providers map[webauthn.AAGUID]string

// Name is the provider's name; "" for one that is not listed.
func (p Providers) Name(a webauthn.AAGUID) string { return p[a] }

// ParseProviders reads a list of providers, a JSON object from AAGUIDs to
// names such as {"d548826e-79b4-db40-a3d8-11116f7e8349": "Bitwarden"}. It is
// strict: nothing but that object, no AAGUID twice in whatever case, not the one
// of all zeros, and names of 1 to 48 characters that could be a credential's.
func ParseProviders(text []byte) (Providers, error) {
	if len(text) > MaxProvidersSize {
		return nil, fmt.Errorf("account: a list of providers has at most %d bytes", MaxProvidersSize)
	}
	var p Providers
	if err := json.Unmarshal(text, &p); err != nil {
		return nil, fmt.Errorf("account: a list of providers is a JSON object from AAGUIDs, each once, to names%s", pointer(err))
	}
	if p == nil {
		return nil, errors.New("account: a list of providers is a JSON object, not null")
	}
	for id, name := range p {
		if id == (webauthn.AAGUID{}) {
			return nil, errors.New("account: the AAGUID of all zeros says nothing and has no name")
		}
		parsed, err := ParseCredentialName(name)
		if reason, ok := errors.AsType[*NameError](err); ok {
			return nil, fmt.Errorf("account: the name of provider %s is no good: %s", id, reason.Reason)
		}
		if n := len([]rune(parsed)); n > maxProviderNameLength {
			return nil, fmt.Errorf("account: the name of provider %s has %d characters, more than %d", id, n, maxProviderNameLength)
		}
		p[id] = parsed
	}
	return p, nil
}

// pointer is where a list is wrong.
func pointer(err error) string {
	var at jsontext.Pointer
	if semantic, ok := errors.AsType[*json.SemanticError](err); ok {
		at = semantic.JSONPointer
	} else if syntactic, ok := errors.AsType[*jsontext.SyntacticError](err); ok {
		at = syntactic.JSONPointer
	}
	if at == "" {
		return ""
	}
	return fmt.Sprintf(": look at %.80q", at.LastToken())
}

// known is the list of this version.
//
//go:embed providers.json
var known []byte

// KnownProviders is the list that is used where there is no other: the common
// ones, by the names that their makers give them.
func KnownProviders() (Providers, error) { return ParseProviders(known) }
