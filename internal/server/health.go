package server

import (
	"context"
	"net/http"
	"sync"
	"time"
)

// readyFor is how long one look at the store serves all who ask.
const readyFor = time.Second

// readyTimeout bounds how long a probe waits for the store.
const readyTimeout = 3 * time.Second

// readiness asks whether the store takes writes, at most once a second: who
// asks is nobody in particular and may ask often.
type readiness struct {
	probe func(context.Context) error
	now   func() time.Time

	mu    sync.Mutex
	asked time.Time
	err   error
}

func newReadiness(probe func(context.Context) error, now func() time.Time) *readiness {
	return &readiness{probe: probe, now: now}
}

func (r *readiness) check(ctx context.Context) error {
	if r.probe == nil {
		return nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	now := r.now()
	if since := now.Sub(r.asked); !r.asked.IsZero() && since >= 0 && since < readyFor {
		return r.err
	}
	// The answer is for everybody, so it does not end with who asked first.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), readyTimeout)
	defer cancel()
	r.err = r.probe(ctx)
	r.asked = r.now() // not now: those who waited for a slow answer take it too
	return r.err
}

// livez says that the process answers.
func (s *Server) livez(w http.ResponseWriter, _ *http.Request) { plainAnswer(w, http.StatusOK, "ok") }

// readyz says that the store takes writes, so that people can sign in. It is
// also healthz: a process that answers this one lives.
func (s *Server) readyz(w http.ResponseWriter, r *http.Request) {
	if err := s.ready.check(r.Context()); err != nil {
		s.logger.WarnContext(r.Context(), "not ready", "request_id", incomingOf(r).id, "err", err)
		plainAnswer(w, http.StatusServiceUnavailable, "not ready")
		return
	}
	plainAnswer(w, http.StatusOK, "ok")
}

func plainAnswer(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write([]byte(text + "\n")) // the client has gone
}

// refuseHealth answers what the health endpoints refuse.
func (s *Server) refuseHealth(w http.ResponseWriter, r *http.Request, err error) {
	p := toProblem(err)
	s.logRefused(r, p, err)
	p.headers(w.Header())
	plainAnswer(w, p.Status, p.Detail)
}
