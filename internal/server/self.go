package server

import (
	"bytes"
	"errors"

	"github.com/hitherauth/hither/internal/account"
	"github.com/hitherauth/hither/webauthn"
)

// What a signed-in person sees and changes: themselves, their passkeys, their
// sessions. Whatever is not theirs is not found, whoever's it is.

func (s *Server) me(c *call, _ empty) (meAnswer, error) {
	session, err := c.visitor.signedIn()
	if err != nil {
		return meAnswer{}, err
	}
	cred, _, err := s.accounts.Credential(c.r.Context(), session.CredentialID)
	if errors.Is(err, account.ErrNotFound) {
		return meAnswer{}, account.ErrSessionEnded // it has just been removed, and the session with it
	}
	if err != nil {
		return meAnswer{}, err
	}
	return meAnswer{
		Account: accountJSON(c.visitor.account), Session: sessionAnswerOf(session, &cred, true),
		Signal: signalAnswer{RPID: s.rp.ID(), UserID: c.visitor.account.UserHandle.String()},
	}, nil
}

func (s *Server) listCredentials(c *call, _ empty) (credentialsAnswer, error) {
	session, err := c.visitor.signedIn()
	if err != nil {
		return credentialsAnswer{}, err
	}
	creds, err := s.accounts.Credentials(c.r.Context(), session.AccountID)
	if err != nil {
		return credentialsAnswer{}, err
	}
	out := credentialsAnswer{Credentials: make([]credentialAnswer, len(creds))}
	for i, cred := range creds {
		out.Credentials[i] = s.credentialAnswer(cred, session)
	}
	return out, nil
}

func (s *Server) renameCredential(c *call, in renameRequest) (credentialAnswer, error) {
	session, err := c.visitor.signedIn()
	if err != nil {
		return credentialAnswer{}, err
	}
	cred, err := s.rename(c, session, in.Name)
	if err != nil {
		return credentialAnswer{}, err
	}
	return s.credentialAnswer(cred, session), nil
}

// rename is what the API and the page do alike.
func (s *Server) rename(c *call, session account.Session, name string) (account.Credential, error) {
	id, err := c.credentialID()
	if err != nil {
		return account.Credential{}, err
	}
	cred, err := s.accounts.RenameCredential(c.r.Context(), session, id, name, c.client)
	if err != nil {
		return account.Credential{}, err
	}
	s.logger.InfoContext(c.r.Context(), "passkey renamed", "request_id", c.id, "account_id", session.AccountID.String(), "credential_id", credentialText(id))
	return cred, nil
}

func (s *Server) removeCredential(c *call, _ empty) (empty, error) {
	session, err := c.visitor.signedIn()
	if err != nil {
		return empty{}, err
	}
	id, err := c.credentialID()
	if err != nil {
		return empty{}, err
	}
	if err := s.accounts.RemoveCredential(c.r.Context(), session, id, c.client); err != nil {
		return empty{}, err
	}
	if bytes.Equal(id, session.CredentialID) && !c.visitor.bearer {
		clearSessionCookie(c.w) // the session went with it
	}
	s.logger.InfoContext(c.r.Context(), "passkey removed", "request_id", c.id, "account_id", session.AccountID.String(), "credential_id", credentialText(id))
	return empty{}, nil
}

// credentialID is the one in the path. What is none belongs to nobody.
func (c *call) credentialID() (webauthn.Bytes, error) {
	id, err := webauthn.ParseBase64URL(c.r.PathValue("id"))
	if err != nil || len(id) == 0 {
		return nil, refuse(codeNotFound, "")
	}
	return id, nil
}

func (s *Server) listSessions(c *call, _ empty) (sessionsAnswer, error) {
	current, err := c.visitor.signedIn()
	if err != nil {
		return sessionsAnswer{}, err
	}
	sessions, err := s.accounts.Sessions(c.r.Context(), current.AccountID)
	if err != nil {
		return sessionsAnswer{}, err
	}
	creds, err := s.accounts.Credentials(c.r.Context(), current.AccountID)
	if err != nil {
		return sessionsAnswer{}, err
	}
	out := sessionsAnswer{Sessions: make([]sessionAnswer, len(sessions))}
	for i, session := range sessions {
		out.Sessions[i] = sessionAnswerOf(session, findCredential(creds, session.CredentialID), session.ID == current.ID)
	}
	return out, nil
}

func findCredential(creds []account.Credential, id webauthn.Bytes) *account.Credential {
	for i := range creds {
		if bytes.Equal(creds[i].ID, id) {
			return &creds[i]
		}
	}
	return nil
}

func (s *Server) endSession(c *call, _ empty) (empty, error) {
	session, err := c.visitor.signedIn()
	if err != nil {
		return empty{}, err
	}
	return empty{}, s.end(c, session, c.r.PathValue("id"))
}

// end ends one of the person's sessions. When it is this one, the browser
// forgets it too.
func (s *Server) end(c *call, session account.Session, text string) error {
	id, err := account.ParseID(text)
	if err != nil {
		return refuse(codeNotFound, "")
	}
	if err := s.accounts.EndSession(c.r.Context(), session, id, c.client); err != nil {
		return err
	}
	if id == session.ID && !c.visitor.bearer {
		clearSessionCookie(c.w)
	}
	s.logger.InfoContext(c.r.Context(), "session ended", "request_id", c.id, "account_id", session.AccountID.String(), "session_id", id.String())
	return nil
}

func (s *Server) endOtherSessions(c *call, _ empty) (empty, error) {
	session, err := c.visitor.signedIn()
	if err != nil {
		return empty{}, err
	}
	if err := s.accounts.EndOtherSessions(c.r.Context(), session, c.client); err != nil {
		return empty{}, err
	}
	s.logger.InfoContext(c.r.Context(), "other sessions ended", "request_id", c.id, "account_id", session.AccountID.String())
	return empty{}, nil
}

func (s *Server) logout(c *call, _ empty) (empty, error) {
	session, err := c.visitor.signedIn()
	if err != nil {
		return empty{}, err
	}
	return empty{}, s.end(c, session, session.ID.String())
}
