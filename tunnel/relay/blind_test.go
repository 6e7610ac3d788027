package relay_test

import (
	"bytes"
	"context"
	"encoding/hex"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hitherauth/hither/tunnel"
	"github.com/hitherauth/hither/tunnel/relay"
)

// TestHostileBlind sends random messages both ways through many tunnels at once:
// each arrives where it belongs, whole and in order. `make bench-relay` does it with
// a million.
func TestHostileBlind(t *testing.T) {
	t.Parallel()
	t.Run("HYB-27/random_messages", func(t *testing.T) {
		t.Parallel()
		const tunnels, messages = 50, 200
		h := newHouse(t, relay.Config{Limits: relay.Limits{WaitingPerPrefix: tunnels, Bytes: 1 << 30}})
		var wg sync.WaitGroup
		for i := range tunnels {
			phone, client := h.pair(t, tunnel.ID{byte(i)})
			for way, ends := range [][2]*tunnel.Channel{{phone, client}, {client, phone}} {
				seed := uint64(2*i + way)
				wg.Go(func() {
					r := rand.New(rand.NewPCG(seed, 1))
					for range messages {
						if err := ends[0].Send(t.Context(), random(r)); err != nil {
							t.Error(err)
							return
						}
					}
				})
				wg.Go(func() {
					r := rand.New(rand.NewPCG(seed, 1))
					for j := range messages {
						got, err := ends[1].Receive(within(t, 60*time.Second))
						if want := random(r); err != nil || !bytes.Equal(got, want) {
							t.Errorf("message %d of tunnel %d: %d bytes for %d, and %v", j, i, len(got), len(want), err)
							return
						}
					}
				})
			}
		}
		wg.Wait()
		if got := h.metric(t, "hither_relay_messages_total", ""); got != 2*tunnels*messages {
			t.Errorf("counted %v messages, want %d", got, 2*tunnels*messages)
		}
	})
	t.Run("HYB-27/text_is_refused", func(t *testing.T) {
		t.Parallel()
		phone, client := newHouse(t, relay.Config{}).wirePair(t)
		phone.say(frame(0x81, []byte("text")))
		phone.closed(t, 1003)
		ends(t, client, 1001)
	})
}

// random is a message of mostly small, now and then large length.
func random(r *rand.Rand) []byte {
	b := make([]byte, r.IntN(1<<(1+r.IntN(13))))
	for i := range b {
		b[i] = byte(r.Uint32())
	}
	return b
}

// TestNodes has two relays behind one name, which share nothing: a proxy sends what
// names a node there, and the rest anywhere.
func TestNodes(t *testing.T) {
	t.Parallel()
	var turn int
	var mu sync.Mutex
	nodes := map[byte]*httputil.ReverseProxy{}
	for _, node := range []byte{3, 200} {
		r := relay.New(relay.Config{Node: node})
		s := httptest.NewServer(r)
		t.Cleanup(func() {
			if err := r.Shutdown(context.Background()); err != nil {
				t.Error(err)
			}
			s.Close()
		})
		u, err := url.Parse(s.URL)
		if err != nil {
			t.Fatal(err)
		}
		nodes[node] = &httputil.ReverseProxy{Rewrite: func(p *httputil.ProxyRequest) { p.SetURL(u); p.Out.Host = p.In.Host }}
	}
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		node := nodeOf(r.URL.Path)
		if nodes[node] == nil { // any
			mu.Lock()
			turn++
			node = []byte{3, 200}[turn%2]
			mu.Unlock()
		}
		nodes[node].ServeHTTP(w, r)
	}))
	t.Cleanup(front.Close)
	h := &house{Service: tunnel.Service{URL: "ws://" + front.Listener.Addr().String()}, dialer: tunnel.New(tunnel.Config{})}
	seen := map[byte]bool{}
	for i := range 6 {
		phone, routing, err := h.dialer.Create(t.Context(), h.Service, tunnel.ID{byte(i)})
		if err != nil {
			t.Fatal(err)
		}
		seen[routing[0]] = true
		client, err := h.dialer.Connect(t.Context(), h.Service, routing, tunnel.ID{byte(i)})
		if err != nil {
			t.Fatal(err)
		}
		send(t, client, []byte("hello"))
		receive(t, phone)
		client.Close()
		phone.Close()
	}
	for range 4 {
		waits := h.listen(t, newSecret(t), nil)
		seen[waits.ID()[0]] = true
		asked := h.contact(t, waits.ID())
		wake, err := waits.Wait(within(t, 10*time.Second))
		if err != nil {
			t.Fatal(err)
		}
		phone, err := h.dialer.Connect(t.Context(), h.Service, wake.RoutingID, wake.ID)
		if err != nil {
			t.Fatal(err)
		}
		client := <-asked
		if client.err != nil {
			t.Fatal(client.err)
		}
		client.Close()
		phone.Close()
		waits.Close()
	}
	if !seen[3] || !seen[200] || len(seen) != 2 {
		t.Errorf("the nodes were %v", seen)
	}
}

// nodeOf is the node that a path names, or 0.
func nodeOf(path string) byte {
	segments := strings.Split(path, "/")
	if len(segments) < 4 {
		return 0
	}
	if id, err := tunnel.ParseRoutingID(segments[3]); segments[2] == "connect" && err == nil {
		return id[0]
	}
	if id, err := tunnel.ParseContactID(segments[3]); (segments[2] == "contact" || segments[2] == "listen") && err == nil {
		return id[0]
	}
	return 0
}

// TestSaysNothing runs everything with the log wide open, and looks for identifiers
// in what was logged and counted.
func TestSaysNothing(t *testing.T) {
	t.Parallel()
	var log lines
	h := newHouse(t, relay.Config{Logger: slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))})
	id := tunnel.ID{0xc0, 0xff, 0xee}
	phone, routing, err := h.dialer.Create(t.Context(), h.Service, id)
	if err != nil {
		t.Fatal(err)
	}
	client, err := h.dialer.Connect(t.Context(), h.Service, routing, id)
	if err != nil {
		t.Fatal(err)
	}
	send(t, client, []byte("confidential"))
	receive(t, phone)
	secret := newSecret(t)
	waits := h.listen(t, secret, nil)
	asked := h.contact(t, waits.ID())
	wake, err := waits.Wait(within(t, 10*time.Second))
	if err != nil {
		t.Fatal(err)
	}
	if err := waits.Refuse(t.Context(), wake); err != nil {
		t.Fatal(err)
	}
	hasStatus(t, (<-asked).err, http.StatusGone)
	client.Close()
	ends(t, phone, 1000)
	_, err = h.dialer.Connect(t.Context(), h.Service, routing, id)
	hasStatus(t, err, http.StatusNotFound)
	h.shutdown(t)
	text := strings.ToLower(log.String() + h.metrics(t))
	if !strings.Contains(text, "tunnel ended") || !strings.Contains(text, "no_tunnel") {
		t.Errorf("nothing was said at all: %s", text)
	}
	for _, unsaid := range []string{
		"c0ffee", "confidential", "127.0.0.1", "/cable", id.Text(), wake.ID.Text(), waits.ID().Text(), secret.Bearer(),
		waits.ID().Text()[2:20], hex.EncodeToString(waits.ID()[:8]),
	} {
		if strings.Contains(text, strings.ToLower(unsaid)) {
			t.Errorf("%s is said in %s", unsaid, text)
		}
	}
}

// lines are what was logged.
type lines struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lines) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(b)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func TestShutdown(t *testing.T) {
	t.Parallel()
	h := newHouse(t, relay.Config{})
	phone, client := h.pair(t, tunnel.ID{1})
	alone, _, err := h.dialer.Create(t.Context(), h.Service, tunnel.ID{2})
	if err != nil {
		t.Fatal(err)
	}
	waits := h.listen(t, newSecret(t), nil)
	h.shutdown(t)
	for _, c := range []*tunnel.Channel{phone, client, alone} {
		ends(t, c, 1001)
	}
	if _, err := waits.Wait(within(t, 10*time.Second)); err == nil {
		t.Error("a phone waits still")
	}
	_, _, err = h.dialer.Create(t.Context(), h.Service, tunnel.ID{3})
	hasStatus(t, err, http.StatusServiceUnavailable)
	_, err = h.dialer.Listen(t.Context(), h.Service, newSecret(t), nil)
	hasStatus(t, err, http.StatusServiceUnavailable)
	h.shutdown(t) // once more
}
