package webauthntest

import (
	"crypto"
	"crypto/sha256"
	"net/url"
	"slices"

	"github.com/hitherauth/hither/webauthn"
)

// Stage is a moment of a ceremony at which an edit can step in (see [Ceremony.At]).
type Stage int

// The stages in their order. An authentication has AfterEncoding, BeforeSigning, AfterSigning, BeforeBody, AfterBody. A
// registration that states nothing does not come to BeforeCertificate, BeforeSigning and AfterSigning; one with
// AttestationSelf has no certificate.
const (
	// AfterEncoding: ClientDataJSON and RawAuthenticatorData are there; nothing is signed yet.
	AfterEncoding Stage = iota + 1
	// BeforeCertificate: Leaf is filled in and TPM complete; the certificate is not signed yet.
	BeforeCertificate
	// BeforeSigning: X5C and SignatureInput are there.
	BeforeSigning
	// AfterSigning: Signature is there.
	AfterSigning
	// BeforeStatement: Statement has its members and is not encoded yet.
	BeforeStatement
	// BeforeObject: Object has its three members and is not encoded yet.
	BeforeObject
	// AfterObject: AttestationObject is there.
	AfterObject
	// BeforeBody: Response and Envelope have their members.
	BeforeBody
	// AfterBody: Body is there; it is what is returned.
	AfterBody
)

// Ceremony is what both ceremonies have in common. When the edits run, ClientData, AuthenticatorData and the keys are
// filled in; the rest comes at the stages.
type Ceremony struct {
	Origin string

	// ClientData holds the members of the client data; ClientDataJSON is its encoding.
	ClientData     JSONObject
	ClientDataJSON []byte

	AuthenticatorData    AuthenticatorData
	RawAuthenticatorData []byte

	// SigningKey makes the assertion or the attestation signature. Replacing it changes nothing else.
	SigningKey       crypto.Signer
	SigningAlgorithm webauthn.Algorithm
	SignatureInput   []byte
	Signature        []byte

	// Response holds the members of "response", Envelope those around it. Envelope's "response" is encoded after the
	// stage BeforeBody, unless a value was set there.
	Response JSONObject
	Envelope JSONObject
	Body     []byte

	stages map[Stage][]func()
}

// At calls do when the ceremony has come to the given stage.
func (c *Ceremony) At(stage Stage, do func()) {
	if c.stages == nil {
		c.stages = make(map[Stage][]func())
	}
	c.stages[stage] = append(c.stages[stage], do)
}

func (c *Ceremony) reach(stage Stage) {
	for _, do := range c.stages[stage] {
		do()
	}
}

// ClientDataHash is SHA-256 over ClientDataJSON.
func (c *Ceremony) ClientDataHash() []byte {
	hash := sha256.Sum256(c.ClientDataJSON)
	return hash[:]
}

// encode makes client data and authenticator data.
func (c *Ceremony) encode() {
	c.ClientDataJSON = []byte(c.ClientData.Encode())
	c.RawAuthenticatorData = c.AuthenticatorData.Encode()
	c.reach(AfterEncoding)
}

// sign makes the signature over input.
func (c *Ceremony) sign(a *Authenticator, input []byte) error {
	c.SignatureInput = input
	c.reach(BeforeSigning)
	signature, err := a.sign(c.SigningKey, c.SigningAlgorithm, c.SignatureInput)
	if err != nil {
		return err
	}
	c.Signature = signature
	c.reach(AfterSigning)
	return nil
}

// signed is what assertions and most statements sign: authenticator data and the hash of the client data.
func (c *Ceremony) signed() []byte {
	return slices.Concat(c.RawAuthenticatorData, c.ClientDataHash())
}

// body makes the JSON around a response.
func (c *Ceremony) body(id []byte, attachment string, extensions JSONObject) {
	c.Envelope.SetBytes("id", id)
	c.Envelope.SetBytes("rawId", id)
	c.Envelope.SetString("type", "public-key")
	c.Envelope.SetString("authenticatorAttachment", attachment)
	c.Envelope.Set("response", "")
	c.Envelope.Set("clientExtensionResults", extensions.Encode())
	c.reach(BeforeBody)
	if i := c.Envelope.index("response"); i >= 0 && c.Envelope[i].Value == "" {
		c.Envelope[i].Value = c.Response.Encode()
	}
	c.Body = []byte(c.Envelope.Encode())
	c.reach(AfterBody)
}

// clientData holds the members of valid client data in the order of the specification.
func clientData(ceremony string, challenge []byte, origin string) JSONObject {
	var o JSONObject
	o.SetString("type", ceremony)
	o.SetBytes("challenge", challenge)
	o.SetString("origin", origin)
	o.Set("crossOrigin", "false")
	return o
}

// host is the host of an origin, or the origin itself when it is no URL.
func host(origin string) string {
	u, err := url.Parse(origin)
	if err != nil || u.Hostname() == "" {
		return origin
	}
	return u.Hostname()
}
