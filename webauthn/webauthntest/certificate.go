package webauthntest

import (
	"crypto"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/asn1"
	"fmt"
	"io"
	"math/big"
	"slices"
	"time"
)

// Certificate is an X.509 certificate to be (RFC 5280 §4.1), each field open to edits. It is written by this package
// because crypto/x509 makes correct ones only.
type Certificate struct {
	// Version as encoded: 2 means v3. Negative leaves the field out, which means v1.
	Version      int64
	SerialNumber *big.Int
	Issuer       Name
	Subject      Name
	NotBefore    time.Time
	NotAfter     time.Time
	// PublicKey is SubjectPublicKeyInfo in DER.
	PublicKey  []byte
	Extensions []Extension
}

// Name is a distinguished name: one attribute for each RDN.
type Name []NameAttribute

// NameAttribute is a type and a value with the tag of its string type.
type NameAttribute struct {
	Type  asn1.ObjectIdentifier
	Tag   byte
	Value string
}

// Extension is a certificate extension. Value is what stands inside the OCTET STRING.
type Extension struct {
	ID       asn1.ObjectIdentifier
	Critical bool
	Value    []byte
}

// Object identifiers of attestation certificates.
func oidCountry() asn1.ObjectIdentifier            { return asn1.ObjectIdentifier{2, 5, 4, 6} }
func oidOrganization() asn1.ObjectIdentifier       { return asn1.ObjectIdentifier{2, 5, 4, 10} }
func oidOrganizationalUnit() asn1.ObjectIdentifier { return asn1.ObjectIdentifier{2, 5, 4, 11} }
func oidCommonName() asn1.ObjectIdentifier         { return asn1.ObjectIdentifier{2, 5, 4, 3} }

// OIDBasicConstraints names the extension BasicConstraints.
func OIDBasicConstraints() asn1.ObjectIdentifier { return asn1.ObjectIdentifier{2, 5, 29, 19} }

// OIDSubjectAltName names the extension SubjectAltName.
func OIDSubjectAltName() asn1.ObjectIdentifier { return asn1.ObjectIdentifier{2, 5, 29, 17} }

// OIDExtendedKeyUsage names the extension ExtendedKeyUsage.
func OIDExtendedKeyUsage() asn1.ObjectIdentifier { return asn1.ObjectIdentifier{2, 5, 29, 37} }

// OIDAAGUID names the extension id-fido-gen-ce-aaguid.
func OIDAAGUID() asn1.ObjectIdentifier {
	return asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 45724, 1, 1, 4}
}

// OIDAndroidKeyDescription names the extension with which Android describes a key.
func OIDAndroidKeyDescription() asn1.ObjectIdentifier {
	return asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 11129, 2, 1, 17}
}

// OIDAppleNonce names the extension of Apple's anonymous attestation.
func OIDAppleNonce() asn1.ObjectIdentifier {
	return asn1.ObjectIdentifier{1, 2, 840, 113635, 100, 8, 2}
}

// Extension returns the first extension of this name, or nil.
func (c *Certificate) Extension(id asn1.ObjectIdentifier) *Extension {
	i := slices.IndexFunc(c.Extensions, func(e Extension) bool { return e.ID.Equal(id) })
	if i < 0 {
		return nil
	}
	return &c.Extensions[i]
}

// DeleteExtension removes every extension of this name.
func (c *Certificate) DeleteExtension(id asn1.ObjectIdentifier) {
	c.Extensions = slices.DeleteFunc(c.Extensions, func(e Extension) bool { return e.ID.Equal(id) })
}

// Encode writes a distinguished name.
func (n Name) Encode() []byte {
	var parts [][]byte
	for _, a := range n {
		parts = append(parts, DERSet(DERSequence(DEROID(a.Type), DERValue(a.Tag, []byte(a.Value)))))
	}
	return DERSequence(parts...)
}

// Sign writes the certificate, signed with an ECDSA key and SHA-256; random nil makes the signature of RFC 6979.
func (c *Certificate) Sign(random io.Reader, issuer crypto.Signer) ([]byte, error) {
	algorithm := DERSequence(DEROID(asn1.ObjectIdentifier{1, 2, 840, 10045, 4, 3, 2}))
	var version, extensions []byte
	if c.Version >= 0 {
		version = DERContext(0, DERSmallInteger(c.Version))
	}
	if len(c.Extensions) > 0 {
		var list [][]byte
		for _, e := range c.Extensions {
			var critical []byte
			if e.Critical {
				critical = DERBool(true)
			}
			list = append(list, DERSequence(DEROID(e.ID), critical, DEROctetString(e.Value)))
		}
		extensions = DERContext(3, DERSequence(list...))
	}
	body := DERSequence(
		version, DERInteger(c.SerialNumber), algorithm, c.Issuer.Encode(),
		DERSequence(DERTime(c.NotBefore), DERTime(c.NotAfter)),
		c.Subject.Encode(), c.PublicKey, extensions,
	)
	digest := sha256.Sum256(body)
	signature, err := issuer.Sign(random, digest[:], crypto.SHA256)
	if err != nil {
		return nil, fmt.Errorf("webauthntest: signing a certificate: %w", err)
	}
	return DERSequence(body, algorithm, DERBitString(signature)), nil
}

// newCertificate is a v3 certificate with a validity that no test outlives.
func newCertificate(random io.Reader, public crypto.PublicKey, subject Name) (Certificate, error) {
	serial := make([]byte, 8)
	if _, err := io.ReadFull(random, serial); err != nil {
		return Certificate{}, fmt.Errorf("webauthntest: reading randomness: %w", err)
	}
	serial[0] = serial[0]&0x7f | 1
	spki, err := x509.MarshalPKIXPublicKey(public)
	if err != nil {
		return Certificate{}, fmt.Errorf("webauthntest: public key: %w", err)
	}
	return Certificate{
		Version:      2,
		SerialNumber: new(big.Int).SetBytes(serial),
		Subject:      subject,
		NotBefore:    time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC),
		NotAfter:     time.Date(2049, 12, 31, 23, 59, 59, 0, time.UTC),
		PublicKey:    spki,
	}, nil
}

// repeatable turns the source of randomness of a test into the one for signatures: none, so that they repeat
// themselves.
func repeatable(random io.Reader) io.Reader {
	if random == rand.Reader {
		return random
	}
	return nil
}
