package relay

import (
	"errors"
	"net/http"
	"net/netip"
	"strings"

	"github.com/hitherauth/hither/tunnel"
)

const (
	contactIDSize = 33 // the node, and a SHA-256 sum

	// What a phone that waits to be woken has to say: pings, and refusals of 17 bytes.
	listenerFrames  = 60 // in a minute
	listenerMessage = 64
)

// listener is a phone that waits to be woken.
type listener struct {
	*socket
	relay  *Relay
	id     [contactIDSize]byte
	prefix netip.Prefix
	wakes  window // guarded by Relay.mu
}

// serveListen is /hither/listen: a phone waits to be woken, under a contact id that
// it proves to be its own by the secret of which the id is a hash. Nothing is kept
// of those that do not wait.
func (r *Relay) serveListen(w http.ResponseWriter, req *http.Request, known tunnel.ContactID) *refusal {
	up, no := r.check(req, tunnel.ListenSubprotocol)
	if no != nil {
		return no
	}
	secret, ok := bearer(req)
	if !ok {
		return &refusal{http.StatusUnauthorized, "secret"}
	}
	id := secret.ContactID(r.config.Node)
	if known != nil {
		if string(known) != string(secret.ContactID(known[0])) {
			return &refusal{http.StatusUnauthorized, "secret"}
		}
		if known[0] != r.config.Node {
			return &refusal{http.StatusGone, "other_node"}
		}
	}
	conn, no := hijack(w)
	if no != nil {
		return no
	}
	l := &listener{
		socket: newSocket(conn, r.bank, r.limits),
		relay:  r,
		id:     [contactIDSize]byte(id),
		prefix: up.prefix,
	}
	l.quiet, l.refill = r.limits.Quiet, listenerFrames
	l.writing.Lock() // a wake-up must not overtake the handshake
	if no := r.listen(l); no != nil {
		return decline(conn, no)
	}
	err := l.accept(up, answer{tunnel.ContactIDHeader: id.Text()}, false)
	l.writing.Unlock()
	if err != nil || !r.start(l.run) {
		r.unlisten(l)
		_ = conn.Close()
	}
	return nil
}

// bearer is the secret that a request shows.
func bearer(req *http.Request) (tunnel.ContactSecret, bool) {
	values := req.Header.Values("Authorization")
	if len(values) != 1 {
		return tunnel.ContactSecret{}, false
	}
	scheme, text, _ := strings.Cut(values[0], " ")
	secret, err := tunnel.ParseContactSecret(text)
	return secret, err == nil && strings.EqualFold(scheme, "bearer")
}

// listen makes l a listener, in place of the one with its id if there is one: who
// has the secret says where the phone is.
func (r *Relay) listen(l *listener) *refusal {
	r.mu.Lock()
	defer r.mu.Unlock()
	before := r.listeners[l.id]
	switch {
	case r.ending, r.draining:
		return &refusal{http.StatusServiceUnavailable, "shutdown"}
	case before == nil && len(r.listeners) >= r.limits.Listeners:
		return &refusal{http.StatusServiceUnavailable, "listeners"}
	// Or one prefix would hold all that others have let in.
	case (before == nil || before.prefix != l.prefix) && r.listening[l.prefix] >= r.limits.ListenersPerPrefix:
		return &refusal{http.StatusTooManyRequests, "listeners_of_prefix"}
	case before != nil:
		l.wakes = before.wakes
		r.leaveListening(before)
		go before.shut(codePolicy)
	}
	r.listeners[l.id] = l
	r.listening[l.prefix]++
	return nil
}

// unlisten takes l out of the books, if it is there still.
func (r *Relay) unlisten(l *listener) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.listeners[l.id] == l {
		r.leaveListening(l)
	}
}

// leaveListening takes l out of the books. mu is held.
func (r *Relay) leaveListening(l *listener) {
	delete(r.listeners, l.id)
	less(r.listening, l.prefix)
}

// run reads what the phone says until it leaves.
func (l *listener) run() {
	var err error
	for err == nil {
		var m *message
		if m, err = l.read(func() int { return listenerMessage }); err != nil {
			break
		}
		id, malformed := tunnel.ParseRefusal(m.payload())
		m.free()
		if malformed != nil {
			err = breach{protocolError, codePolicy}
			break
		}
		l.relay.refuse(l, id)
	}
	l.relay.unlisten(l)
	if b, ok := errors.AsType[breach](err); ok && b.reason != lost {
		l.shut(b.code)
	} else if code, ok := errors.AsType[farewell](err); ok {
		l.shut(uint16(code))
	}
	l.finish(err)
}

// refuse ends a tunnel that waits for the phone, if it is this phone that it waits for.
func (r *Relay) refuse(l *listener, id tunnel.ID) {
	r.mu.Lock()
	t := r.pipes[id]
	first := t != nil && t.waker == l && t.state == waiting && t.stop(turnedAway)
	r.mu.Unlock()
	if first {
		t.tell()
	}
}
