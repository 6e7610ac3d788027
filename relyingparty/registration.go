package relyingparty

import (
	"bytes"
	"errors"
	"fmt"
	"slices"

	"github.com/hitherauth/hither/webauthn"
)

// maxUserHandle is the longest user handle in bytes (WebAuthn L3 §5.4.3).
const maxUserHandle = 64

const typePublicKey = "public-key"

// RegistrationRequest is what BeginRegistration needs beyond the configuration.
type RegistrationRequest struct {
	// User is the person the credential will be for. ID is the user handle, 1-64
	// random bytes that say nothing about the person.
	User webauthn.UserEntity
	// Exclude lists what the account has, so that an authenticator does not make
	// a second credential for it.
	Exclude []webauthn.CredentialDescriptor
	// Hints are passed to the browser, such as "hybrid".
	Hints   []string
	Binding Binding
	// Attachment is the caller's own memory: sealed into the ceremony and handed
	// back by OpenRegistration. At most [MaxAttachment] bytes.
	Attachment []byte
}

// Registration is what a finished registration proved: the record to store.
type Registration struct {
	CredentialID webauthn.Bytes
	PublicKey    []byte // COSE key, canonical CBOR
	Algorithm    webauthn.Algorithm
	UserHandle   []byte // of the ceremony: whose credential it is
	// AAGUID is the authenticator's model: a claim, proved only where Attested is set.
	AAGUID     webauthn.AAGUID
	Transports []webauthn.Transport // as the client says
	// Attachment is "platform", "cross-platform" or "", as the client says.
	Attachment     string
	SignCount      uint32
	UserVerified   bool
	BackupEligible bool
	BackupState    bool
	Discoverable   *bool // as the client says; nil when it does not
	// AttestationFormat is the statement's format as sent.
	AttestationFormat string
	// AttestationType is "none", "basic_surrogate", "basic_full", "attca" or
	// "anonca" as verified; "" under StatementIgnore.
	AttestationType string
	// Attested: the statement verified and its chain ends at a configured root or
	// metadata entry.
	Attested bool
}

// BeginRegistration begins a ceremony in which the person makes a discoverable
// credential. It stores nothing. See [WebAuthn L3 §7.1], the first step.
//
// It fails on a request that is wrong (no user handle, too long an attachment)
// and when randomness fails or no key of the keyring is in use yet.
//
// [WebAuthn L3 §7.1]: https://www.w3.org/TR/webauthn-3/#sctn-registering-a-new-credential
func (rp *RelyingParty) BeginRegistration(r RegistrationRequest) (webauthn.CreationOptions, SealedCeremony, error) {
	if len(r.User.ID) == 0 || len(r.User.ID) > maxUserHandle {
		return webauthn.CreationOptions{}, "", fmt.Errorf("relyingparty: a user handle of %d bytes is not 1-%d bytes long", len(r.User.ID), maxUserHandle)
	}
	c, err := rp.begin(r.Binding, r.Attachment)
	if err != nil {
		return webauthn.CreationOptions{}, "", err
	}
	c.userHandle = slices.Clone(r.User.ID)
	c.algorithms = rp.algorithms
	sealed, err := rp.seal(verbRegistration, c)
	if err != nil {
		return webauthn.CreationOptions{}, "", err
	}
	parameters := make([]webauthn.CredentialParameter, len(rp.algorithms))
	for i, a := range rp.algorithms {
		parameters[i] = webauthn.CredentialParameter{Type: typePublicKey, Algorithm: a}
	}
	return webauthn.CreationOptions{
		RP:                 webauthn.RelyingPartyEntity{ID: rp.id, Name: rp.name},
		User:               r.User,
		Challenge:          slices.Clone(c.challenge),
		Parameters:         parameters,
		Timeout:            webauthn.Milliseconds(rp.timeout),
		ExcludeCredentials: descriptors(r.Exclude),
		AuthenticatorSelection: webauthn.AuthenticatorSelection{
			ResidentKey:        "required",
			RequireResidentKey: true,
			UserVerification:   rp.userVerification,
		},
		Hints:       slices.Clone(r.Hints),
		Attestation: rp.attestation.conveyance(),
		Extensions:  webauthn.CreationExtensions{CredProps: true},
	}, sealed, nil
}

// descriptors copies a list and fills in the type. Never nil: the JSON of an
// empty list is [], which browsers want.
func descriptors(list []webauthn.CredentialDescriptor) []webauthn.CredentialDescriptor {
	out := make([]webauthn.CredentialDescriptor, len(list))
	for i, d := range list {
		d.Type = typePublicKey
		out[i] = d
	}
	return out
}

// OpenRegistration turns the text from BeginRegistration into a ceremony again.
//
// It fails with a [*VerificationError]: [CheckCeremony] (not ours, or for the
// other verb), [CheckBinding], [CheckExpiry], in this order. A ceremony that
// fails here need not be spent.
func (rp *RelyingParty) OpenRegistration(s SealedCeremony, b Binding) (RegistrationCeremony, error) {
	c, err := rp.open(verbRegistration, s, b)
	if err != nil {
		return RegistrationCeremony{}, err
	}
	return RegistrationCeremony{
		ID:         c.id,
		UserHandle: c.userHandle,
		IssuedAt:   c.issuedAt,
		ExpiresAt:  c.expiresAt,
		Attachment: c.attachment,
		opened:     &c,
	}, nil
}

// registrationState is one registration being judged.
type registrationState struct {
	rp        *RelyingParty
	ceremony  *ceremony
	response  *webauthn.RegistrationResponse
	statement *statement
}

// FinishRegistration decides whether r completes c. It fails with a
// [*VerificationError] and the zero Registration.
//
// It makes no network or storage calls and does not keep r. The caller stores
// the result and spends c in one transaction, and refuses there a credential id
// that any account has already ([WebAuthn L3 §7.1], credential id is unknown).
//
// [WebAuthn L3 §7.1]: https://www.w3.org/TR/webauthn-3/#sctn-registering-a-new-credential
func (rp *RelyingParty) FinishRegistration(c RegistrationCeremony, r webauthn.RegistrationResponse) (Registration, error) {
	if c.opened == nil {
		return Registration{}, refuse(CheckCeremony, "not made by OpenRegistration")
	}
	s := &registrationState{
		rp:        rp,
		ceremony:  c.opened,
		response:  &r,
		statement: &statement{object: &r.AttestationObject, clientDataHash: r.ClientData.Hash()},
	}
	client := clientDataChecks{rp: rp, ceremony: c.opened, data: &r.ClientData, want: webauthn.TypeCreate}
	authenticator := authenticatorDataChecks{rp: rp, ceremony: c.opened, data: &r.AttestationObject.AuthenticatorData}
	if err := firstError(
		client.checkType,
		client.checkChallenge,
		client.checkOrigin,
		client.checkCrossOrigin,
		client.checkTopOrigin,
		authenticator.checkRPIDHash,
		authenticator.checkUserPresent,
		authenticator.checkUserVerified,
		authenticator.checkBackupFlags,
		s.checkAttestedData,
		s.checkAlgorithm,
		s.checkPublicKey,
		s.checkFormat,
		s.checkStatement,
		s.checkTrust,
		s.checkCredentialID,
	); err != nil {
		return Registration{}, err
	}
	return s.result(), nil
}

// §7.1: authenticator data holds the new credential.
func (s *registrationState) checkAttestedData() error {
	if s.response.AttestationObject.AuthenticatorData.AttestedCredential == nil {
		return refuse(CheckAttestedData, "authenticator data holds no attested credential data")
	}
	return nil
}

func (s *registrationState) credential() *webauthn.AttestedCredential {
	return s.response.AttestationObject.AuthenticatorData.AttestedCredential
}

// §7.1: alg is one of pubKeyCredParams.
func (s *registrationState) checkAlgorithm() error {
	if a := s.credential().PublicKey.Algorithm; !slices.Contains(s.ceremony.algorithms, a) {
		return refuse(CheckAlgorithm, "algorithm %d was not offered", int64(a))
	}
	return nil
}

// §5.8.5: the key suits its algorithm. Judged now, not at the first sign-in.
func (s *registrationState) checkPublicKey() error {
	if _, err := verificationKey(s.credential().PublicKey); err != nil {
		return &VerificationError{Check: CheckPublicKey, Err: err}
	}
	if err := checkNewKey(s.credential().PublicKey); err != nil {
		return &VerificationError{Check: CheckPublicKey, Err: err}
	}
	return nil
}

// §7.1: fmt is a supported format, matched case-sensitively.
func (s *registrationState) checkFormat() error {
	if err := s.statement.checkFormat(); err != nil {
		return &VerificationError{Check: CheckFormat, Err: err}
	}
	return nil
}

// §7.1: attStmt is a correct statement of its format.
func (s *registrationState) checkStatement() error {
	if err := s.rp.attestation.checkStatement(s.statement); err != nil {
		return &VerificationError{Check: CheckStatement, Err: err}
	}
	return nil
}

// §7.1: the attestation is trustworthy, as far as policy asks.
func (s *registrationState) checkTrust() error {
	if err := s.rp.attestation.checkTrust(s.statement); err != nil {
		return &VerificationError{Check: CheckTrust, Err: err}
	}
	return nil
}

var errCredentialIDs = errors.New("the id in the body is not the one in the authenticator data")

// §7.1: the credential id. Divergence: the spec takes id and rawId from the
// client; here they must be what the authenticator signed for.
func (s *registrationState) checkCredentialID() error {
	if !bytes.Equal(s.response.CredentialID, s.credential().CredentialID) {
		return &VerificationError{Check: CheckCredentialID, Err: errCredentialIDs}
	}
	return nil
}

// result is built from verified bytes, and from the client's word where the
// field says so.
func (s *registrationState) result() Registration {
	data := &s.response.AttestationObject.AuthenticatorData
	return Registration{
		CredentialID:      slices.Clone(s.credential().CredentialID),
		PublicKey:         slices.Clone(s.credential().PublicKey.Raw),
		Algorithm:         s.credential().PublicKey.Algorithm,
		UserHandle:        slices.Clone(s.ceremony.userHandle),
		AAGUID:            s.credential().AAGUID,
		Transports:        slices.Clone(s.response.Transports),
		Attachment:        s.response.Attachment,
		SignCount:         data.SignCount,
		UserVerified:      data.Flags.UserVerified(),
		BackupEligible:    data.Flags.BackupEligible(),
		BackupState:       data.Flags.BackupState(),
		Discoverable:      s.response.Discoverable,
		AttestationFormat: s.response.AttestationObject.Format,
		AttestationType:   s.statement.kind,
		Attested:          s.statement.attested,
	}
}
