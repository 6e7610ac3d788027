package server

import (
	"net/http"
	"slices"
	"strings"
)

// judgeOrigin refuses state-changing requests that come from another site
// (decision 16). A browser says where a request comes from in Sec-Fetch-Site;
// one that is too old for that says it in Origin. A request with one of our
// cookies must say it; one without may come from a program that is no browser.
//
// A page of a related origin may use the endpoints that are shared, and no
// other, without a cookie.
//
// Our pages send no referrer, and then a form's Origin is "null" even on its
// own site: with Sec-Fetch-Site that is no contradiction, alone it is refused.
func (s *Server) judgeOrigin(r *http.Request, shared bool) error {
	if shared && s.relatedOrigin(r) != "" {
		return judgeRelated(r)
	}
	if safe(r.Method) {
		return nil
	}
	site, sites := r.Header.Get("Sec-Fetch-Site"), len(r.Header["Sec-Fetch-Site"])
	origin, origins := r.Header.Get("Origin"), len(r.Header["Origin"])
	ours := origins == 1 && origin == s.origin
	switch {
	case sites > 1 || origins > 1:
		return refuse(codeCrossSite, "")
	case sites == 1:
		if site == "same-origin" && (origins == 0 || ours || origin == "null") {
			return nil
		}
		return refuse(codeCrossSite, "")
	case origins == 1:
		if ours {
			return nil
		}
		return refuse(codeCrossSite, "")
	case hasOwnCookie(r):
		return refuse(codeCrossSite, "a request with a cookie says where it comes from, in Origin or Sec-Fetch-Site")
	}
	return nil
}

// safe is RFC 9110 §9.2.1, as far as anything here answers it.
func safe(method string) bool {
	return slices.Contains([]string{http.MethodGet, http.MethodHead, http.MethodOptions, http.MethodTrace}, method)
}

func hasOwnCookie(r *http.Request) bool {
	_, session := ownCookie(r, cookieSession)
	_, browser := ownCookie(r, cookieBrowser)
	return session+browser > 0
}

// judgeBearer refuses to hand a token to a script: a browser keeps its session
// in a cookie that no script can read. A page of a related origin has no cookie
// and gets a token, for its own server.
func (c *call) judgeBearer(kind *sessionKind) (bearer bool, err error) {
	if kind == nil && c.related != "" {
		return false, refuse(codeCrossSite, `a page of another origin asks for its token: "session": "bearer"`)
	}
	if kind == nil {
		return false, nil
	}
	if *kind != sessionBearer {
		return false, refuse(codeBodyMalformed, `session is "bearer" or left out`)
	}
	if c.related != "" {
		return true, nil
	}
	for name := range c.r.Header {
		if strings.HasPrefix(name, "Sec-Fetch-") {
			return false, refuse(codeCrossSite, "a browser gets its session as a cookie")
		}
	}
	return true, nil
}
