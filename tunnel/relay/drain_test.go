package relay_test

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/hitherauth/hither/tunnel"
	"github.com/hitherauth/hither/tunnel/relay"
)

// TestDrain: tunnels that are open come to their end, also those whose second
// party is not there yet; nothing new begins.
func TestDrain(t *testing.T) {
	t.Parallel()
	h := newHouse(t, relay.Config{})
	waits := h.listen(t, newSecret(t), nil)
	id := tunnel.ID{1}
	phone, routing, err := h.dialer.Create(t.Context(), h.Service, id)
	if err != nil {
		t.Fatal(err)
	}
	defer phone.Close()
	drained := make(chan int, 1)
	go func() { drained <- h.Drain(t.Context()) }()

	if _, err := waits.Wait(within(t, 10*time.Second)); err == nil {
		t.Error("a phone that waits was not told")
	}
	_, _, err = h.dialer.Create(t.Context(), h.Service, tunnel.ID{2})
	hasStatus(t, err, http.StatusServiceUnavailable)
	client, err := h.dialer.Connect(t.Context(), h.Service, routing, id)
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	send(t, client, []byte("still"))
	if got := receive(t, phone); string(got) != "still" {
		t.Errorf("received %q", got)
	}
	select {
	case left := <-drained:
		t.Fatalf("drained with a tunnel open, %d left", left)
	default:
	}
	client.Close()
	select {
	case left := <-drained:
		if left != 0 {
			t.Errorf("%d tunnels are left", left)
		}
	case <-time.After(20 * time.Second):
		t.Fatal("the tunnel has ended, and the relay still waits for it")
	}
}

// TestDrainHasItsTime: a tunnel does not keep a relay alive.
func TestDrainHasItsTime(t *testing.T) {
	t.Parallel()
	h := newHouse(t, relay.Config{})
	phone, _ := h.pair(t, tunnel.ID{1})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for range 2 {
		if left := h.Drain(ctx); left != 1 {
			t.Errorf("%d tunnels are left, want 1", left)
		}
	}
	h.shutdown(t)
	ends(t, phone, 1001)
}
