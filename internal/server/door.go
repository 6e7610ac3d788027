package server

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"runtime/debug"
	"strings"
	"time"

	"github.com/hitherauth/hither/internal/account"
)

// maxBody is the most that a request body may hold, in bytes.
const maxBody = 64 << 10

// maxCookies is the most cookies a request may bring. Only ours are read, but
// on localhost a browser sends those of every program it ever met there.
const maxCookies = 150

// incoming is what the outer door knows about a request.
type incoming struct {
	id      string
	arrived time.Time // not by Config.Now: a duration is all that is made of it
	client  account.Client
}

type incomingKey struct{}

// incomingOf gives what the outer door put there.
func incomingOf(r *http.Request) *incoming {
	in, _ := r.Context().Value(incomingKey{}).(*incoming)
	if in == nil {
		return &incoming{}
	}
	return in
}

// enter is the outermost handler: it names the request, recovers what panics
// behind it, and bounds the body. What an answer waits for may take as long as
// patience.
func (s *Server) enter(next http.Handler, patience time.Duration, fail refuseFunc) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		in := &incoming{
			id:      rand.Text(),
			arrived: time.Now(),
			client:  account.Client{Address: s.proxies.ClientAddr(r), Browser: browserName(r.Header)},
		}
		ctx, span := s.startSpan(context.WithValue(r.Context(), incomingKey{}, in))
		ctx, cancel := context.WithTimeout(ctx, patience)
		defer cancel()
		r = r.WithContext(ctx)
		if r.Body != nil {
			r.Body = http.MaxBytesReader(w, r.Body, maxBody)
		}
		out := &recorder{ResponseWriter: w}
		s.metrics.inFlight.Inc()
		defer func() {
			// Whatever else happens; after the answer to a panic.
			defer func() {
				s.metrics.inFlight.Dec()
				s.metrics.served(r, out.status, time.Since(in.arrived))
				endSpan(span, r, out.status, in.id)
			}()
			if v := recover(); v != nil {
				s.recovered(out, r, v, fail)
			}
			s.logger.DebugContext(r.Context(), "request served", "request_id", in.id, "method", r.Method, "route", routeText(r),
				"status", out.status, "duration_ms", time.Since(in.arrived).Milliseconds(), "address", addressText(in.client.Address))
		}()
		next.ServeHTTP(out, r)
	})
}

// recovered turns a panic into an answer, or ends the connection when an
// answer was under way.
func (s *Server) recovered(out *recorder, r *http.Request, v any, fail refuseFunc) {
	if err, ok := v.(error); ok && errors.Is(err, http.ErrAbortHandler) {
		panic(v)
	}
	s.metrics.panics.Inc()
	s.logger.ErrorContext(r.Context(), "request panicked", "request_id", incomingOf(r).id, "err", fmt.Sprint(v), "stack", string(debug.Stack()))
	if out.status != 0 {
		panic(http.ErrAbortHandler)
	}
	fail(out, r, refuseFor(codeInternal, errors.New("panic")))
}

// publicDoor sets the headers, judges Host, path and size, and shows each
// request to the door of its kind.
func (s *Server) publicDoor(pages, api, health *routeMux) http.Handler {
	choose := func(r *http.Request) *routeMux {
		switch path := r.URL.Path; {
		case path == "/livez", path == "/readyz", path == "/healthz":
			return health
		case path == "/api", strings.HasPrefix(path, "/api/"):
			return api
		default:
			return pages
		}
	}
	headers := securityHeaders(s.secure)
	serve := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		// The values are shared between requests: handlers set, and add to what
		// has no room, so that none of them changes another's.
		maps.Copy(w.Header(), headers)
		d := choose(r)
		if err := s.judgeTarget(r, d != health); err != nil {
			if isTooLarge(err) {
				w.Header().Set("Connection", "close")
			}
			d.refuse(w, r, err)
			return
		}
		d.mux.ServeHTTP(w, r)
	})
	return s.enter(serve, requestTimeout, func(w http.ResponseWriter, r *http.Request, err error) { choose(r).refuse(w, r, err) })
}

// judgeTarget refuses requests for another host, in another spelling than the
// canonical one, or of a size that nothing here takes.
func (s *Server) judgeTarget(r *http.Request, hostMatters bool) error {
	// A target in absolute form is meant for a proxy, and net/http lets it
	// replace the Host header unseen.
	if !strings.HasPrefix(r.RequestURI, "/") {
		return refuse(codeMisdirected, "")
	}
	// Over HTTP/2 a Host field may stand beside :authority; net/http leaves it there.
	if hostMatters && (!strings.EqualFold(r.Host, s.host) || len(r.Header["Host"]) > 0) {
		return refuse(codeMisdirected, "")
	}
	if !canonicalPath(r.URL.EscapedPath()) {
		return refuse(codeNotFound, "")
	}
	if r.ContentLength > maxBody {
		return refuse(codeBodyTooLarge, "")
	}
	cookies := 0
	for _, line := range r.Header["Cookie"] {
		cookies += strings.Count(line, ";") + 1
	}
	if cookies > maxCookies {
		return refuse(codeHeadersTooLarge, "")
	}
	return nil
}

func isTooLarge(err error) bool {
	var r *refusal
	return errors.As(err, &r) && r.code == codeBodyTooLarge
}

// canonicalPath says whether a path is spelt in the one way that routes are:
// unreserved characters only, no empty, "." or ".." segment, no slash at the
// end. Every other spelling is answered with 404, so nothing has to be
// cleaned, and nothing can be reached around a check.
func canonicalPath(path string) bool {
	if path == "/" {
		return true
	}
	rest, ok := strings.CutPrefix(path, "/")
	if !ok {
		return false
	}
	for segment := range strings.SplitSeq(rest, "/") {
		if segment == "" || segment == "." || segment == ".." {
			return false
		}
		for i := range len(segment) {
			if !unreserved(segment[i]) {
				return false
			}
		}
	}
	return true
}

// unreserved is RFC 3986 §2.3.
func unreserved(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '-' || c == '.' || c == '_' || c == '~'
}

// routeText is what a log says of a request's path: the route that answered,
// which holds nothing of the client's, or the beginning of what there is no
// route for.
func routeText(r *http.Request) string {
	if r.Pattern != "" && r.Pattern != "/" {
		return r.Pattern
	}
	path := r.URL.EscapedPath()
	return path[:min(len(path), 128)]
}

// recorder remembers the status of an answer.
type recorder struct {
	http.ResponseWriter
	status int
}

func (w *recorder) WriteHeader(status int) {
	if w.status == 0 {
		w.status = status
	}
	w.ResponseWriter.WriteHeader(status)
}

func (w *recorder) Write(b []byte) (int, error) {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	return w.ResponseWriter.Write(b)
}

// Unwrap lets http.ResponseController reach the writer below.
func (w *recorder) Unwrap() http.ResponseWriter { return w.ResponseWriter }
