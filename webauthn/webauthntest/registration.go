package webauthntest

import (
	"crypto"
	"crypto/sha256"
	"crypto/x509"
	"fmt"
	"strconv"
	"strings"

	"github.com/hitherauth/hither/webauthn"
)

// Registration is a registration ceremony on the client's side, open to edits.
type Registration struct {
	Ceremony
	Options webauthn.CreationOptions
	// CredentialID goes into the envelope and names the credential afterwards; SetCredentialID changes it everywhere.
	CredentialID []byte

	// Attestation is what will be stated: to be read; another "fmt" is set in Object at BeforeObject.
	Attestation Attestation
	// Leaf is the attestation certificate to be (from BeforeCertificate on); Issuer signs it.
	Leaf   Certificate
	Issuer crypto.Signer
	// TPM and KeyDescription are what the formats tpm and android-key state.
	TPM            TPM
	KeyDescription KeyDescription
	// X5C holds the certificates of the statement, the leaf first.
	X5C [][]byte
	// Statement is attStmt; Object the map around it; AttestationObject its encoding.
	Statement         CBORObject
	Object            CBORObject
	AttestationObject []byte

	key          crypto.Signer
	publicKey    []byte // COSE, as sent
	aaguid       []byte
	algorithm    webauthn.Algorithm
	discoverable bool
	issuerName   Name
	intermediate []byte // nil for formats that send the leaf alone
}

// SetCredentialID changes the ID in authenticator data, envelope and the credential that is kept.
func (r *Registration) SetCredentialID(id []byte) {
	r.CredentialID = id
	if attested := r.AuthenticatorData.Attested; attested != nil {
		attested.CredentialID = id
	}
}

// Create answers creation options with a new credential and the JSON of its registration (RegistrationResponseJSON).
// Errors are [ErrExcluded], [ErrNoAlgorithm] and those of Rand. The credential is discoverable unless the options
// discourage it; it replaces none. An RP ID of "" means the origin's host.
func (a *Authenticator) Create(
	o webauthn.CreationOptions, origin string, edits ...func(*Registration),
) (*Credential, []byte, error) {
	if o.RP.ID == "" {
		o.RP.ID = host(origin)
	}
	if a.excluded(o) {
		return nil, nil, ErrExcluded
	}
	alg, err := a.algorithm(o.Parameters)
	if err != nil {
		return nil, nil, err
	}
	r, err := a.registration(o, alg, origin)
	if err != nil {
		return nil, nil, err
	}
	for _, edit := range edits {
		edit(r)
	}
	if err := r.run(a); err != nil {
		return nil, nil, err
	}

	c := &Credential{
		ID:           r.CredentialID,
		RPID:         o.RP.ID,
		UserHandle:   o.User.ID,
		Algorithm:    alg,
		PublicKey:    r.publicKey,
		Discoverable: r.discoverable,
		key:          r.key,
		flags:        r.AuthenticatorData.Flags &^ (FlagAttestedCredentialData | FlagExtensionData),
		owner:        a,
	}
	c.count.Store(r.AuthenticatorData.SignCount)
	a.mu.Lock()
	defer a.mu.Unlock()
	a.credentials = append(a.credentials, c)
	return c, r.Body, nil
}

// registration fills in a valid ceremony as far as it can be before anything is encoded.
func (a *Authenticator) registration(
	o webauthn.CreationOptions, alg webauthn.Algorithm, origin string,
) (*Registration, error) {
	id, err := a.bytes(32)
	if err != nil {
		return nil, err
	}
	key, err := a.newKey(alg)
	if err != nil {
		return nil, err
	}
	cose, err := COSEKey(key.Public(), alg)
	if err != nil {
		return nil, err
	}
	flags := FlagUserPresent | FlagUserVerified | FlagAttestedCredentialData
	if a.config.NotVerified {
		flags &^= FlagUserVerified
	}
	if a.config.BackupEligible {
		flags |= FlagBackupEligible
	}
	if a.config.BackupState {
		flags |= FlagBackupState
	}
	hash := sha256.Sum256([]byte(o.RP.ID))
	aaguid := a.config.AAGUID
	r := &Registration{
		Ceremony: Ceremony{
			Origin:     origin,
			ClientData: clientData(webauthn.TypeCreate, o.Challenge, origin),
			AuthenticatorData: AuthenticatorData{
				RPIDHash: hash[:],
				Flags:    flags,
				Attested: &AttestedCredential{AAGUID: aaguid[:], CredentialID: id, Key: cose},
			},
		},
		Options:      o,
		CredentialID: id,
		Attestation:  a.config.Attestation,
		key:          key,
		publicKey:    cose.Encode(),
		aaguid:       aaguid[:],
		discoverable: o.AuthenticatorSelection.ResidentKey != "discouraged" || o.AuthenticatorSelection.RequireResidentKey,
	}
	if err := r.prepare(a, alg); err != nil {
		return nil, err
	}
	return r, nil
}

func (r *Registration) run(a *Authenticator) error {
	if attested := r.AuthenticatorData.Attested; attested != nil {
		r.publicKey = attested.key()
		r.aaguid = attested.AAGUID
	}
	r.encode()
	if err := r.state(a); err != nil {
		return err
	}
	r.reach(BeforeStatement)

	format := r.Attestation
	if format == AttestationSelf {
		format = AttestationPacked
	}
	r.Object.Add(CBORText("fmt"), CBORText(string(format)))
	r.Object.Add(CBORText("attStmt"), r.Statement.Encode())
	r.Object.Add(CBORText("authData"), CBORBytes(r.RawAuthenticatorData))
	r.reach(BeforeObject)
	r.AttestationObject = r.Object.Encode()
	r.reach(AfterObject)

	spki, err := x509.MarshalPKIXPublicKey(r.key.Public())
	if err != nil {
		return fmt.Errorf("webauthntest: public key: %w", err)
	}
	transports := make([]string, len(a.config.Transports))
	for i, t := range a.config.Transports {
		transports[i] = JSONString(string(t))
	}
	r.Response.SetBytes("clientDataJSON", r.ClientDataJSON)
	r.Response.SetBytes("attestationObject", r.AttestationObject)
	r.Response.SetBytes("authenticatorData", r.RawAuthenticatorData)
	r.Response.SetBytes("publicKey", spki)
	r.Response.Set("publicKeyAlgorithm", strconv.FormatInt(int64(r.algorithm), 10))
	r.Response.Set("transports", "["+strings.Join(transports, ",")+"]")

	var extensions JSONObject
	if r.Options.Extensions.CredProps {
		extensions.Set("credProps", `{"rk":`+strconv.FormatBool(r.discoverable)+`}`)
	}
	r.body(r.CredentialID, a.config.Attachment, extensions)
	return nil
}
