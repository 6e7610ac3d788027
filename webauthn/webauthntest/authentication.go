package webauthntest

import "github.com/hitherauth/hither/webauthn"

// Authentication is an authentication ceremony on the client's side, open to edits.
type Authentication struct {
	Ceremony
	Options webauthn.RequestOptions
	// CredentialID goes into the envelope.
	CredentialID []byte
	// UserHandle is the response's; nil: the member is absent.
	UserHandle []byte
}

func (g *Authentication) run(a *Authenticator) error {
	g.encode()
	if err := g.sign(a, g.signed()); err != nil {
		return err
	}
	g.Response.SetBytes("clientDataJSON", g.ClientDataJSON)
	g.Response.SetBytes("authenticatorData", g.RawAuthenticatorData)
	g.Response.SetBytes("signature", g.Signature)
	if g.UserHandle != nil {
		g.Response.SetBytes("userHandle", g.UserHandle)
	}
	g.body(g.CredentialID, a.config.Attachment, nil)
	return nil
}
