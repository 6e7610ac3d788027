//go:build linux

package deploy_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/rand"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/hitherauth/hither/tunnel"
)

// relayPair are two relays behind one proxy, and how to reach it.
type relayPair struct {
	tunnel.Service
	dialer *tunnel.Dialer
	proxy  string // host and port
	nodes  map[byte]*exec.Cmd
}

// TestRelaysBehindProxies runs each proxy in front of two relays. They are Debian's.
func TestRelaysBehindProxies(t *testing.T) {
	t.Parallel()
	for name, command := range map[string]func(*testing.T, relayPlace) *exec.Cmd{
		"nginx": relayNginx, "caddy": relayCaddy, "haproxy": relayHAProxy,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := startRelayPair(t, command)
			t.Run("tunnels", p.testTunnels)
			t.Run("wake_ups", p.testWakeUps)
			t.Run("limits", p.testLimits)
			t.Run("one_stops", p.testOneStops) // the last
		})
	}
}

// TestRelayUnit has systemd judge the unit of a relay.
func TestRelayUnit(t *testing.T) {
	t.Parallel()
	analyze := need(t, "systemd-analyze")
	program := buildHither(t)
	dir := t.TempDir()
	unit := filepath.Join(dir, "hither-relay@0.service")
	copyWith(t, "systemd/hither-relay@.service", unit, map[string]string{"/usr/local/bin/hither": program})
	for _, args := range [][]string{
		{"verify", unit},
		{"security", "--offline=true", fmt.Sprintf("--threshold=%d", exposure), unit},
	} {
		cmd := exec.CommandContext(t.Context(), analyze, args...)
		cmd.Env = append(os.Environ(), "SYSTEMD_UNIT_PATH="+dir+":", "SYSTEMD_PAGER=", "SYSTEMD_LOG_LEVEL=warning")
		out, err := cmd.CombinedOutput()
		if err != nil || args[0] == "verify" && strings.Contains(string(out), "hither-relay") {
			t.Errorf("%s: %v\n%s", cmd, err, out)
		}
	}
	// The flags are those that there are: it fails for want of --plain, and of nothing else.
	words := strings.Fields(commandOf(t, "systemd/hither-relay@.service", "ExecStart", map[string]string{
		"/usr/local/bin/hither": program, "%i": "0", "$RELAY_FLAGS": "",
	}))
	out, err := exec.CommandContext(t.Context(), words[0], words[1:]...).CombinedOutput()
	if err == nil || !strings.Contains(string(out), "a relay needs a certificate") {
		t.Errorf("%v: %v\n%s", words, err, out)
	}
}

// create opens a tunnel with a random id.
func (p *relayPair) create(t *testing.T) (*tunnel.Channel, tunnel.RoutingID, tunnel.ID, error) {
	t.Helper()
	var id tunnel.ID
	_, _ = rand.Read(id[:]) // never fails
	phone, routing, err := p.dialer.Create(t.Context(), p.Service, id)
	if err == nil {
		t.Cleanup(func() { phone.Close() })
	}
	return phone, routing, id, err
}

// carries comes to a tunnel and wants a message to come through.
func (p *relayPair) carries(t *testing.T, phone *tunnel.Channel, routing tunnel.RoutingID, id tunnel.ID) *tunnel.Channel {
	t.Helper()
	client, err := p.dialer.Connect(t.Context(), p.Service, routing, id)
	if err != nil {
		t.Fatalf("routing id %s: %v", routing.Text(), err)
	}
	t.Cleanup(func() { client.Close() })
	passes(t, client, phone)
	return client
}

func passes(t *testing.T, from, to *tunnel.Channel) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	message := bytes.Repeat([]byte("hither"), 10_000)
	if err := from.Send(ctx, message); err != nil {
		t.Fatal(err)
	}
	if got, err := to.Receive(ctx); err != nil || !bytes.Equal(got, message) {
		t.Fatalf("received %d bytes, %v", len(got), err)
	}
}

// testTunnels: wherever the phone came to, the other end comes there too.
func (p *relayPair) testTunnels(t *testing.T) {
	seen := map[byte]int{}
	for range 8 {
		phone, routing, id, err := p.create(t)
		if err != nil {
			t.Fatal(err)
		}
		seen[routing[0]]++
		p.carries(t, phone, routing, id).Close()
	}
	if seen[0] == 0 || seen[4] == 0 || len(seen) != 2 {
		t.Errorf("tunnels by relay: %v", seen)
	}
}

// testWakeUps: a phone that waits is found, and so is its place when it comes back.
func (p *relayPair) testWakeUps(t *testing.T) {
	seen := map[byte]int{}
	for i := range 8 {
		secret := newContactSecret(t)
		first, err := p.dialer.Listen(t.Context(), p.Service, secret, nil)
		if err != nil {
			t.Fatal(err)
		}
		known := first.ID()
		seen[known[0]]++
		first.Close()
		phone, err := p.dialer.Listen(t.Context(), p.Service, secret, known)
		if err != nil {
			t.Fatalf("coming back to relay %d: %v", known[0], err)
		}
		t.Cleanup(func() { phone.Close() })
		if i < 2 {
			p.wakes(t, phone)
		}
	}
	if seen[0] == 0 || seen[4] == 0 || len(seen) != 2 {
		t.Errorf("phones by relay: %v", seen)
	}
}

func newContactSecret(t *testing.T) tunnel.ContactSecret {
	t.Helper()
	secret, err := tunnel.NewContactSecret(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return secret
}

// wakes has a phone woken and wants a message to come through.
func (p *relayPair) wakes(t *testing.T, phone *tunnel.Contact) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	payload := append([]byte("\xa3\x01\x48linklink\x02\x50noncenoncenonce!\x03\x62"), "ga"...)
	type contacted struct {
		client *tunnel.Channel
		err    error
	}
	came := make(chan contacted, 1)
	go func() {
		client, err := p.dialer.Contact(ctx, p.Service, phone.ID(), payload)
		came <- contacted{client, err}
	}()
	wake, err := phone.Wait(ctx)
	if err != nil {
		t.Fatal(err)
	}
	channel, err := p.dialer.Connect(ctx, p.Service, wake.RoutingID, wake.ID)
	if err != nil {
		t.Fatal(err)
	}
	defer channel.Close()
	c := <-came
	if c.err != nil {
		t.Fatal(c.err)
	}
	defer c.client.Close()
	passes(t, c.client, channel)
}

// testLimits: a network is the client's, whatever it says of itself, and one that
// has had enough takes nothing from another. No header of a relay is lost or made up.
func (p *relayPair) testLimits(t *testing.T) {
	count := func(client string, n int) (served int) {
		for i := range n {
			status, header := p.upgrade(t, client, fmt.Sprintf("198.51.%d.1", i))
			switch status {
			case http.StatusSwitchingProtocols:
				served++
				if routing := header.Values(tunnel.RoutingIDHeader); len(routing) != 1 {
					t.Errorf("got %d routing ids: %v", len(routing), header)
				}
			case http.StatusTooManyRequests:
			default:
				t.Fatalf("status %d", status)
			}
		}
		return served
	}
	if got := count(client1, 50); got != 40 { // 20 at each relay
		t.Errorf("%d tunnels of one network, want 40", got)
	}
	if got := count(client2, 2); got != 2 {
		t.Errorf("%d tunnels of another network, want 2", got)
	}
}

// upgrade opens a tunnel from an address, which says that it is another, and keeps
// it until the end of the test.
func (p *relayPair) upgrade(t *testing.T, from, says string) (int, http.Header) {
	t.Helper()
	d := &tls.Dialer{
		NetDialer: &net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(from)}},
		Config:    &tls.Config{RootCAs: p.RootCAs, NextProtos: []string{"http/1.1"}},
	}
	conn, err := d.DialContext(t.Context(), "tcp", p.proxy)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	var id tunnel.ID
	_, _ = rand.Read(id[:]) // never fails
	_, err = io.WriteString(conn, "GET /cable/new/"+id.Text()+" HTTP/1.1\r\nHost: "+p.proxy+"\r\nX-Forwarded-For: "+says+
		"\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==\r\n"+
		"Sec-WebSocket-Protocol: "+tunnel.Subprotocol+"\r\n\r\n")
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := response.Body.Close(); err != nil { // the connection stays open
		t.Error(err)
	}
	return response.StatusCode, response.Header
}

// testOneStops: a relay that is told to stop keeps what is open, and nobody who
// comes is sent to it for long.
func (p *relayPair) testOneStops(t *testing.T) {
	var phone *tunnel.Channel
	var routing tunnel.RoutingID
	var id tunnel.ID
	for routing[0] != 4 { // in turns
		var err error
		if phone, routing, id, err = p.create(t); err != nil {
			t.Fatal(err)
		}
	}
	if err := p.nodes[4].Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	inARow := 0
	for deadline := time.Now().Add(patience); inARow < 6; <-time.After(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("people are sent to a relay that stops")
		}
		short, other, _, err := p.create(t)
		inARow++
		if err != nil || other[0] != 0 {
			inARow = 0
		}
		if err == nil {
			short.Close() // a network has only so many
		}
	}
	client := p.carries(t, phone, routing, id)
	client.Close()
	phone.Close()
}
