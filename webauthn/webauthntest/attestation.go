package webauthntest

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/sha256"
	"encoding/asn1"
	"errors"
	"fmt"
	"slices"

	"github.com/hitherauth/hither/webauthn"
)

// errNotP256 says that the format fido-u2f knows one kind of key only.
var errNotP256 = errors.New("webauthntest: fido-u2f states P-256 keys with ES256 only")

// prepare chooses the keys that a statement needs.
func (r *Registration) prepare(a *Authenticator, alg webauthn.Algorithm) error {
	r.algorithm = alg
	r.SigningKey, r.SigningAlgorithm = r.key, alg
	switch r.Attestation {
	case AttestationNone, AttestationSelf:
		return nil
	case AttestationFIDOU2F:
		if alg != webauthn.ES256 {
			return errNotP256
		}
		r.AuthenticatorData.Attested.AAGUID = make([]byte, 16)
	case AttestationPacked, AttestationTPM, AttestationAndroidKey, AttestationApple:
	default:
		return fmt.Errorf("webauthntest: attestation %q is unknown", r.Attestation)
	}

	ca, err := a.ca()
	if err != nil {
		return err
	}
	r.Issuer, r.issuerName, r.intermediate = ca.intermediateKey, ca.intermediateName, ca.intermediate
	if r.Attestation == AttestationFIDOU2F { // §8.6: exactly one certificate, so the root has to sign it
		r.Issuer, r.issuerName, r.intermediate = ca.rootKey, ca.rootName, nil
	}
	switch r.Attestation {
	case AttestationAndroidKey:
		r.KeyDescription = newKeyDescription(r.key.Public())
		return nil
	case AttestationApple:
		return nil
	case AttestationTPM:
		if r.TPM, err = newTPM(r.key.Public()); err != nil {
			return err
		}
	default: // the others state what is in the authenticator data
	}
	r.SigningAlgorithm = webauthn.ES256
	r.SigningKey, err = a.attestationKey()
	return err
}

// state makes the members of the statement, and everything that they need.
func (r *Registration) state(a *Authenticator) error {
	if r.Attestation == AttestationNone {
		return nil
	}
	input := r.signed()
	if r.Attestation != AttestationSelf {
		if r.Attestation == AttestationTPM {
			if err := r.TPM.complete(input, r.SigningAlgorithm); err != nil {
				return err
			}
			input = r.TPM.CertInfo
		}
		if err := r.certify(a); err != nil {
			return err
		}
	}
	if r.Attestation == AttestationFIDOU2F {
		var err error
		if input, err = r.signedU2F(); err != nil {
			return err
		}
	}
	if r.Attestation == AttestationApple { // §8.8: the certificate is the statement, nothing else is signed
		r.SignatureInput = input
		r.reach(BeforeSigning)
		r.reach(AfterSigning)
	} else if err := r.sign(a, input); err != nil {
		return err
	}
	r.fillStatement()
	return nil
}

// fillStatement puts the parts of the statement into its map, in canonical order.
func (r *Registration) fillStatement() {
	add := func(key string, value CBOR) { r.Statement.Add(CBORText(key), value) }
	certificates := make([]CBOR, len(r.X5C))
	for i, c := range r.X5C {
		certificates[i] = CBORBytes(c)
	}
	x5c := CBORArray(certificates...)
	alg, sig := CBORInt(int64(r.SigningAlgorithm)), CBORBytes(r.Signature)

	switch r.Attestation {
	case AttestationNone: // empty
	case AttestationSelf:
		add("alg", alg)
		add("sig", sig)
	case AttestationPacked, AttestationAndroidKey:
		add("alg", alg)
		add("sig", sig)
		add("x5c", x5c)
	case AttestationFIDOU2F:
		add("sig", sig)
		add("x5c", x5c)
	case AttestationTPM:
		add("alg", alg)
		add("sig", sig)
		add("ver", CBORText(r.TPM.Version))
		add("x5c", x5c)
		add("pubArea", CBORBytes(r.TPM.PubArea))
		add("certInfo", CBORBytes(r.TPM.CertInfo))
	case AttestationApple:
		add("x5c", x5c)
	}
}

// certify makes the certificates of the statement.
func (r *Registration) certify(a *Authenticator) error {
	leaf, err := newCertificate(a.random, r.SigningKey.Public(), nil)
	if err != nil {
		return err
	}
	leaf.Issuer = r.issuerName
	notCA := Extension{ID: OIDBasicConstraints(), Critical: true, Value: DERSequence()}
	aaguid := Extension{ID: OIDAAGUID(), Value: DEROctetString(r.aaguid)}
	switch r.Attestation {
	case AttestationPacked: // §8.2.1
		leaf.Subject = Name{
			{oidCountry(), DERTagPrintableString, "NO"},
			{oidOrganization(), DERTagUTF8String, "Hither tests"},
			{oidOrganizationalUnit(), DERTagUTF8String, "Authenticator Attestation"},
			{oidCommonName(), DERTagUTF8String, "Test authenticator"},
		}
		leaf.Extensions = []Extension{notCA, aaguid}
	case AttestationTPM: // §8.3.1
		leaf.Extensions = []Extension{notCA, tpmSubjectAltName(), tpmExtendedKeyUsage(), aaguid}
	case AttestationAndroidKey: // §8.4.1
		leaf.Subject = Name{{oidCommonName(), DERTagUTF8String, "Android Keystore Key"}}
		leaf.Extensions = []Extension{
			{ID: OIDAndroidKeyDescription(), Value: r.KeyDescription.Encode(r.ClientDataHash())},
		}
	case AttestationApple: // §8.8
		leaf.Subject = Name{{oidCommonName(), DERTagUTF8String, "Test credential"}}
		nonce := sha256.Sum256(r.signed())
		leaf.Extensions = []Extension{
			notCA,
			{ID: OIDAppleNonce(), Value: DERSequence(DERContext(1, DEROctetString(nonce[:])))},
		}
	default: // §8.6 demands nothing of the certificate but its key
		leaf.Subject = Name{{oidCommonName(), DERTagUTF8String, "Test U2F authenticator"}}
		leaf.Extensions = []Extension{notCA}
	}
	r.Leaf = leaf
	r.reach(BeforeCertificate)

	der, err := r.Leaf.Sign(repeatable(a.random), r.Issuer)
	if err != nil {
		return err
	}
	r.X5C = [][]byte{der}
	if r.intermediate != nil {
		r.X5C = append(r.X5C, r.intermediate)
	}
	return nil
}

// signedU2F is what a fido-u2f statement signs (§8.6).
func (r *Registration) signedU2F() ([]byte, error) {
	key, ok := r.key.Public().(*ecdsa.PublicKey)
	if !ok {
		return nil, errNotP256
	}
	point, err := key.Bytes()
	if err != nil {
		return nil, fmt.Errorf("webauthntest: public key: %w", err)
	}
	return slices.Concat([]byte{0}, r.AuthenticatorData.RPIDHash, r.ClientDataHash(), r.CredentialID, point), nil
}

// KeyDescription is what Android's key attestation says about a key, in its extension of the certificate.
type KeyDescription struct {
	Version, KeymasterVersion int64
	// SecurityLevel: 0 software, 1 trusted environment, 2 StrongBox.
	SecurityLevel int64
	// Challenge is attestationChallenge; nil: the hash of the client data.
	Challenge []byte
	UniqueID  []byte
	// SoftwareEnforced and TEEEnforced hold the authorizations, each an explicitly tagged DER value, in the order of
	// their tags. [Authorization] makes one.
	SoftwareEnforced, TEEEnforced [][]byte
}

// Tags of authorizations that WebAuthn looks at.
const (
	AuthorizationPurpose         = 1
	AuthorizationAlgorithm       = 2
	AuthorizationKeySize         = 3
	AuthorizationAllApplications = 600
	AuthorizationOrigin          = 702
)

// Authorization writes one entry of an authorization list.
func Authorization(tag int, value []byte) []byte { return DERContext(tag, value) }

// newKeyDescription describes a key for signing that was generated in the trusted environment.
func newKeyDescription(public crypto.PublicKey) KeyDescription {
	algorithm := int64(1) // RSA
	if _, ok := public.(*ecdsa.PublicKey); ok {
		algorithm = 3
	}
	return KeyDescription{
		Version: 3, KeymasterVersion: 4, SecurityLevel: 1,
		TEEEnforced: [][]byte{
			Authorization(AuthorizationPurpose, DERSet(DERSmallInteger(2))),
			Authorization(AuthorizationAlgorithm, DERSmallInteger(algorithm)),
			Authorization(AuthorizationOrigin, DERSmallInteger(0)),
		},
	}
}

// Encode writes the value of the extension.
func (d KeyDescription) Encode(clientDataHash []byte) []byte {
	challenge := d.Challenge
	if challenge == nil {
		challenge = clientDataHash
	}
	level := DERValue(DERTagEnumerated, []byte{byte(d.SecurityLevel)})
	return DERSequence(
		DERSmallInteger(d.Version), level, DERSmallInteger(d.KeymasterVersion), level,
		DEROctetString(challenge), DEROctetString(d.UniqueID),
		DERSequence(d.SoftwareEnforced...), DERSequence(d.TEEEnforced...),
	)
}

// tpmExtendedKeyUsage says tcg-kp-AIKCertificate.
func tpmExtendedKeyUsage() Extension {
	return Extension{
		ID:    OIDExtendedKeyUsage(),
		Value: DERSequence(DEROID(asn1.ObjectIdentifier{2, 23, 133, 8, 3})),
	}
}

// tpmSubjectAltName names the TPM as its EK profile asks for; the manufacturer is that of FIDO's conformance tool.
func tpmSubjectAltName() Extension {
	return Extension{
		ID: OIDSubjectAltName(), Critical: true, // critical because the subject is empty
		Value: TPMSubjectAltName("id:FFFFF1D0", "Test TPM", "id:00010002"),
	}
}

// TPMSubjectAltName writes the value of the SubjectAltName of an attestation identity key.
func TPMSubjectAltName(manufacturer, model, version string) []byte {
	return DERSequence(DERContext(4, Name{
		{asn1.ObjectIdentifier{2, 23, 133, 2, 1}, DERTagUTF8String, manufacturer},
		{asn1.ObjectIdentifier{2, 23, 133, 2, 2}, DERTagUTF8String, model},
		{asn1.ObjectIdentifier{2, 23, 133, 2, 3}, DERTagUTF8String, version},
	}.Encode()))
}
