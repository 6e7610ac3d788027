package account

import (
	"crypto/sha256"
	"fmt"
	"net/netip"
	"slices"
	"time"

	"github.com/hitherauth/hither/webauthn"
)

// Credential is the record of a registered credential: what [WebAuthn L3 §4]
// calls a credential record, and what people are shown about it.
//
// [WebAuthn L3 §4]: https://www.w3.org/TR/webauthn-3/#credential-record
type Credential struct {
	ID                webauthn.Bytes
	AccountID         ID
	PublicKey         []byte // COSE_Key, as registered
	SignCount         uint32
	Transports        []webauthn.Transport
	Attachment        string // "platform", "cross-platform" or "": how it was attached when it was made
	AAGUID            webauthn.AAGUID
	BackupEligible    *bool // nil: imported, learnt at first use
	BackupState       bool
	Discoverable      *bool // nil: the client did not say
	AttestationFormat string
	AttestationType   string
	Name              string
	CreatedAt         time.Time
	LastUse           *Use // nil: not used since it was made
}

// MaxCredentials is how many credentials an account can have: more than anybody
// needs, few enough to be listed in one answer.
const MaxCredentials = 100

// Use says when, from where and by which browser.
type Use struct {
	At      time.Time
	Address netip.Addr
	Browser string // "Firefox on Linux"; "" unknown
}

// Client is who asks, as far as the server saw it.
type Client struct {
	Address netip.Addr
	Browser string // as in Use
}

// CredentialHash is how a credential id appears in audit events and logs: the
// first 16 bytes of its SHA-256. It tells credentials apart without letting a
// reader of the log name one to an authenticator.
func CredentialHash(id webauthn.Bytes) [16]byte {
	sum := sha256.Sum256(id)
	return [16]byte(sum[:16])
}

// defaultCredentialName names a credential that nobody has named: after its
// provider where one is known, after what holds it where the client told, else
// after the browser that made it. A number keeps it apart from the names that
// are taken.
func defaultCredentialName(c Credential, provider, browser string, taken []Credential) string {
	base := "Passkey"
	switch {
	case provider != "":
		base = provider
	case c.Attachment == "cross-platform" && slices.Contains(c.Transports, webauthn.TransportHybrid):
		base = "Phone or tablet"
	case c.Attachment == "cross-platform" && slices.Contains(c.Transports, webauthn.TransportUSB):
		base = "Security key"
	default:
		if name, err := ParseCredentialName(browser); err == nil {
			base = name
		}
	}
	for n := 1; ; n++ {
		name := base
		if n > 1 {
			name = fmt.Sprintf("%s %d", base, n)
		}
		if !slices.ContainsFunc(taken, func(t Credential) bool { return t.Name == name }) {
			return name
		}
	}
}
