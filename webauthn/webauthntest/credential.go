package webauthntest

import (
	"crypto"
	"crypto/sha256"
	"sync/atomic"

	"github.com/hitherauth/hither/webauthn"
)

// Credential is a key pair that an authenticator holds. Its exported members are fixed when it is made.
type Credential struct {
	ID           webauthn.Bytes
	RPID         string
	UserHandle   webauthn.Bytes
	Algorithm    webauthn.Algorithm
	PublicKey    []byte // COSE key, as sent at registration
	Discoverable bool

	key   crypto.Signer
	flags byte // UP, UV, BE and BS, as at registration
	count atomic.Uint32
	owner *Authenticator
}

// Key returns the private key, for tests that sign by themselves.
func (c *Credential) Key() crypto.Signer { return c.key }

// SignCount returns the signature counter: that of the last ceremony.
func (c *Credential) SignCount() uint32 { return c.count.Load() }

// SetSignCount changes the signature counter, as a copied authenticator would show it.
func (c *Credential) SetSignCount(n uint32) { c.count.Store(n) }

// Get answers request options with this credential, on the allow list or not. It is safe for concurrent use.
func (c *Credential) Get(o webauthn.RequestOptions, origin string, edits ...func(*Authentication)) ([]byte, error) {
	if o.RPID == "" {
		o.RPID = c.RPID
	}
	count := c.count.Load()
	if c.owner.config.Counting {
		count = c.count.Add(1)
	}
	hash := sha256.Sum256([]byte(o.RPID))
	g := &Authentication{
		Ceremony: Ceremony{
			Origin:           origin,
			ClientData:       clientData(webauthn.TypeGet, o.Challenge, origin),
			SigningKey:       c.key,
			SigningAlgorithm: c.Algorithm,
			AuthenticatorData: AuthenticatorData{
				RPIDHash:  hash[:],
				Flags:     c.flags,
				SignCount: count,
			},
		},
		Options:      o,
		CredentialID: c.ID,
		UserHandle:   c.UserHandle,
	}
	if !c.Discoverable {
		g.UserHandle = nil
	}
	for _, edit := range edits {
		edit(g)
	}
	if err := g.run(c.owner); err != nil {
		return nil, err
	}
	return g.Body, nil
}

// GetJSON is Get for options as they came from a server.
func (c *Credential) GetJSON(options []byte, origin string, edits ...func(*Authentication)) ([]byte, error) {
	o, err := ReadRequestOptions(options)
	if err != nil {
		return nil, err
	}
	return c.Get(o, origin, edits...)
}
