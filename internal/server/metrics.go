package server

import (
	"errors"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/hitherauth/hither/relyingparty"
)

// Values of the label kind.
const (
	kindAuthentication = "authentication"
	kindRegistration   = "registration"
	kindCeremony       = "ceremony" // begin and finish, among limits
	kindRequest        = "request"  // everything else, among limits
	kindGuess          = "guess"    // wrong tries of what can be guessed, among limits
)

// Values of the label outcome: what became of a ceremony that came to finish.
const (
	outcomeCompleted = "completed"
	outcomeRefused   = "refused"  // it was open, and is spent
	outcomeUnopened  = "unopened" // nothing was spent
	outcomeFailed    = "failed"   // our fault, or the store's
)

// metrics counts what the server does. Every value of a label is a constant of
// the program or a pattern of a route: nothing that a client sends makes a
// series, and nothing in a series is about a person.
type metrics struct {
	begun    *prometheus.CounterVec   // kind
	finished *prometheus.CounterVec   // kind, outcome, check
	requests *prometheus.HistogramVec // route, method, status
	inFlight prometheus.Gauge
	limited  *prometheus.CounterVec // kind
	guesses  prometheus.Counter     // of limited
	panics   prometheus.Counter
	backups  *prometheus.CounterVec // outcome
}

func newMetrics() *metrics {
	m := &metrics{
		begun: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "hither_ceremonies_begun_total",
			Help: "Ceremonies that began.",
		}, []string{"kind"}),
		finished: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "hither_ceremonies_finished_total",
			Help: "Ceremonies that came to finish: completed, refused by a check, unopened (not ours, too late, spent, malformed) or failed (our fault).",
		}, []string{"kind", "outcome", "check"}),
		requests: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name:    "hither_http_request_duration_seconds",
			Help:    "Time from the head of a request to the end of its answer.",
			Buckets: []float64{0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10},
		}, []string{"route", "method", "status"}),
		inFlight: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "hither_http_requests_in_flight",
			Help: "Requests that are being answered.",
		}),
		limited: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "hither_rate_limited_total",
			Help: "Requests refused by a limit.",
		}, []string{"kind"}),
		panics: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "hither_panics_total",
			Help: "Requests that met a bug of ours and were answered with 500.",
		}),
		backups: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "hither_backups_total",
			Help: "Backups that an operator asked the running server for: completed or failed.",
		}, []string{"outcome"}),
	}
	m.guesses = m.limited.WithLabelValues(kindGuess)
	m.backups.WithLabelValues(outcomeCompleted)
	m.backups.WithLabelValues(outcomeFailed)
	// What a graph begins with, rather than with nothing.
	for _, kind := range []string{kindAuthentication, kindRegistration} {
		m.begun.WithLabelValues(kind)
		m.finished.WithLabelValues(kind, outcomeCompleted, "")
	}
	return m
}

// Collectors are what /metrics shows of the server. They are registered nowhere.
func (s *Server) Collectors() []prometheus.Collector {
	m := s.metrics
	out := []prometheus.Collector{m.begun, m.finished, m.requests, m.inFlight, m.limited, m.panics, m.backups}
	for kind, l := range map[string]*limiter{kindCeremony: s.ceremonies, kindRequest: s.requests} {
		if l != nil {
			out = append(out, prometheus.NewGaugeFunc(prometheus.GaugeOpts{
				Name:        "hither_rate_limit_prefixes",
				Help:        "Address prefixes that a limit remembers.",
				ConstLabels: prometheus.Labels{"kind": kind},
			}, func() float64 { return float64(l.held()) }))
		}
	}
	return out
}

// served counts a request that was answered, or not: status 0.
func (m *metrics) served(r *http.Request, status int, took time.Duration) {
	m.requests.WithLabelValues(routeLabel(r), methodLabel(r, status), statusLabel(status)).Observe(took.Seconds())
}

// routeLabel is the pattern of the route that answered. Whatever has none is one series.
func routeLabel(r *http.Request) string {
	if r.Pattern == "" || r.Pattern == "/" {
		return "none"
	}
	return r.Pattern
}

// methodLabel is a method that its route has: who is refused for another one
// makes one series, whatever it was.
func methodLabel(r *http.Request, status int) string {
	if status != http.StatusMethodNotAllowed {
		switch r.Method {
		case http.MethodGet, http.MethodHead:
			return http.MethodGet
		case http.MethodPost, http.MethodPatch, http.MethodDelete, http.MethodOptions:
			return r.Method
		}
	}
	return "other"
}

// statusLabel is the class of a status.
func statusLabel(status int) string {
	switch status / 100 {
	case 2:
		return "2xx"
	case 3:
		return "3xx"
	case 4:
		return "4xx"
	case 5:
		return "5xx"
	default:
		return "none" // the connection ended before there was an answer
	}
}

// begins counts the ceremonies that a handler begins.
func begins[In, Out any](s *Server, kind string, h func(*call, In) (Out, error)) func(*call, In) (Out, error) {
	begun := s.metrics.begun.WithLabelValues(kind)
	return func(c *call, in In) (Out, error) {
		out, err := h(c, in)
		if err == nil {
			begun.Inc()
		}
		return out, err
	}
}

// ends counts what becomes of the ceremonies that a handler finishes, and tells
// the request's span.
func ends[In, Out any](s *Server, kind string, h func(*call, In) (Out, error)) func(*call, In) (Out, error) {
	return func(c *call, in In) (Out, error) {
		out, err := h(c, in)
		outcome, check := c.outcome(err)
		s.metrics.finished.WithLabelValues(kind, outcome, check).Inc()
		c.finishedSpan(kind, outcome, check)
		return out, err
	}
}

// outcome is what became of the ceremony that a call came to finish, and the
// check or, for want of one, the code of the problem that says why.
func (c *call) outcome(err error) (outcome, check string) {
	if err == nil {
		return outcomeCompleted, ""
	}
	if c.refused != "" {
		return outcomeRefused, c.refused
	}
	if verify, ok := errors.AsType[*relyingparty.VerificationError](err); ok {
		return outcomeUnopened, string(verify.Check)
	}
	switch answer := toProblem(err).Code; answer {
	case codeInternal, codeUnavailable:
		return outcomeFailed, string(answer)
	default:
		return outcomeUnopened, string(answer)
	}
}
