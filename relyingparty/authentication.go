package relyingparty

import (
	"bytes"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"slices"

	"github.com/go-webauthn/webauthn/protocol/webauthncose"

	"github.com/hitherauth/hither/webauthn"
)

// AuthenticationRequest is what BeginAuthentication needs beyond the
// configuration. The zero value begins a discoverable ceremony: whoever answers
// says who they are.
type AuthenticationRequest struct {
	// Identified: the person was named. The ceremony is then bound to the
	// account of UserHandle and to the credentials in Allow, at least one and at
	// most [MaxAllow]. For a name that nobody has, and for an account without a
	// credential, Allow holds a decoy and UserHandle is nil: such a ceremony
	// looks like any other and never succeeds.
	Identified bool
	UserHandle []byte
	Allow      []webauthn.CredentialDescriptor
	// Hints are passed to the browser, such as "hybrid".
	Hints   []string
	Binding Binding
	// Attachment is the caller's own memory: sealed into the ceremony and handed
	// back by OpenAuthentication. At most [MaxAttachment] bytes.
	Attachment []byte
}

// Credential is the stored record, as FinishAuthentication needs it.
type Credential struct {
	ID         webauthn.Bytes
	UserHandle []byte // of the account that has it
	PublicKey  []byte // COSE, as registered
	SignCount  uint32
	// BackupEligible as registered; nil for an imported credential that has not
	// been used yet, which learns it from this authentication.
	BackupEligible *bool
}

// Authentication is what a finished authentication proved: who it was, and what
// to write into the record (SignCount, BackupEligible where it was unknown,
// BackupState).
type Authentication struct {
	CredentialID   webauthn.Bytes
	UserHandle     []byte
	SignCount      uint32
	UserVerified   bool
	BackupEligible bool
	BackupState    bool
}

// BeginAuthentication begins a ceremony in which the person uses a credential.
// It stores nothing. See [WebAuthn L3 §7.2], the first step.
//
// It fails on a request that is wrong (a discoverable one that names somebody,
// an identified one without credentials, too long an attachment) and when
// randomness fails or no key of the keyring is in use yet.
//
// [WebAuthn L3 §7.2]: https://www.w3.org/TR/webauthn-3/#sctn-verifying-assertion
func (rp *RelyingParty) BeginAuthentication(r AuthenticationRequest) (webauthn.RequestOptions, SealedCeremony, error) {
	if err := r.validate(); err != nil {
		return webauthn.RequestOptions{}, "", err
	}
	c, err := rp.begin(r.Binding, r.Attachment)
	if err != nil {
		return webauthn.RequestOptions{}, "", err
	}
	c.identified = r.Identified
	c.userHandle = slices.Clone(r.UserHandle)
	for _, d := range r.Allow {
		c.allowed = append(c.allowed, sha256.Sum256(d.ID))
	}
	sealed, err := rp.seal(verbAuthentication, c)
	if err != nil {
		return webauthn.RequestOptions{}, "", err
	}
	return webauthn.RequestOptions{
		Challenge:        slices.Clone(c.challenge),
		Timeout:          webauthn.Milliseconds(rp.timeout),
		RPID:             rp.id,
		AllowCredentials: descriptors(r.Allow),
		UserVerification: rp.userVerification,
		Hints:            slices.Clone(r.Hints),
	}, sealed, nil
}

func (r AuthenticationRequest) validate() error {
	switch {
	case !r.Identified && (len(r.UserHandle) > 0 || len(r.Allow) > 0):
		return errors.New("relyingparty: a discoverable ceremony names no user handle and no credential")
	case r.Identified && (len(r.Allow) == 0 || len(r.Allow) > MaxAllow):
		return fmt.Errorf("relyingparty: an identified ceremony allows 1-%d credentials, not %d", MaxAllow, len(r.Allow))
	case len(r.UserHandle) > maxUserHandle:
		return fmt.Errorf("relyingparty: a user handle of %d bytes is longer than %d", len(r.UserHandle), maxUserHandle)
	}
	return nil
}

// OpenAuthentication turns the text from BeginAuthentication into a ceremony
// again. It fails as OpenRegistration does.
func (rp *RelyingParty) OpenAuthentication(s SealedCeremony, b Binding) (AuthenticationCeremony, error) {
	c, err := rp.open(verbAuthentication, s, b)
	if err != nil {
		return AuthenticationCeremony{}, err
	}
	return AuthenticationCeremony{
		ID:         c.id,
		Identified: c.identified,
		UserHandle: c.userHandle,
		IssuedAt:   c.issuedAt,
		ExpiresAt:  c.expiresAt,
		Attachment: c.attachment,
		opened:     &c,
	}, nil
}

// authenticationState is one authentication being judged.
type authenticationState struct {
	ceremony *ceremony
	response *webauthn.AuthenticationResponse
	record   *Credential
	key      any // for webauthncose
}

// FinishAuthentication decides whether r completes c for the stored credential
// cred. It fails with a [*VerificationError] and the zero Authentication.
//
// It makes no network or storage calls and does not keep r. The caller looks
// cred up by r's credential id, and writes the result and spends c in one
// transaction: a response may be judged more than once, it takes effect once.
// See [WebAuthn L3 §7.2].
//
// A signature counter that is in use (the stored or the new value is not zero)
// must have grown, else [CheckSignCount] refuses: the specification leaves that
// to policy, and two authenticators with one key are worth a locked door. An
// authenticator that has no counter says zero for ever, and passes.
//
// [WebAuthn L3 §7.2]: https://www.w3.org/TR/webauthn-3/#sctn-verifying-assertion
func (rp *RelyingParty) FinishAuthentication(c AuthenticationCeremony, r webauthn.AuthenticationResponse, cred Credential) (Authentication, error) {
	if c.opened == nil {
		return Authentication{}, refuse(CheckCeremony, "not made by OpenAuthentication")
	}
	s := &authenticationState{ceremony: c.opened, response: &r, record: &cred}
	client := clientDataChecks{rp: rp, ceremony: c.opened, data: &r.ClientData, want: webauthn.TypeGet}
	authenticator := authenticatorDataChecks{rp: rp, ceremony: c.opened, data: &r.AuthenticatorData}
	if err := firstError(
		s.checkAllowed,
		s.checkCredentialID,
		s.checkUserHandle,
		client.checkType,
		client.checkChallenge,
		client.checkOrigin,
		client.checkCrossOrigin,
		client.checkTopOrigin,
		authenticator.checkRPIDHash,
		authenticator.checkUserPresent,
		authenticator.checkUserVerified,
		authenticator.checkBackupFlags,
		s.checkBackupEligible,
		s.checkAttestedData,
		s.checkPublicKey,
		s.checkSignature,
		s.checkSignCount,
	); err != nil {
		return Authentication{}, err
	}
	return s.result(), nil
}

// §7.2: allowCredentials.
func (s *authenticationState) checkAllowed() error {
	if s.ceremony.identified && !s.ceremony.allows(s.response.CredentialID) {
		return refuse(CheckAllowed, "the credential is not one of the %d that the ceremony asked for", len(s.ceremony.allowed))
	}
	return nil
}

// §7.2: the record is that of the credential in the response.
func (s *authenticationState) checkCredentialID() error {
	if len(s.record.ID) == 0 || !bytes.Equal(s.response.CredentialID, s.record.ID) {
		return refuse(CheckCredentialID, "the response is of another credential than the record")
	}
	return nil
}

// §7.2: user handle. Named before, the ceremony, the record and, if given, the
// response must mean the same person; not named, the response must say who.
func (s *authenticationState) checkUserHandle() error {
	record, given := s.record.UserHandle, s.response.UserHandle
	switch {
	case len(record) == 0:
		return refuse(CheckUserHandle, "the record belongs to nobody")
	case s.ceremony.identified && len(s.ceremony.userHandle) == 0:
		return refuse(CheckUserHandle, "the ceremony was begun for a name without a credential")
	case s.ceremony.identified && !same(record, s.ceremony.userHandle):
		return refuse(CheckUserHandle, "the credential belongs to another account than the one named")
	case !s.ceremony.identified && len(given) == 0:
		return refuse(CheckUserHandle, "nobody was named, and the response has no user handle")
	case len(given) > 0 && !same(record, given):
		return refuse(CheckUserHandle, "the response's user handle is not that of the credential's account")
	}
	return nil
}

func same(a, b []byte) bool { return subtle.ConstantTimeCompare(a, b) == 1 }

// §7.2: BE is what it was at registration. Nil: learned now.
func (s *authenticationState) checkBackupEligible() error {
	known, now := s.record.BackupEligible, s.response.AuthenticatorData.Flags.BackupEligible()
	if known != nil && *known != now {
		return refuse(CheckBackupEligible, "backup eligible was %t and is now %t", *known, now)
	}
	return nil
}

// §6.1: an assertion carries no attested credential data. Divergence: the spec
// says so to authenticators and does not have the relying party check it.
func (s *authenticationState) checkAttestedData() error {
	if s.response.AuthenticatorData.Flags.AttestedCredentialData() {
		return refuse(CheckAttestedData, "an assertion with attested credential data")
	}
	return nil
}

// §5.8.5: the stored key. It was judged when it was registered; an imported one
// was not.
func (s *authenticationState) checkPublicKey() error {
	key, err := webauthn.ParseCOSEKey(s.record.PublicKey)
	if err != nil {
		return refuse(CheckPublicKey, "the stored key is not a canonical COSE key: %w", err)
	}
	if s.key, err = verificationKey(key); err != nil {
		return refuse(CheckPublicKey, "the stored key: %w", err)
	}
	return nil
}

// §7.2: signature over authenticator data and the hash of client data.
func (s *authenticationState) checkSignature() error {
	return s.checkSigned(signedBytes(&s.response.AuthenticatorData, s.response.ClientData.Hash()), s.response.Signature)
}

func (s *authenticationState) checkSigned(signed, signature []byte) error {
	// The library's error adds nothing and its text is not ours to promise.
	if valid, err := webauthncose.VerifySignature(s.key, signed, signature); err != nil || !valid {
		return refuse(CheckSignature, "the credential's key did not make this signature of %d bytes", len(signature))
	}
	return nil
}

// §7.2: signCount. Divergence: the spec leaves the answer to policy; ours is no.
func (s *authenticationState) checkSignCount() error {
	stored, now := s.record.SignCount, s.response.AuthenticatorData.SignCount
	if stored != 0 && now <= stored { // from zero it either grows or stays unused
		return refuse(CheckSignCount, "the signature counter was %d and is now %d", stored, now)
	}
	return nil
}

func (s *authenticationState) result() Authentication {
	data := &s.response.AuthenticatorData
	return Authentication{
		CredentialID:   slices.Clone(s.record.ID),
		UserHandle:     slices.Clone(s.record.UserHandle),
		SignCount:      data.SignCount,
		UserVerified:   data.Flags.UserVerified(),
		BackupEligible: data.Flags.BackupEligible(),
		BackupState:    data.Flags.BackupState(),
	}
}
