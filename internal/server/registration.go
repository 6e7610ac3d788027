package server

import (
	"errors"

	"github.com/go-json-experiment/json"

	"github.com/hitherauth/hither/internal/account"
	"github.com/hitherauth/hither/relyingparty"
	"github.com/hitherauth/hither/webauthn"
)

// registering is what a registration ceremony is for. It travels sealed inside
// the ceremony, so finish asks the client for nothing but the answer.
type registering struct {
	Kind        registrationKind `json:"k"`
	Name        string           `json:"n,omitempty"`
	DisplayName string           `json:"d,omitempty"`
	Invitation  []byte           `json:"i,omitempty"` // hash of the token
	Account     string           `json:"a,omitempty"` // id, of registrationAdd
}

type registrationKind string

const (
	registrationInvited registrationKind = "invited" // setup and invitation links
	registrationSignUp  registrationKind = "sign_up"
	registrationAdd     registrationKind = "add" // another credential of a signed-in person
)

// beginRegistration begins the making of a credential: with a token for the
// account it invites to, for a signed-in person to their own account, or for
// anybody where sign-up is open.
func (s *Server) beginRegistration(c *call, in beginRegistrationRequest) (beginRegistrationAnswer, error) {
	request, err := s.registrationRequest(c, in)
	if err != nil {
		return beginRegistrationAnswer{}, err
	}
	request.Binding = c.beginBinding()
	options, sealed, err := s.rp.BeginRegistration(request)
	if err != nil {
		return beginRegistrationAnswer{}, err
	}
	return beginRegistrationAnswer{Ceremony: sealed, PublicKey: options}, nil
}

func (s *Server) registrationRequest(c *call, in beginRegistrationRequest) (relyingparty.RegistrationRequest, error) {
	switch {
	case in.Token != nil:
		return s.invitedRequest(c, in)
	case c.visitor.live:
		return s.addRequest(c, in)
	case in.Name == nil:
		// Nobody new: somebody whose session has ended, about to add a passkey.
		return relyingparty.RegistrationRequest{}, refuse(codeUnauthenticated, "sign in to add a passkey, or give the name of a new account")
	case !s.signUpOpen:
		return relyingparty.RegistrationRequest{}, refuse(codeSignupClosed, "")
	default:
		return s.newAccountRequest(registering{Kind: registrationSignUp}, in)
	}
}

// readInvitation says what a token is good for.
func (s *Server) readInvitation(c *call, in invitationRequest) (invitationAnswer, error) {
	invitation, err := s.invitation(c, in.Token)
	return invitationAnswer{Name: invitation.Name, Administrator: invitation.Administrator}, err
}

// invitation finds the live invitation of a token, whatever its text looks like.
// A text that is no token at all is nothing to count: it cannot be right.
func (s *Server) invitation(c *call, text string) (account.Invitation, error) {
	token, err := account.ParseToken(text)
	if err != nil {
		return account.Invitation{}, refuse(codeInvitationInvalid, "")
	}
	return s.accounts.Invitation(c.r.Context(), token, c.client)
}

// invitedRequest judges the token before the name: who holds a dead link is
// told that first.
func (s *Server) invitedRequest(c *call, in beginRegistrationRequest) (relyingparty.RegistrationRequest, error) {
	invitation, err := s.invitation(c, *in.Token)
	if err != nil {
		return relyingparty.RegistrationRequest{}, err
	}
	if fixed := invitation.Name; fixed != "" {
		if in.Name != nil && account.FoldName(*in.Name) != account.FoldName(fixed) {
			return relyingparty.RegistrationRequest{}, refuse(codeNameInvalid, "The invitation is for another name.")
		}
		in.Name = &fixed
	}
	return s.newAccountRequest(registering{Kind: registrationInvited, Invitation: invitation.TokenHash[:]}, in)
}

// newAccountRequest does not look whether the name is taken: that is told at
// finish, to somebody who has made a credential for it.
func (s *Server) newAccountRequest(g registering, in beginRegistrationRequest) (relyingparty.RegistrationRequest, error) {
	var name, displayName string
	if in.Name != nil {
		name = *in.Name
	}
	if in.DisplayName != nil {
		displayName = *in.DisplayName
	}
	var err error
	if g.Name, err = account.ParseName(name); err != nil {
		return relyingparty.RegistrationRequest{}, err
	}
	if displayName == "" {
		displayName = g.Name
	}
	if g.DisplayName, err = account.ParseDisplayName(displayName); err != nil {
		return relyingparty.RegistrationRequest{}, err
	}
	handle, err := s.accounts.NewUserHandle()
	if err != nil {
		return relyingparty.RegistrationRequest{}, err
	}
	return g.request(webauthn.UserEntity{ID: handle, Name: g.Name, DisplayName: g.DisplayName}, nil)
}

func (s *Server) addRequest(c *call, in beginRegistrationRequest) (relyingparty.RegistrationRequest, error) {
	if in.Name != nil || in.DisplayName != nil {
		return relyingparty.RegistrationRequest{}, refuse(codeBodyMalformed, "a signed-in person adds a passkey to their own account: leave the names out")
	}
	if !s.accounts.Fresh(c.visitor.session) {
		return relyingparty.RegistrationRequest{}, account.ErrStepUp
	}
	person := c.visitor.account
	creds, err := s.accounts.Credentials(c.r.Context(), person.ID)
	if err != nil {
		return relyingparty.RegistrationRequest{}, err
	}
	if len(creds) >= account.MaxCredentials {
		return relyingparty.RegistrationRequest{}, account.ErrTooManyCredentials
	}
	g := registering{Kind: registrationAdd, Account: person.ID.String()}
	return g.request(webauthn.UserEntity{ID: person.UserHandle, Name: person.Name, DisplayName: person.DisplayName}, creds)
}

func (g registering) request(user webauthn.UserEntity, exclude []account.Credential) (relyingparty.RegistrationRequest, error) {
	attachment, err := json.Marshal(g)
	if err != nil {
		return relyingparty.RegistrationRequest{}, err
	}
	return relyingparty.RegistrationRequest{User: user, Exclude: descriptors(exclude), Attachment: attachment}, nil
}

// invitation is the hash of the token that the ceremony was begun with.
func (g registering) invitation() *account.TokenHash {
	if len(g.Invitation) != len(account.TokenHash{}) {
		return nil
	}
	hash := account.TokenHash(g.Invitation)
	return &hash
}

// finishing is a registration that is open and was not refused yet.
type finishing struct {
	call     *call
	ceremony relyingparty.RegistrationCeremony
	made     registering
	response webauthn.RegistrationResponse
	bearer   bool
}

// finishRegistration ends the making of a credential.
func (s *Server) finishRegistration(c *call, in finishRegistrationRequest) (finishRegistrationAnswer, error) {
	f, err := s.openRegistration(c, in)
	if err != nil {
		return finishRegistrationAnswer{}, err
	}
	end := c.judging()
	proven, err := s.rp.FinishRegistration(f.ceremony, f.response)
	if err == nil {
		err = c.judgePage(s.origin, f.response.ClientData.Origin)
	}
	end(err)
	if err != nil {
		return finishRegistrationAnswer{}, s.refuseRegistration(f, codeRegistrationFailed, err)
	}
	if err := s.judgeNewID(f, proven.CredentialID); err != nil {
		return finishRegistrationAnswer{}, err
	}
	if f.made.Kind == registrationAdd {
		return s.addCredential(f, newCredential(proven))
	}
	return s.register(f, proven)
}

// judgeNewID refuses an id that somebody's credential has and, with the same
// words after the same work, one that only seems to be somebody's. The store
// judges again whether the id is new.
func (s *Server) judgeNewID(f *finishing, id webauthn.Bytes) error {
	_, _, err := s.accounts.Credential(f.call.r.Context(), id)
	if decoy := s.isDecoy(id); err == nil || decoy && errors.Is(err, account.ErrNotFound) {
		return s.refuseRegistration(f, codeCredentialExists, account.ErrCredentialExists)
	}
	if !errors.Is(err, account.ErrNotFound) {
		return err
	}
	return nil
}

// openRegistration fails without a trace in the store.
func (s *Server) openRegistration(c *call, in finishRegistrationRequest) (*finishing, error) {
	f := &finishing{call: c}
	var err error
	if f.bearer, err = c.judgeBearer(in.Session); err != nil {
		return nil, err
	}
	if in.Ceremony == "" || len(in.Credential) == 0 {
		return nil, refuse(codeBodyMalformed, "ceremony and credential are needed")
	}
	binding, err := c.finishBinding()
	if err != nil {
		return nil, err
	}
	if f.ceremony, err = s.rp.OpenRegistration(in.Ceremony, binding); err != nil {
		return nil, err
	}
	if err := json.Unmarshal(f.ceremony.Attachment, &f.made); err != nil {
		return nil, err
	}
	if f.made.Kind == registrationSignUp && !s.signUpOpen {
		return nil, refuse(codeSignupClosed, "") // closed since it was begun
	}
	// The binding holds the session, so an added credential has its owner's.
	if f.made.Kind == registrationAdd && (!c.visitor.live || c.visitor.account.ID.String() != f.made.Account) {
		return nil, refuse(codeCeremonyInvalid, "")
	}
	f.response, err = webauthn.ParseRegistrationResponse(in.Credential)
	return f, err
}

// refuseRegistration spends the ceremony and gives the answer.
func (s *Server) refuseRegistration(f *finishing, answer code, cause error) error {
	e := account.Event{Type: account.EventRegistrationFail, CredentialID: f.response.CredentialID}
	if f.made.Kind == registrationAdd {
		e.AccountID = &f.call.visitor.account.ID
	}
	return s.refused(f.call, spending(f.ceremony.ID, f.ceremony.ExpiresAt), e, answer, cause)
}

// stored judges what a change to the store came to: what the ceremony can
// still be blamed for spends it.
func (s *Server) stored(f *finishing, err error) error {
	var name *account.NameError
	switch {
	case errors.Is(err, account.ErrNameTaken), errors.Is(err, account.ErrCredentialExists), errors.Is(err, account.ErrInvitationUsed),
		errors.Is(err, account.ErrTooManyCredentials), errors.Is(err, account.ErrSessionEnded), errors.Is(err, account.ErrDisabled), errors.As(err, &name):
		return s.refuseRegistration(f, toProblem(err).Code, err)
	default:
		return err
	}
}

func (s *Server) addCredential(f *finishing, cred account.Credential) (finishRegistrationAnswer, error) {
	c := f.call
	cred, err := s.accounts.AddCredential(c.r.Context(), c.visitor.session, spending(f.ceremony.ID, f.ceremony.ExpiresAt), cred, c.client)
	if err != nil {
		return finishRegistrationAnswer{}, s.stored(f, err)
	}
	s.succeeded(c)
	s.logger.InfoContext(c.r.Context(), "passkey added", "request_id", c.id, "account_id", cred.AccountID.String(),
		"credential_id", credentialText(cred.ID), "address", addressText(c.client.Address), "browser", c.client.Browser, "duration_ms", c.elapsed())
	return finishRegistrationAnswer{Account: accountJSON(c.visitor.account), Credential: s.credentialAnswer(cred, c.visitor.session)}, nil
}

func (s *Server) register(f *finishing, proven relyingparty.Registration) (finishRegistrationAnswer, error) {
	c := f.call
	person, cred, opened, err := s.accounts.Register(c.r.Context(), account.Registering{
		Spend:        spending(f.ceremony.ID, f.ceremony.ExpiresAt),
		Account:      account.Account{Name: f.made.Name, DisplayName: f.made.DisplayName, UserHandle: proven.UserHandle},
		Credential:   newCredential(proven),
		Invitation:   f.made.invitation(),
		Replaces:     c.visitor.replaces(),
		Client:       c.client,
		Bearer:       f.bearer,
		UserVerified: proven.UserVerified,
	})
	if err != nil {
		return finishRegistrationAnswer{}, s.stored(f, err)
	}
	// Who makes accounts that nobody invited is limited all the same: each takes room.
	if f.made.Kind != registrationSignUp {
		s.succeeded(c)
	}
	s.logger.InfoContext(c.r.Context(), "account created", "request_id", c.id, "account_id", person.ID.String(),
		"credential_id", credentialText(cred.ID), "address", addressText(c.client.Address), "browser", c.client.Browser, "duration_ms", c.elapsed())
	session := s.welcome(c, opened, &cred, f.bearer)
	return finishRegistrationAnswer{Account: accountJSON(person), Credential: s.credentialAnswer(cred, opened.Session), Session: &session}, nil
}

// welcome hands an opened session to its owner, as a cookie or as a token, and
// gives the browser a new identity. A page of a related origin sets no cookie.
func (s *Server) welcome(c *call, o account.Opened, cred *account.Credential, bearer bool) sessionAnswer {
	if c.related == "" {
		setBrowserCookie(c.w)
	}
	out := sessionAnswerOf(o.Session, cred, true)
	if bearer {
		out.Token = o.Token.Reveal()
		return out
	}
	s.setSessionCookie(c.w, o)
	return out
}

// succeeded gives back the tokens of a begin and a finish that led somewhere,
// so that limits are met by those alone who only try.
func (s *Server) succeeded(c *call) {
	s.ceremonies.giveBack(addressPrefix(c.client.Address), 2)
}

// newCredential is the record of what a registration proved. Its name is made
// by package account.
func newCredential(r relyingparty.Registration) account.Credential {
	eligible := r.BackupEligible
	return account.Credential{
		ID:                r.CredentialID,
		PublicKey:         r.PublicKey,
		SignCount:         r.SignCount,
		Transports:        r.Transports,
		Attachment:        r.Attachment,
		AAGUID:            r.AAGUID,
		BackupEligible:    &eligible,
		BackupState:       r.BackupState,
		Discoverable:      r.Discoverable,
		AttestationFormat: r.AttestationFormat,
		AttestationType:   r.AttestationType,
	}
}

// registrationCodes are what begin and finish of a registration can answer.
func registrationCodes() (begin, finish []code) {
	return []code{codeNameInvalid, codeSignupClosed, codeInvitationInvalid, codeStepUpRequired, codeCredentialLimit, codeRateLimited},
		[]code{
			codeCeremonyInvalid, codeCeremonyExpired, codeCeremonySpent, codeRegistrationFailed, codeCredentialExists, codeCredentialLimit,
			codeNameTaken, codeInvitationInvalid, codeRateLimited,
		}
}
