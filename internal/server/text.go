package server

import (
	"encoding/hex"
	"net/netip"

	"github.com/hitherauth/hither/internal/account"
	"github.com/hitherauth/hither/webauthn"
)

// addressText is an address for people and logs; "" when it is not known.
func addressText(a netip.Addr) string {
	if !a.IsValid() {
		return ""
	}
	return a.String()
}

// credentialText is how a credential appears in a log: half of the hash that
// audit events have.
func credentialText(id webauthn.Bytes) string {
	if len(id) == 0 {
		return ""
	}
	hash := account.CredentialHash(id)
	return hex.EncodeToString(hash[:8])
}
