package main

import (
	"net"
	"net/http"
	"sync"
	"time"
)

// farewell is how long a door that closes waits for open connections to come to
// their end before it closes those that say nothing.
const farewell = 250 * time.Millisecond

// leaving lets kept-alive connections end without a request being lost. A
// connection that is closed while its client sends the next request leaves the
// client in doubt about what became of it. So a door that closes takes no new
// connections, answers on each open one with "Connection: close", and closes
// the silent ones only then.
type leaving struct {
	mu   sync.Mutex
	open int           // connections
	now  bool          // the door closes
	none chan struct{} // closed when it does and no connection is open
	once sync.Once     // closes none
}

func newLeaving() *leaving { return &leaving{none: make(chan struct{})} }

// count is an http.Server's ConnState.
func (l *leaving) count(_ net.Conn, state http.ConnState) {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch state {
	case http.StateNew:
		l.open++
	case http.StateClosed, http.StateHijacked:
		l.open--
		l.judge()
	default:
	}
}

func (l *leaving) judge() {
	if l.now && l.open == 0 {
		l.once.Do(func() { close(l.none) })
	}
}

// handler makes each answer of a closing door the connection's last.
func (l *leaving) handler(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if l.closing() {
			w.Header().Set("Connection", "close")
		}
		next.ServeHTTP(w, r)
	})
}

func (l *leaving) closing() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.now
}

// begin says that the door closes.
func (l *leaving) begin() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.now = true
	l.judge()
}

// wait waits until no connection is open, or for so long.
func (l *leaving) wait(longest time.Duration) {
	timer := time.NewTimer(longest)
	defer timer.Stop()
	select {
	case <-l.none:
	case <-timer.C:
	}
}
