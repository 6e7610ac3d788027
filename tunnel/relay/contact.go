package relay

import (
	"encoding/hex"
	"net/http"
	"net/netip"
	"time"
	"unicode/utf8"

	"github.com/hitherauth/hither/tunnel"
)

// serveContact is /cable/contact: who has linked with a phone has it woken. The
// tunnel is there before the phone is woken, and who asked hears nothing until the
// phone has come to it.
func (r *Relay) serveContact(w http.ResponseWriter, req *http.Request, id tunnel.ContactID) *refusal {
	up, no := r.check(req, tunnel.Subprotocol)
	if no != nil {
		return no
	}
	payload, ok := clientPayload(req)
	switch {
	case !ok:
		return &refusal{http.StatusBadRequest, "payload"}
	case len(id) != contactIDSize:
		return &refusal{http.StatusNotFound, "no_contact"}
	case id[0] != r.config.Node:
		return &refusal{http.StatusGone, "other_node"}
	}
	l, no := r.wake([contactIDSize]byte(id), up.prefix)
	if no != nil {
		return no
	}
	t, no := r.open(nil, up.prefix, l)
	if no != nil {
		return no
	}
	no = r.awaken(req, t, payload)
	r.metrics.woken(no)
	if no != nil {
		return no
	}
	if values := req.Header.Values(tunnel.SignalConnectionHeader); len(values) == 1 && values[0] == "true" {
		return r.join(w, up, t, 1, answer{tunnel.SignalConnectionHeader: "true"}, true)
	}
	return r.join(w, up, t, 1, nil, false)
}

// wake finds a listener that may be woken by somebody in prefix.
func (r *Relay) wake(id [contactIDSize]byte, prefix netip.Prefix) (*listener, *refusal) {
	r.mu.Lock()
	defer r.mu.Unlock()
	l := r.listeners[id]
	if l == nil {
		return nil, &refusal{http.StatusNotFound, "no_contact"}
	}
	if time.Since(r.wakesSince) >= time.Minute {
		r.wakesSince = time.Now()
		clear(r.wakes)
	}
	if r.wakes[prefix] >= r.limits.WakesPerPrefix {
		return nil, &refusal{http.StatusTooManyRequests, "wakes_of_prefix"}
	}
	if !l.wakes.take(r.limits.WakesPerContact) {
		return nil, &refusal{http.StatusTooManyRequests, "wakes_of_contact"}
	}
	r.wakes[prefix]++
	return l, nil
}

// awaken wakes the phone of t and waits until it has come.
func (r *Relay) awaken(req *http.Request, t *pipe, payload []byte) *refusal {
	wake := tunnel.Wake{ID: t.id, RoutingID: t.routing, Payload: payload}
	if err := t.waker.send(wake.Append(make([]byte, serverHeader)), opBinary); err != nil {
		t.end(untaken)
		return &refusal{http.StatusBadGateway, "untaken"}
	}
	timer := time.NewTimer(r.limits.Wake)
	defer timer.Stop()
	select {
	case <-t.taken:
		return nil
	case <-t.over:
	case <-timer.C:
		t.end(untaken)
	case <-req.Context().Done():
		t.end(abandoned)
	}
	<-t.over
	switch t.why {
	case turnedAway:
		return &refusal{http.StatusGone, "turned_away"}
	case shutdown:
		return &refusal{http.StatusServiceUnavailable, "shutdown"}
	default:
		return &refusal{http.StatusBadGateway, "untaken"}
	}
}

// clientPayload is the payload for the phone, if it has the one form that there is,
// which needs no reader of CBOR: the map {1: 8 bytes, 2: 16 bytes, 3: text} in
// canonical form, with a text of up to 23 bytes; in hexadecimal, once.
func clientPayload(req *http.Request) ([]byte, bool) {
	const (
		linkID = "\xa3\x01\x48"              // a map of three; 1: eight bytes
		nonce  = linkID + "12345678\x02\x50" // 2: sixteen bytes
		hint   = nonce + "1234567812345678\x03"
		most   = 23 // of a text whose length is in its first byte
	)
	values := req.Header.Values(tunnel.ClientPayloadHeader)
	if len(values) != 1 || len(values[0]) > hex.EncodedLen(len(hint)+1+most) {
		return nil, false
	}
	b, err := hex.DecodeString(values[0])
	if err != nil || len(b) <= len(hint) {
		return nil, false
	}
	text := int(b[len(hint)]) - 0x60
	return b, string(b[:3]) == linkID &&
		string(b[len(nonce)-2:len(nonce)]) == nonce[len(nonce)-2:] &&
		b[len(hint)-1] == hint[len(hint)-1] &&
		text >= 0 && text <= most && len(b) == len(hint)+1+text && utf8.Valid(b[len(hint)+1:])
}

// window counts what happens in a minute.
type window struct {
	began time.Time
	n     int
}

// take counts one more, unless there were as many in this minute.
func (w *window) take(limit int) bool {
	if time.Since(w.began) >= time.Minute {
		*w = window{began: time.Now()}
	}
	if w.n >= limit {
		return false
	}
	w.n++
	return true
}
