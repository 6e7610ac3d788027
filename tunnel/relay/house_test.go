package relay_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/hitherauth/hither/tunnel"
	"github.com/hitherauth/hither/tunnel/relay"
)

// house is a relay behind real TLS, and how to reach it.
type house struct {
	*relay.Relay
	tunnel.Service
	address string
	dialer  *tunnel.Dialer
}

// newHouse serves a relay until the test ends, and then wants nothing left of it.
func newHouse(t *testing.T, c relay.Config) *house {
	t.Helper()
	r := relay.New(c)
	s := httptest.NewUnstartedServer(r)
	s.Config = relay.NewServer(r, nil)
	s.StartTLS()
	roots := x509.NewCertPool()
	roots.AddCert(s.Certificate())
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
		defer cancel()
		if err := r.Shutdown(ctx); err != nil {
			t.Errorf("Shutdown: %v", err)
		}
		s.Close()
	})
	address := s.Listener.Addr().String()
	return &house{r, tunnel.Service{URL: "wss://" + address, RootCAs: roots}, address, tunnel.New(tunnel.Config{})}
}

// pair opens a tunnel and comes to it.
func (h *house) pair(t *testing.T, id tunnel.ID) (phone, client *tunnel.Channel) {
	t.Helper()
	phone, routing, err := h.dialer.Create(t.Context(), h.Service, id)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { phone.Close() })
	client, err = h.dialer.Connect(t.Context(), h.Service, routing, id)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { client.Close() })
	return phone, client
}

func within(t *testing.T, d time.Duration) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), d)
	t.Cleanup(cancel)
	return ctx
}

func send(t *testing.T, c *tunnel.Channel, message []byte) {
	t.Helper()
	if err := c.Send(within(t, 10*time.Second), message); err != nil {
		t.Fatal(err)
	}
}

func receive(t *testing.T, c *tunnel.Channel) []byte {
	t.Helper()
	message, err := c.Receive(within(t, 10*time.Second))
	if err != nil {
		t.Fatal(err)
	}
	return message
}

// ends wants a channel to end with a close code; 1000 is io.EOF.
func ends(t *testing.T, c *tunnel.Channel, code int) {
	t.Helper()
	message, err := c.Receive(within(t, 20*time.Second))
	var closed *tunnel.CloseError
	switch {
	case err == nil:
		t.Fatalf("received %d bytes, want the end", len(message))
	case code == 1000 && errors.Is(err, io.EOF):
	case code != 1000 && errors.As(err, &closed) && closed.Code == code:
	default:
		t.Fatalf("the channel ended with %v, want code %d", err, code)
	}
}

// shutdown ends the relay before the test does.
func (h *house) shutdown(t *testing.T) {
	t.Helper()
	if err := h.Shutdown(within(t, 20*time.Second)); err != nil {
		t.Fatal(err)
	}
}

// metric is the sum of the series of a metric that have this value of some label, or
// of all of them.
func (h *house) metric(t *testing.T, name, value string) (sum float64) {
	t.Helper()
	registry := prometheus.NewPedanticRegistry()
	registry.MustRegister(h.Collectors()...)
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, family := range families {
		for _, m := range family.GetMetric() {
			has := value == ""
			for _, label := range m.GetLabel() {
				has = has || label.GetValue() == value
			}
			if family.GetName() == name && has {
				sum += m.GetCounter().GetValue() + m.GetGauge().GetValue()
			}
		}
	}
	return sum
}

// metrics are all series, in words.
func (h *house) metrics(t *testing.T) string {
	t.Helper()
	registry := prometheus.NewPedanticRegistry()
	registry.MustRegister(h.Collectors()...)
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprint(families)
}

// eventually waits until something is so.
func eventually(t *testing.T, so func() bool) {
	t.Helper()
	ctx := within(t, 20*time.Second)
	for !so() {
		select {
		case <-ctx.Done():
			t.Fatal("it did not come about")
		case <-time.After(5 * time.Millisecond):
		}
	}
}

// upgrade are the headers of the opening handshake of a WebSocket.
func upgrade(t *testing.T, subprotocol string) http.Header {
	t.Helper()
	return http.Header{
		"Connection":             {"Upgrade"},
		"Upgrade":                {"websocket"},
		"Sec-Websocket-Version":  {"13"},
		"Sec-Websocket-Key":      {"dGhlIHNhbXBsZSBub25jZQ=="},
		"Sec-Websocket-Protocol": {subprotocol},
	}
}

// wire is a connection on which anything can be said.
type wire struct {
	net.Conn
	r *bufio.Reader
}

func (h *house) wire(t *testing.T) *wire {
	t.Helper()
	d := tls.Dialer{Config: &tls.Config{RootCAs: h.RootCAs, MinVersion: tls.VersionTLS12}}
	conn, err := d.DialContext(t.Context(), "tcp", h.address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	if err := conn.SetDeadline(time.Now().Add(30 * time.Second)); err != nil {
		t.Fatal(err)
	}
	return &wire{conn, bufio.NewReader(conn)}
}

// ask sends a request whose target is taken as it is.
func (w *wire) ask(t *testing.T, method, target string, header http.Header) (status int, answer http.Header) {
	t.Helper()
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s HTTP/1.1\r\n", method, target)
	if header.Get("Host") == "" {
		b.WriteString("Host: relay.example\r\n")
	}
	_ = header.Write(&b)
	b.WriteString("\r\n")
	if _, err := io.WriteString(w, b.String()); err != nil {
		t.Fatal(err)
	}
	response, err := http.ReadResponse(w.r, &http.Request{Method: method})
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	refused := response.StatusCode != http.StatusSwitchingProtocols && response.StatusCode != http.StatusRequestHeaderFieldsTooLarge
	if refused && response.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("%d may be cached", response.StatusCode)
	}
	if len(response.Cookies()) > 0 {
		t.Error("a cookie was set")
	}
	return response.StatusCode, response.Header
}

// status is how a request is answered.
func (h *house) status(t *testing.T, method, target string, header http.Header) int {
	t.Helper()
	w := h.wire(t)
	defer w.Close()
	status, _ := w.ask(t, method, target, header)
	return status
}

// open is a phone's end of a new tunnel, on the wire.
func (h *house) open(t *testing.T, id tunnel.ID) (*wire, tunnel.RoutingID) {
	t.Helper()
	w := h.wire(t)
	status, answer := w.ask(t, http.MethodGet, "/cable/new/"+id.Text(), upgrade(t, "fido.cable"))
	if status != http.StatusSwitchingProtocols {
		t.Fatalf("answered %d", status)
	}
	routing, err := tunnel.ParseRoutingID(answer.Get(tunnel.RoutingIDHeader))
	if err != nil {
		t.Fatal(err)
	}
	return w, routing
}

// wirePair is a tunnel whose phone is on the wire.
func (h *house) wirePair(t *testing.T) (phone *wire, client *tunnel.Channel) {
	t.Helper()
	phone, routing := h.open(t, tunnel.ID{})
	client, err := h.dialer.Connect(t.Context(), h.Service, routing, tunnel.ID{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { client.Close() })
	return phone, client
}

// frame is a masked frame. first is its first byte: 82 hex is a whole binary message.
func frame(first byte, payload []byte) []byte {
	b := []byte{first}
	switch n := len(payload); {
	case n < 126:
		b = append(b, 0x80|byte(n))
	case n < 1<<16:
		b = binary.BigEndian.AppendUint16(append(b, 0x80|126), uint16(n))
	default:
		b = binary.BigEndian.AppendUint64(append(b, 0x80|127), uint64(n))
	}
	mask := [4]byte{0xde, 0xad, 0xbe, 0xef}
	b = append(b, mask[:]...)
	for i, c := range payload {
		b = append(b, c^mask[i%4])
	}
	return b
}

// say writes without minding who listens.
func (w *wire) say(b []byte) { _, _ = w.Write(b) }

// hear reads a frame.
func (w *wire) hear(t *testing.T) (first byte, payload []byte) {
	t.Helper()
	var head [2]byte
	if _, err := io.ReadFull(w.r, head[:]); err != nil {
		t.Fatal(err)
	}
	n := uint64(head[1])
	var err error
	switch n {
	case 126:
		var long uint16
		err = binary.Read(w.r, binary.BigEndian, &long)
		n = uint64(long)
	case 127:
		err = binary.Read(w.r, binary.BigEndian, &n)
	}
	payload = make([]byte, n)
	if err == nil {
		_, err = io.ReadFull(w.r, payload)
	}
	if err != nil {
		t.Fatal(err)
	}
	return head[0], payload
}

// closed wants the connection to end with a close frame of this code, and then for good.
func (w *wire) closed(t *testing.T, code uint16) {
	t.Helper()
	first, payload := w.hear(t)
	if first != 0x88 || len(payload) != 2 || binary.BigEndian.Uint16(payload) != code {
		t.Fatalf("heard %x %x, want a close frame with code %d", first, payload, code)
	}
	w.say(frame(0x88, payload))
	if _, err := w.r.ReadByte(); err == nil {
		t.Error("something came after the close frame")
	}
}
