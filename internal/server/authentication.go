package server

import (
	"crypto/ecdsa"
	"crypto/sha256"
	"errors"

	"github.com/hitherauth/hither/internal/account"
	"github.com/hitherauth/hither/relyingparty"
	"github.com/hitherauth/hither/webauthn"
)

// beginAuthentication begins a sign-in: with no name for whoever answers, with
// one for that account. Nobody learns here whether a name exists.
func (s *Server) beginAuthentication(c *call, in beginAuthenticationRequest) (beginAuthenticationAnswer, error) {
	request := relyingparty.AuthenticationRequest{}
	if in.Name != nil {
		var err error
		if request, err = s.identifiedRequest(c, *in.Name); err != nil {
			return beginAuthenticationAnswer{}, err
		}
	}
	request.Binding = c.beginBinding()
	options, sealed, err := s.rp.BeginAuthentication(request)
	if err != nil {
		return beginAuthenticationAnswer{}, err
	}
	return beginAuthenticationAnswer{Ceremony: sealed, PublicKey: options}, nil
}

// identifiedRequest asks for the credentials of an account. A name that nobody
// has gets decoys, after the same look-ups and in the same time, in an answer of
// the same shape. A disabled account keeps its own: that a name's credentials
// change would tell that somebody has it.
func (s *Server) identifiedRequest(c *call, text string) (relyingparty.AuthenticationRequest, error) {
	name, err := account.ParseName(text)
	if err != nil {
		return relyingparty.AuthenticationRequest{}, err // of the text alone
	}
	c.even = true
	decoys := s.decoys(name)
	person, err := s.accounts.AccountByName(c.r.Context(), name)
	if err != nil && !errors.Is(err, account.ErrNotFound) {
		return relyingparty.AuthenticationRequest{}, err
	}
	creds, err := s.accounts.Credentials(c.r.Context(), person.ID) // none for the zero id
	if err != nil {
		return relyingparty.AuthenticationRequest{}, err
	}
	if len(creds) == 0 {
		// The sealed ceremony is as long as what it holds. What decoys lack, a
		// user handle, is made up for.
		return relyingparty.AuthenticationRequest{Identified: true, Allow: decoys, Attachment: make([]byte, userHandleSize)}, nil
	}
	return relyingparty.AuthenticationRequest{Identified: true, UserHandle: person.UserHandle, Allow: descriptors(creds)}, nil
}

// userHandleSize is the length of every user handle that package account makes.
const userHandleSize = 32

// answering is an authentication that is open and was not refused yet.
type answering struct {
	call     *call
	ceremony relyingparty.AuthenticationCeremony
	response webauthn.AuthenticationResponse
	cred     account.Credential
	person   account.Account
	known    bool // cred and person are
	bearer   bool
}

// finishAuthentication ends a sign-in. All that can be wrong with an answer
// that belongs to an open ceremony gets one answer, after the same work; only
// a credential id that no record holds is told apart, so that the browser can
// forget it.
func (s *Server) finishAuthentication(c *call, in finishAuthenticationRequest) (finishAuthenticationAnswer, error) {
	a, err := s.openAuthentication(c, in)
	if err != nil {
		return finishAuthenticationAnswer{}, err
	}
	a.cred, a.person, err = s.accounts.Credential(c.r.Context(), a.response.CredentialID)
	a.known = err == nil
	if err != nil && !errors.Is(err, account.ErrNotFound) {
		return finishAuthenticationAnswer{}, err
	}
	if !a.known {
		s.verifyDummy(a.response)
		return finishAuthenticationAnswer{}, s.refuseAuthentication(a, err)
	}
	end := c.judging()
	proven, err := s.rp.FinishAuthentication(a.ceremony, a.response, relyingparty.Credential{
		ID: a.cred.ID, UserHandle: a.person.UserHandle, PublicKey: a.cred.PublicKey,
		SignCount: a.cred.SignCount, BackupEligible: a.cred.BackupEligible,
	})
	if err == nil {
		err = c.judgePage(s.origin, a.response.ClientData.Origin)
	}
	end(err)
	if err != nil {
		if !reachedSignature(err) {
			s.verifyDummy(a.response)
		}
		return finishAuthenticationAnswer{}, s.refuseAuthentication(a, err)
	}
	if a.person.State != account.StateActive {
		// The store would say so too, after a change that this refusal has
		// no other part in: a refusal is one change, whatever it is for.
		return finishAuthenticationAnswer{}, s.refuseAuthentication(a, account.ErrDisabled)
	}
	return s.signIn(a, proven)
}

// openAuthentication fails without a trace in the store.
func (s *Server) openAuthentication(c *call, in finishAuthenticationRequest) (*answering, error) {
	a := &answering{call: c}
	var err error
	if a.bearer, err = c.judgeBearer(in.Session); err != nil {
		return nil, err
	}
	if in.Ceremony == "" || len(in.Credential) == 0 {
		return nil, refuse(codeBodyMalformed, "ceremony and credential are needed")
	}
	binding, err := c.finishBinding()
	if err != nil {
		return nil, err
	}
	if a.ceremony, err = s.rp.OpenAuthentication(in.Ceremony, binding); err != nil {
		return nil, err
	}
	a.response, err = webauthn.ParseAuthenticationResponse(in.Credential)
	return a, err
}

func (s *Server) signIn(a *answering, proven relyingparty.Authentication) (finishAuthenticationAnswer, error) {
	c := a.call
	opened, err := s.accounts.SignIn(c.r.Context(), account.SigningIn{
		Spend:          spending(a.ceremony.ID, a.ceremony.ExpiresAt),
		Account:        a.person,
		CredentialID:   a.cred.ID,
		SignCount:      proven.SignCount,
		BackupEligible: proven.BackupEligible,
		BackupState:    proven.BackupState,
		UserVerified:   proven.UserVerified,
		Replaces:       c.visitor.replaces(),
		Client:         c.client,
		Bearer:         a.bearer,
	})
	switch {
	case errors.Is(err, account.ErrNotFound), errors.Is(err, account.ErrDisabled), errors.Is(err, account.ErrSignCount), errors.Is(err, account.ErrBackupEligible):
		return finishAuthenticationAnswer{}, s.refuseAuthentication(a, err)
	case err != nil:
		return finishAuthenticationAnswer{}, err
	}
	s.succeeded(c)
	s.logger.InfoContext(c.r.Context(), "signed in", "request_id", c.id, "account_id", a.person.ID.String(),
		"credential_id", credentialText(a.cred.ID), "address", addressText(c.client.Address), "browser", c.client.Browser, "duration_ms", c.elapsed())
	eligible := proven.BackupEligible
	a.cred.BackupEligible = &eligible
	return finishAuthenticationAnswer{
		Account:    accountJSON(a.person),
		Credential: usedCredential{ID: a.cred.ID.String(), Name: a.cred.Name},
		Session:    s.welcome(c, opened, &a.cred, a.bearer),
	}, nil
}

// refuseAuthentication spends the ceremony and gives the one answer.
func (s *Server) refuseAuthentication(a *answering, cause error) error {
	answer := codeAuthenticationFailed
	// Not where somebody was named, and not of an id that was shown for a name:
	// no record holds a decoy, and nobody may learn which ids are decoys.
	if decoy := s.isDecoy(a.response.CredentialID); !a.known && !decoy && !a.ceremony.Identified {
		answer = codeCredentialUnknown
	}
	e := account.Event{Type: account.EventAuthenticationFail, CredentialID: a.response.CredentialID}
	if a.known {
		e.AccountID = &a.person.ID
	}
	return s.refused(a.call, spending(a.ceremony.ID, a.ceremony.ExpiresAt), e, answer, cause)
}

// reachedSignature says whether a refused answer has had its signature
// verified already.
func reachedSignature(err error) bool {
	var verify *relyingparty.VerificationError
	return errors.As(err, &verify) && (verify.Check == relyingparty.CheckSignature || verify.Check == relyingparty.CheckSignCount)
}

// verifyDummy does the work of verifying the signature of an answer that is
// refused already, with a key that nobody has: how long a refusal takes must
// not say what it was for.
func (s *Server) verifyDummy(r webauthn.AuthenticationResponse) {
	clientData := r.ClientData.Hash()
	h := sha256.New()
	h.Write(r.AuthenticatorData.Raw)
	h.Write(clientData[:])
	_ = ecdsa.VerifyASN1(s.dummyKey, h.Sum(nil), r.Signature)
}
