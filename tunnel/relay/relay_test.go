package relay_test

import (
	"bytes"
	"context"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http/httptest"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/hitherauth/hither/tunnel"
	"github.com/hitherauth/hither/tunnel/relay"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

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

func TestTunnel(t *testing.T) {
	t.Parallel()
	h := newHouse(t, relay.Config{Node: 0xa7})
	id := tunnel.ID{1, 2, 3}
	phone, routing, err := h.dialer.Create(t.Context(), h.Service, id)
	if err != nil {
		t.Fatal(err)
	}
	if routing[0] != 0xa7 {
		t.Errorf("the routing id begins with %x, want the node", routing[0])
	}
	send(t, phone, []byte("before anybody is there"))
	client, err := h.dialer.Connect(t.Context(), h.Service, routing, id)
	if err != nil {
		t.Fatal(err)
	}
	if got := receive(t, client); string(got) != "before anybody is there" {
		t.Errorf("received %q", got)
	}
	for _, size := range []int{0, 1, 125, 126, 127, 2037, 2038, 2039, 65535, 65536, 65537, 1 << 20} {
		message := bytes.Repeat([]byte{byte(size), 0x0d, 0x0a}, size/3+1)[:size]
		for _, ends := range [][2]*tunnel.Channel{{client, phone}, {phone, client}} {
			send(t, ends[0], message)
			if got := receive(t, ends[1]); !bytes.Equal(got, message) {
				t.Fatalf("a message of %d bytes arrived as another one of %d", size, len(got))
			}
		}
	}
	send(t, phone, []byte("last words"))
	phone.Close()
	if got := receive(t, client); string(got) != "last words" {
		t.Errorf("received %q", got)
	}
	ends(t, client, 1000)
	if err := client.Send(t.Context(), nil); err == nil {
		t.Error("could send after the end")
	}
	if _, err := phone.Receive(t.Context()); !errors.Is(err, net.ErrClosed) {
		t.Errorf("receiving after Close: %v, want net.ErrClosed", err)
	}
}

func TestLimits(t *testing.T) {
	t.Parallel()
	h := newHouse(t, relay.Config{})
	phone, client := h.pair(t, tunnel.ID{1})
	send(t, client, make([]byte, 64<<10))
	receive(t, phone)
	send(t, client, make([]byte, 64<<10+1)) // the phone has said nothing yet
	ends(t, client, 1009)
	ends(t, phone, 1001)
}
