package relay_test

import (
	"net/http"
	"os"
	"runtime"
	"testing"
	"time"

	"github.com/hitherauth/hither/tunnel"
	"github.com/hitherauth/hither/tunnel/relay"
)

// TestNothingIsLeft has tunnels end in every way, and wants all files closed. It
// runs alone: those of other tests would be counted.
func TestNothingIsLeft(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("counts open files in /proc")
	}
	files := func() int {
		entries, err := os.ReadDir("/proc/self/fd")
		if err != nil {
			t.Fatal(err)
		}
		return len(entries)
	}
	t.Run("once", endings) // the runtime opens files of its own at first
	before := files()
	t.Run("again", endings)
	eventually(t, func() bool { return files() <= before })
}

// endings has tunnels end in every way.
func endings(t *testing.T) {
	h := newHouse(t, relay.Config{Limits: relay.Limits{
		Idle: 300 * time.Millisecond, Message: 100 * time.Millisecond, Wake: 10 * time.Millisecond,
	}})
	for _, end := range []func(*wire, *tunnel.Channel){
		func(_ *wire, client *tunnel.Channel) { client.Close() },
		func(phone *wire, _ *tunnel.Channel) { phone.Close() },
		func(phone *wire, _ *tunnel.Channel) { phone.say(frame(0x81, nil)) },
		func(phone *wire, _ *tunnel.Channel) { phone.say(frame(0x02, nil)) },
		func(*wire, *tunnel.Channel) {}, // too idle
	} {
		phone, client := h.wirePair(t)
		end(phone, client)
		eventually(t, func() bool { return h.metric(t, "hither_relay_tunnels", "") == 0 })
	}
	waits := h.listen(t, newSecret(t), nil)
	hasStatus(t, (<-h.contact(t, waits.ID())).err, http.StatusBadGateway)
}
