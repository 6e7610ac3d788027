package server

import (
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/hitherauth/hither/internal/account"
)

// Names of our cookies. The prefix makes browsers insist on Secure, Path=/ and
// no Domain, so that no other host can set one.
const (
	cookieSession = "__Host-hither-session"
	cookieBrowser = "__Host-hither-browser"
)

// visitor is who a request says it comes from.
type visitor struct {
	bearer  bool // in an Authorization header
	live    bool
	session account.Session // when live
	account account.Account // when live
}

// replaces is the session that a new one of the same browser puts an end to.
func (v visitor) replaces() *account.TokenHash {
	if !v.live {
		return nil
	}
	hash := v.session.TokenHash
	return &hash
}

// signedIn is v's session, or a refusal.
func (v visitor) signedIn() (account.Session, error) {
	if !v.live {
		return account.Session{}, refuse(codeUnauthenticated, "")
	}
	return v.session, nil
}

// visitorOf finds the session of an API request: from the cookie or from
// Authorization: Bearer, never both. A bearer token that is not alive is
// refused at once; a dead cookie is only nobody, because a browser cannot
// help sending it.
func (s *Server) visitorOf(r *http.Request) (visitor, error) {
	authorizations := r.Header["Authorization"]
	cookie, cookies := ownCookie(r, cookieSession)
	switch {
	case len(authorizations)+cookies > 1:
		return visitor{}, refuse(codeUnauthenticated, "send one session: as a cookie or as a bearer token")
	case cookies == 1:
		return s.visitorOfToken(r, cookie, false)
	case len(authorizations) == 0:
		return visitor{}, nil
	}
	scheme, text, ok := strings.Cut(authorizations[0], " ")
	if !ok || !strings.EqualFold(scheme, "Bearer") {
		return visitor{}, refuse(codeUnauthenticated, "")
	}
	v, err := s.visitorOfToken(r, text, true)
	if err == nil && !v.live {
		return visitor{}, refuse(codeUnauthenticated, "")
	}
	return v, err
}

func (s *Server) visitorOfToken(r *http.Request, text string, bearer bool) (visitor, error) {
	v := visitor{bearer: bearer}
	token, err := account.ParseToken(text)
	if err != nil {
		return v, nil //nolint:nilerr // what is no token opens nothing
	}
	session, person, err := s.accounts.Authenticate(r.Context(), token)
	switch {
	case errors.Is(err, account.ErrSessionEnded), errors.Is(err, account.ErrDisabled):
		return v, nil
	case err != nil:
		return visitor{}, err
	case session.Bearer != bearer:
		// A token that was given out for one way does not work in the other:
		// each way has defences that suit it alone.
		return v, nil
	}
	v.live, v.session, v.account = true, session, person
	return v, nil
}

// ownCookie finds one of our cookies, and says how many of that name there are.
func ownCookie(r *http.Request, name string) (value string, count int) {
	for _, c := range r.CookiesNamed(name) {
		value = c.Value
		count++
	}
	return value, count
}

// setSessionCookie gives a browser its session.
func (s *Server) setSessionCookie(w http.ResponseWriter, o account.Opened) {
	http.SetCookie(w, cookie(cookieSession, o.Token.Reveal(), int(o.Session.ExpiresAt.Sub(s.now())/time.Second)))
}

// clearSessionCookie takes it away again.
func clearSessionCookie(w http.ResponseWriter) {
	http.SetCookie(w, cookie(cookieSession, "", -1))
}

// cookie makes one of our cookies; maxAge as in http.Cookie.
func cookie(name, value string, maxAge int) *http.Cookie {
	return &http.Cookie{
		Name: name, Value: value, Path: "/", MaxAge: maxAge,
		Secure: true, HttpOnly: true, SameSite: http.SameSiteLaxMode,
	}
}
