package webauthntest

import (
	"crypto"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"io"

	"github.com/hitherauth/hither/webauthn"
)

// CA issues attestation certificates: a root and one intermediate, both with P-256 keys.
type CA struct {
	random                     io.Reader
	rootName, intermediateName Name
	rootKey, intermediateKey   crypto.Signer
	root, intermediate         []byte
}

// NewCA makes a CA with a name of its own. A nil random means crypto/rand.
func NewCA(random io.Reader) (*CA, error) {
	if random == nil {
		random = rand.Reader
	}
	ca := &CA{random: random}
	tag := make([]byte, 4)
	if _, err := io.ReadFull(random, tag); err != nil {
		return nil, fmt.Errorf("webauthntest: reading randomness: %w", err)
	}
	ca.rootName = Name{{oidCommonName(), DERTagUTF8String, "Test attestation root " + hex.EncodeToString(tag)}}
	ca.intermediateName = Name{{oidCommonName(), DERTagUTF8String, "Test attestation issuer " + hex.EncodeToString(tag)}}

	var err error
	if ca.rootKey, err = newECKey(random, webauthn.ES256); err != nil {
		return nil, err
	}
	if ca.intermediateKey, err = newECKey(random, webauthn.ES256); err != nil {
		return nil, err
	}
	if ca.root, err = ca.issue(ca.rootName, ca.rootKey.Public()); err != nil {
		return nil, err
	}
	if ca.intermediate, err = ca.issue(ca.intermediateName, ca.intermediateKey.Public()); err != nil {
		return nil, err
	}
	return ca, nil
}

// Root is the certificate to trust, in DER.
func (ca *CA) Root() []byte { return ca.root }

// Intermediate is the certificate between root and leaf, in DER. Statements carry it, except those of fido-u2f.
func (ca *CA) Intermediate() []byte { return ca.intermediate }

// RootKey signs the intermediate, and the leaf of fido-u2f statements.
func (ca *CA) RootKey() crypto.Signer { return ca.rootKey }

// issue makes a CA certificate under the root.
func (ca *CA) issue(subject Name, public crypto.PublicKey) ([]byte, error) {
	c, err := newCertificate(ca.random, public, subject)
	if err != nil {
		return nil, err
	}
	c.Issuer = ca.rootName
	c.Extensions = []Extension{{ID: OIDBasicConstraints(), Critical: true, Value: DERSequence(DERBool(true))}}
	return c.Sign(repeatable(ca.random), ca.rootKey)
}
