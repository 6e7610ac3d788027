package bench

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/hitherauth/hither/internal/api"
	"github.com/hitherauth/hither/internal/load"
)

// Of the time of a round of sign-ins, the baselines beside it get so much.
const (
	emptyShare  = 3  // a third
	verifyShare = 20 // a twentieth
)

// Config configures New.
type Config struct {
	// Client of the server. Its http.Client should keep Workers connections: see HTTPClient.
	Client *api.Client
	// Pick says who signs in next. It is called by all workers at once.
	Pick func() (*load.Person, error)
	// Workers sign people in at the same time, each over a connection of its own.
	Workers int
	// Rate of an open loop, a second: sign-ins begin at this rate whether those
	// before are answered or not, as long as a worker is free, and their times
	// count from when they should have begun. 0: a closed loop.
	Rate float64
	// Process is the server's, if it is on this machine; nil: its CPU and memory
	// are not known, and neither is the limit.
	Process *Process
}

// Meter measures one server. Its methods are called one at a time, those that
// say otherwise aside.
type Meter struct {
	config                        Config
	verify                        job
	live                          counters // of sign-ins, measured or not
	warmUp, signIns, empty, verif series
}

// New makes a meter that has measured nothing yet.
func New(c Config) (*Meter, error) {
	verify, err := verification()
	if err != nil {
		return nil, err
	}
	return &Meter{config: c, verify: verify}, nil
}

// HTTPClient is a client that keeps a connection for each worker: HTTP/1.1, as
// the connections of as many people would be, with a time-out for each request.
func HTTPClient(workers int, timeout time.Duration) *http.Client {
	var protocols http.Protocols
	protocols.SetHTTP1(true)
	return &http.Client{
		Timeout: timeout,
		Transport: &http.Transport{
			MaxIdleConnsPerHost: workers, MaxConnsPerHost: workers,
			Protocols: &protocols, DisableCompression: true,
		},
	}
}

// WarmUp signs people in without measuring. Failures count.
func (m *Meter) WarmUp(ctx context.Context, l Length) {
	m.warmUp.round(ctx, m.pace(), l, &m.live, m.signIn)
}

// Round measures sign-ins, and then the baselines for a part of the time that
// they took. An error says that the process could not be watched.
func (m *Meter) Round(ctx context.Context, l Length) error {
	before := m.signIns.elapsed
	if err := m.watched(&m.signIns, func() { m.signIns.round(ctx, m.pace(), l, &m.live, m.signIn) }); err != nil {
		return err
	}
	took := m.signIns.elapsed - before
	var ignored counters
	err := m.watched(&m.empty, func() {
		m.empty.round(ctx, pace{workers: m.config.Workers}, Length{Time: took / emptyShare}, &ignored, m.emptyRequests)
	})
	if err != nil {
		return err
	}
	m.verif.round(ctx, pace{workers: 1}, Length{Time: took / verifyShare}, &ignored, m.verify)
	return nil
}

// Live is how many sign-ins have succeeded and failed so far, warm-up
// included. It can be called at any time.
func (m *Meter) Live() (done, failed int64) { return m.live.done.Load(), m.live.failed.Load() }

// Workers is Config.Workers.
func (m *Meter) Workers() int { return m.config.Workers }

func (m *Meter) pace() pace { return pace{workers: m.config.Workers, rate: m.config.Rate} }

// watched adds what the server's process spends during a round.
func (m *Meter) watched(s *series, round func()) error {
	if m.config.Process == nil {
		round()
		return nil
	}
	before, err := m.config.Process.CPU()
	if err != nil {
		return err
	}
	round()
	after, err := m.config.Process.CPU()
	if err != nil {
		return err
	}
	s.spent += after - before
	return nil
}

func (m *Meter) signIn() (func(context.Context) error, error) {
	person, err := m.config.Pick()
	return func(ctx context.Context) error {
		answer, err := person.AnswerAuthentication(ctx)
		if err != nil {
			return step("begin", err)
		}
		_, err = answer.Finish(ctx)
		return step("finish", err)
	}, err
}

// emptyRequests are the two requests of a sign-in without anything in them.
func (m *Meter) emptyRequests() (func(context.Context) error, error) {
	return func(ctx context.Context) error {
		for range 2 {
			if err := m.config.Client.Get(ctx, "/livez"); err != nil {
				return step("livez", err)
			}
		}
		return nil
	}, nil
}

// verification is that of one ES256 signature by the standard library.
func verification() (job, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("bench: %w", err)
	}
	digest := sha256.Sum256([]byte("what an authenticator signs"))
	signature, err := ecdsa.SignASN1(rand.Reader, key, digest[:])
	if err != nil {
		return nil, fmt.Errorf("bench: %w", err)
	}
	verify := func(context.Context) error {
		if !ecdsa.VerifyASN1(&key.PublicKey, digest[:], signature) {
			return errors.New("bench: a good signature does not verify")
		}
		return nil
	}
	return func() (func(context.Context) error, error) { return verify, nil }, nil
}

// Result is what a meter has measured so far.
type Result struct {
	Workers    int     `json:"workers"`
	TargetRate float64 `json:"target_rate,omitempty"` // of an open loop
	SignIns    Figures `json:"sign_ins"`
	EmptyPairs Figures `json:"empty_pairs"`
	// Verification is the median time of one, in milliseconds: there is nothing
	// to wait for in it, so it is CPU time too.
	Verification float64   `json:"verification_ms"`
	Failures     []Failure `json:"failures"`         // of everything, the most frequent first
	Server       *Server   `json:"server,omitempty"` // of the process that was watched
}

// Server is what a server's process has spent. CPU is in milliseconds for a
// sign-in, for two empty requests, and for the latter and a verification.
type Server struct {
	PID       int     `json:"pid"`
	SignInCPU float64 `json:"sign_in_cpu_ms"`
	EmptyCPU  float64 `json:"empty_pair_cpu_ms"`
	LimitCPU  float64 `json:"limit_cpu_ms"`
	XLimit    float64 `json:"x_limit"` // SignInCPU over LimitCPU
	Memory    int64   `json:"memory_bytes"`
	Peak      int64   `json:"memory_peak_bytes"` // since the process began
}

// Result comes to what was measured. An error says that the process could not
// be watched; the rest is there all the same.
func (m *Meter) Result() (Result, error) {
	r := Result{
		Workers: m.config.Workers, TargetRate: m.config.Rate,
		SignIns: m.signIns.figures(), EmptyPairs: m.empty.figures(), Verification: m.verif.figures().P50,
	}
	var all series
	for _, s := range []*series{&m.warmUp, &m.signIns, &m.empty, &m.verif} {
		for _, f := range s.failures {
			all.fail(*f)
		}
	}
	r.Failures = all.sortedFailures()
	if m.config.Process == nil {
		return r, nil
	}
	now, peak, err := m.config.Process.Memory()
	if err != nil {
		return r, err
	}
	s := &Server{PID: m.config.Process.PID(), SignInCPU: m.signIns.each(), EmptyCPU: m.empty.each(), Memory: now, Peak: peak}
	if s.EmptyCPU > 0 && r.Verification > 0 { // else it was interrupted before there was a limit
		s.LimitCPU = s.EmptyCPU + r.Verification
		s.XLimit = s.SignInCPU / s.LimitCPU
	}
	r.Server = s
	return r, nil
}

// Failed is how many pieces of work have failed.
func (r Result) Failed() int {
	n := 0
	for _, f := range r.Failures {
		n += f.Count
	}
	return n
}
