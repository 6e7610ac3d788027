package relay

import (
	"bytes"
	"crypto/sha1" //nolint:gosec // G505: RFC 6455 §4.2.2 has it, and nothing depends on its strength
	"encoding/base64"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/hitherauth/hither/tunnel"
)

// serveNew is /cable/new: a phone opens a tunnel.
func (r *Relay) serveNew(w http.ResponseWriter, req *http.Request, id tunnel.ID) *refusal {
	up, no := r.check(req, tunnel.Subprotocol)
	if no != nil {
		return no
	}
	t, no := r.open(&id, up.prefix, nil)
	if no != nil {
		return no
	}
	return r.join(w, up, t, 0, answer{tunnel.RoutingIDHeader: t.routing.Text()}, false)
}

// serveConnect is /cable/connect: the other end comes to a tunnel, or a phone that
// was woken.
func (r *Relay) serveConnect(w http.ResponseWriter, req *http.Request, routing tunnel.RoutingID, id tunnel.ID) *refusal {
	up, no := r.check(req, tunnel.Subprotocol)
	if no != nil {
		return no
	}
	t, no := r.claim(routing, id)
	if no != nil {
		return no
	}
	index := 1
	if t.waker != nil {
		index = 0
	}
	return r.join(w, up, t, index, nil, false)
}

// answer are headers of an answer 101.
type answer map[string]string

// join makes whoever asks a party of t. With signal, it is told at once that the
// other one is there. A connection that fails ends t.
func (r *Relay) join(w http.ResponseWriter, up request, t *pipe, index int, header answer, signal bool) *refusal {
	conn, no := hijack(w)
	if no != nil {
		t.end(lost)
		return no
	}
	p := &party{socket: newSocket(conn, r.bank, r.limits), pipe: t, index: index}
	p.frames = 4 * r.limits.Messages
	// What the other party says must not overtake the handshake.
	p.writing.Lock()
	if !t.attach(p) {
		if t.waker != nil {
			return decline(conn, &refusal{http.StatusBadGateway, "no_tunnel"})
		}
		return decline(conn, &refusal{http.StatusNotFound, "no_tunnel"})
	}
	err := p.accept(up, header, signal)
	p.writing.Unlock()
	if err != nil || !r.start(p.run) {
		t.end(lost)
		_ = conn.Close()
	}
	return nil
}

// hijack takes a connection from its server. Bytes that came after the request and
// before its answer are nobody's frames.
func hijack(w http.ResponseWriter) (net.Conn, *refusal) {
	conn, rw, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return nil, &refusal{http.StatusBadRequest, "no_upgrade"}
	}
	if rw.Reader.Buffered() > 0 {
		return nil, decline(conn, &refusal{http.StatusBadRequest, "early"})
	}
	return conn, nil
}

// decline answers a request whose connection is its server's no more, and hangs up.
func decline(conn net.Conn, no *refusal) *refusal {
	_ = conn.SetWriteDeadline(time.Now().Add(farewellTime))
	header := http.Header{"Connection": {"close"}, "Content-Length": {"0"}}
	no.describe(header)
	var b bytes.Buffer
	fmt.Fprintf(&b, "HTTP/1.1 %d %s\r\n", no.status, http.StatusText(no.status))
	_ = header.Write(&b) // of a buffer
	b.WriteString("\r\n")
	_, _ = conn.Write(b.Bytes())
	_ = conn.Close()
	return &refusal{answered, no.reason}
}

// accept answers the opening handshake. See RFC 6455 §4.2.2. writing is held.
func (s *socket) accept(up request, header answer, signal bool) error {
	const guid = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
	sum := sha1.Sum([]byte(up.Header.Get("Sec-WebSocket-Key") + guid)) //nolint:gosec // G401: as above
	b := []byte("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ")
	b = base64.StdEncoding.AppendEncode(b, sum[:])
	b = append(b, "\r\nSec-WebSocket-Protocol: "+up.subprotocol+"\r\n"...)
	for name, value := range header {
		b = append(b, name+": "+value+"\r\n"...)
	}
	b = append(b, "\r\n"...)
	if signal {
		b = append(b, frame(make([]byte, serverHeader+1), opBinary)...)
	}
	_ = s.conn.SetWriteDeadline(time.Now().Add(s.backlog))
	_, err := s.conn.Write(b)
	if err != nil {
		s.broken = true
	}
	return err
}
