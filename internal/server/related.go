package server

import (
	"crypto/sha256"
	"errors"
	"net/http"
	"slices"

	"github.com/go-json-experiment/json"

	"github.com/hitherauth/hither/relyingparty"
)

// A related origin (WebAuthn L3 §5.11) is another origin of the operator's,
// whose own pages sign people in here through the API: with no cookie of ours,
// and with a token that the page hands to its own server (decision 21).

// relatedFor is how long browsers may keep what they were told of related
// origins, in seconds.
const relatedFor = "3600"

// relatedOrigin is the related origin that a request comes from, "" for none.
func (s *Server) relatedOrigin(r *http.Request) string {
	origins := r.Header["Origin"]
	if len(origins) != 1 || !slices.Contains(s.related, origins[0]) {
		return ""
	}
	return origins[0]
}

// share lets related origins use an endpoint: it tells their pages that they
// may read the answer, never one that was asked for with a cookie.
func (s *Server) share(w http.ResponseWriter, r *http.Request) {
	if len(s.related) == 0 {
		return
	}
	h := w.Header()
	h.Add("Vary", "Origin")
	origin := s.relatedOrigin(r)
	if origin == "" || hasOwnCookie(r) {
		return
	}
	h.Set("Access-Control-Allow-Origin", origin)
	h.Set("Access-Control-Expose-Headers", "Retry-After")
}

// preflight answers the question that a browser asks before a page of a
// related origin may use an endpoint (Fetch, CORS protocol). For everybody else
// the method does not exist.
func (s *Server) preflight(e endpoint) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		s.share(w, r)
		h := w.Header()
		if h.Get("Access-Control-Allow-Origin") == "" {
			h.Set("Allow", methods{e.method: http.NotFound}.allow())
			s.writeProblem(w, r, refuse(codeMethodNotAllowed, ""))
			return
		}
		h.Del("Access-Control-Expose-Headers")
		h.Set("Access-Control-Allow-Methods", e.method)
		h.Set("Access-Control-Allow-Headers", "authorization, content-type")
		h.Set("Access-Control-Max-Age", relatedFor)
		w.WriteHeader(http.StatusNoContent)
	}
}

// judgeRelated refuses what no page of a related origin sends: a request that
// claims to be same-origin, or none of a page's, or one with a cookie of ours.
// A page of the same host and another port has our cookies, but must not use them.
func judgeRelated(r *http.Request) error {
	sites := r.Header["Sec-Fetch-Site"]
	claims := len(sites) == 0 || len(sites) == 1 && (sites[0] == "cross-site" || sites[0] == "same-site")
	if !claims {
		return refuse(codeCrossSite, "")
	}
	if hasOwnCookie(r) {
		return refuse(codeCrossSite, "a page of another origin sends no cookies: use credentials: \"omit\"")
	}
	return nil
}

// relatedDomain begins what a related origin's binding is the hash of. It is
// longer than all that a browser's is made of, so the two are never equal.
const relatedDomain = "hither ceremony of a page of a related origin\x00"

// bindRelated ties a ceremony to a related origin and to the session, if there
// is one. Not to a browser, of which such a page has nothing to show.
func bindRelated(origin string, v visitor) relyingparty.Binding {
	page := sha256.Sum256([]byte(origin))
	h := sha256.New()
	h.Write([]byte(relatedDomain))
	h.Write(page[:])
	if v.live {
		h.Write(v.session.ID[:])
	}
	return h.Sum(nil)
}

// judgePage refuses an answer that was made on another origin's page than the
// one that sends it.
func (c *call) judgePage(ours, made string) error {
	want := ours
	if c.related != "" {
		want = c.related
	}
	if made != want {
		return &relyingparty.VerificationError{Check: relyingparty.CheckOrigin, Err: errors.New("made on another origin's page than the one that sends it")}
	}
	return nil
}

// relatedOriginsDocument is what browsers ask the RP ID's host for (WebAuthn L3
// §5.11.1). They look at a few names only, from the front: ours, which needs no
// mention in most installations, is the last.
func relatedOriginsDocument(origin string, related []string) ([]byte, error) {
	return json.Marshal(struct {
		Origins []string `json:"origins"`
	}{append(slices.Clone(related), origin)})
}

// wellKnown serves a document that is the same for everybody.
func wellKnown(document []byte) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		h := w.Header()
		h.Del("Vary")
		h.Set("Cache-Control", "public, max-age="+relatedFor)
		h.Set("Content-Type", "application/json")
		_, _ = w.Write(document) // the client has gone
	}
}
