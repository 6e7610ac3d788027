package relay

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/netip"
	"sync"
	"time"

	"github.com/hitherauth/hither/tunnel"
)

// Relay is a tunnel service. It is an [http.Handler] for HTTP/1.1 and keeps the
// connections that it upgrades, which no [http.Server] knows of any more: when the
// server ends, call Shutdown.
type Relay struct {
	config  Config
	limits  Limits
	logger  *slog.Logger
	metrics *metrics
	bank    *bank

	mu         sync.Mutex
	draining   bool
	empty      chan struct{} // closed when it drains and has no pipe
	ending     bool
	pipes      map[tunnel.ID]*pipe
	opened     map[netip.Prefix]int // pipes
	waiting    map[netip.Prefix]int // of them, those without a second party
	unjoined   int                  // the sum of waiting
	listeners  map[[contactIDSize]byte]*listener
	listening  map[netip.Prefix]int
	wakes      map[netip.Prefix]int // of the minute since wakesSince
	wakesSince time.Time
	running    sync.WaitGroup // goroutines that read; added to under mu, and not when ending
}

// New makes a relay. The config is copied, its Origins are not to be changed.
func New(c Config) *Relay {
	c = c.withDefaults()
	return &Relay{
		config:    c,
		limits:    c.Limits,
		logger:    c.Logger,
		metrics:   newMetrics(),
		bank:      &bank{limit: c.Limits.Buffers},
		empty:     make(chan struct{}),
		pipes:     map[tunnel.ID]*pipe{},
		opened:    map[netip.Prefix]int{},
		waiting:   map[netip.Prefix]int{},
		listeners: map[[contactIDSize]byte]*listener{},
		listening: map[netip.Prefix]int{},
		wakes:     map[netip.Prefix]int{},
	}
}

// Drain refuses new tunnels and phones that want to wait, with 503, and tells those
// that wait goodbye. The second party still comes to a tunnel that is open, so the
// server must go on. It returns when the last tunnel has ended or ctx is done, and
// says how many are left. Shutdown comes after it.
func (r *Relay) Drain(ctx context.Context) (left int) {
	r.mu.Lock()
	if !r.draining {
		r.draining = true
		for _, l := range r.listeners {
			go l.shut(codeGoingAway)
		}
		r.judgeEmpty()
	}
	r.mu.Unlock()
	select {
	case <-r.empty:
	case <-ctx.Done():
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.pipes)
}

// judgeEmpty says that a relay that drains has no pipe, once: no more come. mu is held.
func (r *Relay) judgeEmpty() {
	if r.draining && len(r.pipes) == 0 {
		select {
		case <-r.empty:
		default:
			close(r.empty)
		}
	}
}

// Shutdown refuses who comes from now on, with 503, and tells everybody goodbye with
// code 1001. It waits until the last connection is closed, which parties can delay
// by a few seconds, or until ctx is done.
func (r *Relay) Shutdown(ctx context.Context) error {
	r.mu.Lock()
	r.ending = true
	for _, t := range r.pipes {
		t.stop(shutdown)
		go t.tell()
	}
	for _, l := range r.listeners {
		go l.shut(codeGoingAway)
	}
	r.mu.Unlock()
	done := make(chan struct{})
	go func() {
		r.running.Wait()
		close(done)
	}()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// open makes a pipe for somebody in prefix: with this id, or with one of its own.
func (r *Relay) open(id *tunnel.ID, prefix netip.Prefix, waker *listener) (*pipe, *refusal) {
	t := &pipe{
		relay:  r,
		prefix: prefix,
		waker:  waker,
		taken:  make(chan struct{}),
		joined: make(chan struct{}),
		over:   make(chan struct{}),
	}
	t.routing[0] = r.config.Node
	var chosen [len(t.routing) - 1 + len(t.id)]byte
	if _, err := io.ReadFull(r.config.Rand, chosen[:]); err != nil {
		return nil, &refusal{http.StatusServiceUnavailable, "no_randomness"}
	}
	copy(t.routing[1:], chosen[:])
	copy(t.id[:], chosen[len(t.routing)-1:])
	if id != nil {
		t.id = *id
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case r.ending, r.draining:
		return nil, &refusal{http.StatusServiceUnavailable, "shutdown"}
	case len(r.pipes) >= r.limits.Tunnels:
		return nil, &refusal{http.StatusServiceUnavailable, "tunnels"}
	case r.waiting[prefix] >= r.limits.WaitingPerPrefix:
		return nil, &refusal{http.StatusTooManyRequests, "waiting_of_prefix"}
	case r.opened[prefix] >= r.limits.TunnelsPerPrefix:
		return nil, &refusal{http.StatusTooManyRequests, "tunnels_of_prefix"}
	case r.pipes[t.id] != nil:
		return nil, &refusal{http.StatusConflict, "in_use"}
	}
	r.pipes[t.id] = t
	r.opened[prefix]++
	r.waiting[prefix]++
	r.unjoined++
	t.timer = time.AfterFunc(r.limits.Waiting, t.tick)
	r.metrics.opened.Inc()
	return t, nil
}

// claim finds the pipe for a connect, which is the only one it will have.
func (r *Relay) claim(routing tunnel.RoutingID, id tunnel.ID) (*pipe, *refusal) {
	r.mu.Lock()
	defer r.mu.Unlock()
	t := r.pipes[id]
	if t == nil || t.routing != routing || t.state != waiting {
		return nil, &refusal{http.StatusNotFound, "no_tunnel"}
	}
	t.state = claimed
	return t, nil
}

// leaveWaiting counts one pipe of prefix less that waits. mu is held.
func (r *Relay) leaveWaiting(prefix netip.Prefix) {
	r.unjoined--
	less(r.waiting, prefix)
}

// less counts one less, and forgets what is not there any more.
func less(counts map[netip.Prefix]int, prefix netip.Prefix) {
	if counts[prefix]--; counts[prefix] == 0 {
		delete(counts, prefix)
	}
}

// start runs f in a goroutine that Shutdown waits for, unless the relay is ending.
func (r *Relay) start(f func()) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.ending {
		return false
	}
	r.running.Go(f)
	return true
}

// counts are how many pipes pass messages, wait, and how many phones listen.
func (r *Relay) counts() (passing, waiting, listening int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.pipes) - r.unjoined, r.unjoined, len(r.listeners)
}
