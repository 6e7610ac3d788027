package server

import (
	"bytes"
	"errors"
	"mime"
	"net/http"
	"strings"

	"github.com/hitherauth/hither/internal/account"
	"github.com/hitherauth/hither/web"
)

// redirect is a page that sends people elsewhere on this origin.
type redirect string

// page runs what answers a GET with a page.
func (s *Server) page(h func(*call) (any, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		page, err := s.visit(w, r, h)
		if err == nil {
			err = s.render(w, http.StatusOK, page)
		}
		if err != nil {
			s.refusePage(w, r, err)
		}
	}
}

// form runs what answers a plain form. Its page, if it gives one instead of a
// redirect, says why the form was refused.
func (s *Server) form(h func(*call) (any, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		err := s.judgeOrigin(r, false)
		if err == nil {
			err = parseForm(w, r)
		}
		var page any
		if err == nil {
			page, err = s.visit(w, r, h)
		}
		if err != nil && toProblem(err).Code == codeUnauthenticated {
			page, err = redirect("/login"), nil
		}
		if err == nil {
			err = s.render(w, http.StatusBadRequest, page)
		}
		if err != nil {
			s.refusePage(w, r, err)
		}
	}
}

// visit finds out who asks, by the cookie alone, and gives a browser that has
// none the cookie that ceremonies are bound to.
func (s *Server) visit(w http.ResponseWriter, r *http.Request, h func(*call) (any, error)) (any, error) {
	if err := s.requests.admit(r, 0); err != nil {
		return nil, err
	}
	c := &call{w: w, r: r, id: incomingOf(r).id, client: incomingOf(r).client}
	if text, count := ownCookie(r, cookieSession); count == 1 {
		var err error
		if c.visitor, err = s.visitorOfToken(r, text, false); err != nil {
			return nil, err
		}
	}
	if _, ok := browserOf(r); !ok {
		setBrowserCookie(w)
	}
	return h(c)
}

// parseForm reads a form of this site: one kind, whole, with a length.
func parseForm(w http.ResponseWriter, r *http.Request) error {
	media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || media != "application/x-www-form-urlencoded" {
		return refuse(codeUnsupportedMediaType, "")
	}
	if err := r.ParseForm(); err != nil {
		if _, large := errors.AsType[*http.MaxBytesError](err); large {
			return err
		}
		return refuseFor(codeBodyMalformed, err)
	}
	if len(r.TransferEncoding) > 0 {
		w.Header().Set("Connection", "close")
		return refuse(codeBodyMalformed, "")
	}
	return nil
}

// render answers with a page. When it fails, nothing has been written.
func (s *Server) render(w http.ResponseWriter, status int, page any) error {
	if to, ok := page.(redirect); ok {
		w.Header().Set("Location", string(to))
		w.WriteHeader(http.StatusSeeOther)
		return nil
	}
	var body bytes.Buffer
	if err := s.pages.Render(&body, page); err != nil {
		return err
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write(body.Bytes()) // the client has gone
	return nil
}

// refusePage answers a page that was refused with one that says so.
func (s *Server) refusePage(w http.ResponseWriter, r *http.Request, err error) {
	p := toProblem(err)
	s.logRefused(r, p, err)
	p.headers(w.Header())
	page := web.ErrorPage{Site: web.Site{RPName: s.name}, Status: p.Status, Code: string(p.Code), RequestID: incomingOf(r).id}
	if err := s.render(w, p.Status, page); err != nil {
		s.logger.ErrorContext(r.Context(), "error page failed", "request_id", incomingOf(r).id, "err", err)
		plainAnswer(w, p.Status, p.Detail)
	}
}

// asset serves what pages load. It is the same for everybody.
func (s *Server) asset(w http.ResponseWriter, r *http.Request) {
	w.Header().Del("Vary")
	s.pages.Assets().ServeHTTP(w, r)
}

// site is what every page shows.
func (s *Server) site(c *call) web.Site {
	out := web.Site{RPName: s.name, Patience: s.phoneWait, Notice: web.Notice(c.r.URL.Query().Get("notice"))}
	if v := c.visitor; v.live {
		out.Person = &web.Person{Name: v.account.Name, DisplayName: v.account.DisplayName, Administrator: v.account.Administrator}
	}
	return out
}

func (s *Server) homePage(c *call) (any, error) {
	needed, err := s.setupNeeded(c)
	if err != nil {
		return nil, err
	}
	page := web.HomePage{Site: s.site(c), SignUpOpen: s.signUpOpen, SetupNeeded: needed}
	if c.visitor.live {
		page.Sessions, _, err = s.sessionRows(c)
	}
	return page, err
}

func (s *Server) setupPage(c *call) (any, error) {
	needed, err := s.setupNeeded(c)
	return web.SetupPage{Site: s.site(c), SignUpOpen: s.signUpOpen, SetupNeeded: needed}, err
}

func (s *Server) loginPage(c *call) (any, error) {
	return web.LoginPage{Site: s.site(c), SignUpOpen: s.signUpOpen, ReturnTo: localPath(c.r.URL.Query().Get("return_to"))}, nil
}

// learnPage is the same for everybody but for the header.
func (s *Server) learnPage(c *call) (any, error) { return web.LearnPage{Site: s.site(c)}, nil }

func (s *Server) accountPage(c *call) (any, error) {
	if !c.visitor.live {
		return redirect("/login"), nil
	}
	return s.accountPageWith(c, "")
}

func (s *Server) accountPageWith(c *call, problem string) (any, error) {
	sessions, creds, err := s.sessionRows(c)
	if err != nil {
		return nil, err
	}
	page := web.AccountPage{Site: s.site(c), Sessions: sessions, Problem: problem, Passkeys: make([]web.Passkey, len(creds))}
	for i, cred := range creds {
		page.Passkeys[i] = s.passkeyRow(cred, c.visitor.session)
	}
	return page, nil
}

// sessionRows lists the person's sessions, and the credentials that opened them.
func (s *Server) sessionRows(c *call) ([]web.Session, []account.Credential, error) {
	current := c.visitor.session
	sessions, err := s.accounts.Sessions(c.r.Context(), current.AccountID)
	if err != nil {
		return nil, nil, err
	}
	creds, err := s.accounts.Credentials(c.r.Context(), current.AccountID)
	if err != nil {
		return nil, nil, err
	}
	rows := make([]web.Session, len(sessions))
	for i, session := range sessions {
		rows[i] = web.Session{
			ID: session.ID.String(), Current: session.ID == current.ID,
			Browser: session.Client.Browser, Address: addressText(session.Client.Address),
			AuthenticatedAt: session.AuthenticatedAt, LastSeenAt: session.LastSeenAt, ExpiresAt: session.ExpiresAt,
		}
		if cred := findCredential(creds, session.CredentialID); cred != nil {
			rows[i].Passkey = cred.Name
		}
	}
	return rows, creds, nil
}

func (s *Server) passkeyRow(c account.Credential, current account.Session) web.Passkey {
	row := web.Passkey{
		ID: c.ID.String(), Name: c.Name, Provider: s.accounts.Provider(c), BackupEligible: backupEligible(c), BackupState: c.BackupState,
		Transports: transportNames(c.Transports), Attachment: c.Attachment, CreatedAt: c.CreatedAt,
		Current: bytes.Equal(c.ID, current.CredentialID),
	}
	if c.LastUse != nil {
		row.LastUse = &web.Use{At: c.LastUse.At, Address: addressText(c.LastUse.Address), Browser: c.LastUse.Browser}
	}
	return row
}

func (s *Server) postLogout(c *call) (any, error) {
	session, err := c.visitor.signedIn()
	if err != nil {
		return redirect("/login"), nil //nolint:nilerr // signed out already
	}
	return redirect("/?notice=signed_out"), s.end(c, session, session.ID.String())
}

func (s *Server) postRename(c *call) (any, error) {
	session, err := c.visitor.signedIn()
	if err != nil {
		return nil, err
	}
	_, err = s.rename(c, session, c.r.PostForm.Get("name"))
	if name, ok := errors.AsType[*account.NameError](err); ok {
		return s.accountPageWith(c, name.Reason)
	}
	return redirect("/account?notice=renamed"), err
}

func (s *Server) postEndSession(c *call) (any, error) {
	session, err := c.visitor.signedIn()
	if err != nil {
		return nil, err
	}
	back := "/account"
	if c.r.PostForm.Get("from") == "home" {
		back = "/"
	}
	return redirect(back + "?notice=session_ended"), s.end(c, session, c.r.PathValue("id"))
}

// setupNeeded says whether there is no administrator yet. Once there is one
// there always will be, so it is asked no more.
func (s *Server) setupNeeded(c *call) (bool, error) {
	if s.hasAdministrator.Load() {
		return false, nil
	}
	system, err := s.store.System(c.r.Context())
	if err != nil {
		return false, err
	}
	s.hasAdministrator.Store(system.HasAdministrator)
	return !system.HasAdministrator, nil
}

// localPath is text when it is a path of this origin in its canonical
// spelling, with nothing behind, and "" otherwise: nothing that a browser may
// read as another origin or another scheme passes.
func localPath(text string) string {
	if !strings.HasPrefix(text, "/") || !canonicalPath(text) {
		return ""
	}
	return text
}
