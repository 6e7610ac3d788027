package testbed

import (
	"net/http"
	"strings"
	"sync"

	"github.com/hitherauth/hither/tunnel"
)

// gate stands in front of the relay and turns browsers away from the tunnels of
// phones that have such a fault. Phones themselves it lets pass.
type gate struct {
	relay http.Handler

	mu     sync.Mutex
	closed map[tunnel.ID]refusal
}

// refusal is how a browser is turned away.
type refusal struct {
	status int
	told   func() // is called each time
}

func newGate(relay http.Handler) *gate { return &gate{relay: relay, closed: map[tunnel.ID]refusal{}} }

// refuse turns browsers away from a tunnel with a status, until open is called.
func (g *gate) refuse(id tunnel.ID, status int, told func()) (open func()) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.closed[id] = refusal{status, told}
	return func() {
		g.mu.Lock()
		defer g.mu.Unlock()
		delete(g.closed, id)
	}
}

// ServeHTTP is [http.Handler]'s.
func (g *gate) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	g.mu.Lock()
	no, closed := g.closed[connecting(r)]
	g.mu.Unlock()
	if !closed {
		g.relay.ServeHTTP(w, r)
		return
	}
	no.told()
	w.Header().Set("Cache-Control", "no-store")
	http.Error(w, http.StatusText(no.status), no.status)
}

// connecting is the tunnel that a request wants to come to. The zero value, which
// nobody draws, is that of every other request.
func connecting(r *http.Request) tunnel.ID {
	text, ok := strings.CutPrefix(r.URL.EscapedPath(), "/cable/connect/")
	if !ok {
		return tunnel.ID{}
	}
	_, text, _ = strings.Cut(text, "/")
	id, err := tunnel.ParseID(text)
	if err != nil {
		return tunnel.ID{}
	}
	return id
}
