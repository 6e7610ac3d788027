package server

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/otel/trace"

	"github.com/hitherauth/hither/internal/account"
	"github.com/hitherauth/hither/internal/front"
	"github.com/hitherauth/hither/internal/secret"
	"github.com/hitherauth/hither/relyingparty"
	"github.com/hitherauth/hither/web"
)

// Config configures [New]. It is copied.
type Config struct {
	// PublicURL is the one origin people reach, such as "https://id.example"
	// or "http://localhost:8080": scheme, host and port, nothing behind. Links
	// and the Host check come from it, never from a request. Required.
	PublicURL string
	// RelatedOrigins are the origins whose pages may sign people in through the
	// API, as whole strings: those of the RelyingParty's configuration, which
	// judges them. Empty: none.
	RelatedOrigins []string
	// Name is what people call this installation; "" is the host of PublicURL.
	Name string
	// RelyingParty judges ceremonies. Required.
	RelyingParty *relyingparty.RelyingParty
	// Accounts holds people and their credentials. Required.
	Accounts *account.Accounts
	// Store answers whether an administrator exists. Required.
	Store account.Store
	// SignUpOpen lets anybody make an account.
	SignUpOpen bool
	// TrustedProxies are the peers whose X-Forwarded-For is believed. Empty: none.
	TrustedProxies []netip.Prefix
	// PhoneWait is the time after which pages tell somebody who waits for a
	// phone what to check. Zero: that of [web.Site].
	PhoneWait time.Duration
	// RateLimitsOff switches the limits per address prefix off, for benchmarks.
	RateLimitsOff bool
	// DecoyKey makes the credential ids that unknown names seem to have. It
	// must never change: a changed id would tell which names are unknown. Required.
	DecoyKey secret.Hidden[[32]byte]
	// Version is shown in the OpenAPI description; "" is "dev".
	Version string
	// Ready says whether the store takes writes. Nil: it always does.
	Ready func(context.Context) error
	// Backup makes a backup for the operator, who gets the reason too when it
	// fails. Nil: there are none.
	Backup func(context.Context) (Backup, error)
	// Tracer makes a span of each request, with those of judging and storing
	// below it. Nil: nobody traces.
	Tracer trace.Tracer
	// Logger takes one line for each thing that is decided. Nil: nowhere.
	Logger *slog.Logger
	// Now is the clock. Nil: time.Now.
	Now func() time.Time
}

// Server answers requests. It is safe for concurrent use.
type Server struct {
	origin     string // "https://id.example"
	host       string // "id.example", lower case, as in Host
	secure     bool   // the origin is https
	related    []string
	name       string
	rp         *relyingparty.RelyingParty
	accounts   *account.Accounts
	store      account.Store
	signUpOpen bool
	phoneWait  time.Duration
	proxies    front.Proxies
	decoyKey   secret.Hidden[[32]byte]
	dummyKey   *ecdsa.PublicKey
	ready      *readiness
	backup     func(context.Context) (Backup, error)
	logger     *slog.Logger
	now        func() time.Time
	pages      *web.Pages
	metrics    *metrics
	tracer     trace.Tracer // nil: none
	ceremonies *limiter     // begin and finish
	requests   *limiter     // everything else but assets and health
	public     http.Handler
	operator   http.Handler

	hasAdministrator atomic.Bool // false: not known, or none
}

// New makes a Server, or says which part of the configuration is missing.
func New(c Config) (*Server, error) {
	u, err := parseOrigin(c.PublicURL)
	if err != nil {
		return nil, fmt.Errorf("server: public URL: %w", err)
	}
	for _, origin := range c.RelatedOrigins {
		if _, err := parseOrigin(origin); err != nil {
			return nil, fmt.Errorf("server: related origin: %w", err)
		}
	}
	switch {
	case c.RelyingParty == nil:
		return nil, errors.New("server: no relying party")
	case c.Accounts == nil || c.Store == nil:
		return nil, errors.New("server: no accounts or no store")
	case secret.Reveal(c.DecoyKey) == [32]byte{}:
		return nil, errors.New("server: no decoy key")
	}
	pages, err := web.New()
	if err != nil {
		return nil, fmt.Errorf("server: %w", err)
	}
	// Nobody has the private half: it only gives unknown credentials something to be verified with.
	dummy, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("server: making the dummy key: %w", err)
	}
	s := &Server{
		origin: c.PublicURL, host: u.Host, secure: u.Scheme == "https", related: slices.Clone(c.RelatedOrigins), name: c.Name,
		rp: c.RelyingParty, accounts: c.Accounts, store: c.Store, signUpOpen: c.SignUpOpen, phoneWait: c.PhoneWait,
		proxies: append(front.Proxies(nil), c.TrustedProxies...), decoyKey: c.DecoyKey, dummyKey: &dummy.PublicKey,
		backup: c.Backup, logger: c.Logger, now: c.Now, pages: pages, metrics: newMetrics(), tracer: c.Tracer,
	}
	if s.name == "" {
		s.name = u.Hostname()
	}
	if s.logger == nil {
		s.logger = slog.New(slog.DiscardHandler)
	}
	if s.now == nil {
		s.now = time.Now
	}
	if !c.RateLimitsOff {
		s.ceremonies = newLimiter(ceremonyRate, ceremonyBurst, s.now)
		s.requests = newLimiter(requestRate, requestBurst, s.now)
		s.ceremonies.refused, s.requests.refused = s.metrics.limited.WithLabelValues(kindCeremony), s.metrics.limited.WithLabelValues(kindRequest)
	}
	s.ready = newReadiness(c.Ready, s.now)
	version := c.Version
	if version == "" {
		version = "dev"
	}
	if err := s.route(version); err != nil {
		return nil, err
	}
	return s, nil
}

// Handler is the public door.
func (s *Server) Handler() http.Handler { return s.public }

// Operator is the door behind hither.sock: whoever can open that file is the
// operator, so it asks for no session.
func (s *Server) Operator() http.Handler { return s.operator }

// parseOrigin takes a whole origin and nothing else: what is compared with
// Host and Origin headers must be spelt as browsers spell it.
func parseOrigin(s string) (*url.URL, error) {
	u, err := url.Parse(s)
	if err != nil || (u.Scheme != "https" && u.Scheme != "http") || u.Host == "" {
		return nil, fmt.Errorf("%q is not an http or https origin", s)
	}
	if u.Scheme+"://"+u.Host != s || strings.ToLower(s) != s {
		return nil, fmt.Errorf("%q must be scheme and host in lower case with nothing behind", s)
	}
	if (u.Scheme == "https" && u.Port() == "443") || (u.Scheme == "http" && u.Port() == "80") {
		return nil, fmt.Errorf("%q names the default port, which browsers leave out", s)
	}
	return u, nil
}
