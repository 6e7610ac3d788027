package control

import (
	"net/http"
	"path"
	"strings"
)

// judge refuses what may come from a page, and what has no token. Nothing is said
// before it, and nothing is read of a body.
func (s *Server) judge(r *http.Request) error {
	switch {
	case r.Host != s.address:
		// A name that a page's own DNS server has turned to this address.
		return refuse(codeMisdirected, "")
	case fromPage(r.Header):
		return refuse(codeCrossSite, "")
	case !s.token.opens(r):
		return refuse(codeUnauthenticated, "")
	case !strings.HasPrefix(r.URL.Path, "/") || path.Clean(r.URL.Path) != r.URL.Path:
		// An http.ServeMux would redirect, and take the request for another.
		return refuse(codeNotFound, "")
	}
	return nil
}

// fromPage says whether a browser has sent the request for a page. Every browser
// sends some of these headers to an address that it trusts, as it does loopback, and
// no script can take them away. Sec-Fetch-Mode says nothing: Node's fetch sends it.
func fromPage(h http.Header) bool {
	for _, name := range []string{
		"Origin", "Sec-Fetch-Site", "Sec-Fetch-Dest", "Sec-Fetch-User", "Sec-Fetch-Storage-Access",
		"Access-Control-Request-Method", "Access-Control-Request-Headers", "Access-Control-Request-Private-Network",
	} {
		if _, there := h[name]; there {
			return true
		}
	}
	return false
}

// fence is what every answer carries: no page reads it, keeps it or draws it.
func fence(h http.Header) {
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'; sandbox")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("X-Content-Type-Options", "nosniff")
}
