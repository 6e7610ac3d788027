package relay_test

import (
	"bytes"
	"errors"
	"net"
	"testing"

	"go.uber.org/goleak"

	"github.com/hitherauth/hither/tunnel"
	"github.com/hitherauth/hither/tunnel/relay"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

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
