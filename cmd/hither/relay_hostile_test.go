package main

import (
	"bufio"
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/hitherauth/hither/internal/cli"
	"github.com/hitherauth/hither/tunnel"
)

// TestHostileRelay is what strangers, and an operator in a hurry, may try.
func TestHostileRelay(t *testing.T) {
	t.Parallel()
	t.Run("HYB-31_not_without_TLS", func(t *testing.T) {
		t.Parallel()
		for name, args := range map[string][]string{
			"nothing":                {},
			"nothing_on_loopback":    {"--listen", "127.0.0.1:0"},
			"certificate_alone":      {"--tls-cert-file", "cert.pem"},
			"certificate_and_plain":  {"--tls-cert-file", "cert.pem", "--tls-key-file", "key.pem", "--plain"},
			"certificate_of_nothing": {"--tls-cert-file", "/nowhere", "--tls-key-file", "/nowhere", "--listen", "127.0.0.1:0"},
		} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				var out, log strings.Builder
				code := run(append([]string{"relay"}, args...), program{stdout: &out, stderr: &log})
				if code != cli.ExitUsage && code != cli.ExitRefused || out.String() != "" {
					t.Errorf("code %d, it says %q\n%s", code, out.String(), log.String())
				}
			})
		}
	})
	t.Run("HYB-31_plain_words_at_a_TLS_listener", func(t *testing.T) {
		t.Parallel()
		r, _ := startTLS(t)
		for name, head := range map[string]string{"ws": upgradeHead(r, "1.1"), "HTTP/1.0": upgradeHead(r, "1.0")} {
			conn := r.dial(t)
			if status := r.say(t, conn, head); status != http.StatusBadRequest {
				t.Errorf("%s: status %d, want 400", name, status)
			}
		}
		for name, config := range map[string]*tls.Config{
			"TLS 1.0": {MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS10},
			"TLS 1.1": {MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11},
		} {
			config.InsecureSkipVerify = true
			conn, err := (&tls.Dialer{Config: config}).DialContext(t.Context(), "tcp", r.address())
			if err == nil {
				_ = conn.Close()
				t.Errorf("%s was accepted", name)
			} else if !strings.Contains(err.Error(), "remote error: tls:") {
				t.Errorf("%s was not refused by the relay: %v", name, err)
			}
		}
	})
	t.Run("HYB-31_HTTP_1.0_behind_a_proxy", func(t *testing.T) {
		t.Parallel()
		r := startRelay(t, "--plain")
		if status := r.say(t, r.dial(t), upgradeHead(r, "1.0")); status != http.StatusBadRequest {
			t.Errorf("status %d, want 400", status)
		}
	})
	t.Run("HYB-25_networks_behind_a_proxy", func(t *testing.T) {
		t.Parallel()
		r := startRelay(t, "--plain", "--trusted-proxies", "127.0.0.0/8", "--waiting-per-network", "1")
		for i, row := range []struct {
			sent   string
			status int
		}{
			{"X-Forwarded-For: 192.0.2.1\r\n", 101},
			{"X-Forwarded-For: 192.0.2.77\r\n", 429}, // the same network
			{"X-Forwarded-For: 198.51.100.1\r\n", 101},
			{"X-Forwarded-For: 203.0.113.9, 192.0.2.5\r\n", 429}, // what a client says of itself is not believed
			{"X-Forwarded-For: 203.0.113.9\r\nX-Forwarded-For: 198.51.100.9\r\n", 429},
		} {
			head := strings.Replace(upgradeHead(r, "1.1"), "/cable/new/00", fmt.Sprintf("/cable/new/%02x", i), 1)
			head = strings.Replace(head, "Upgrade: ", row.sent+"Upgrade: ", 1)
			if status := r.say(t, r.dial(t), head); status != row.status {
				t.Errorf("%q: status %d, want %d", row.sent, status, row.status)
			}
		}
	})
	t.Run("HYB-25_nobody_is_believed_unasked", func(t *testing.T) {
		t.Parallel()
		r := startRelay(t, "--plain", "--waiting-per-network", "1")
		for i, status := range []int{101, 429} {
			head := strings.Replace(upgradeHead(r, "1.1"), "/cable/new/00", fmt.Sprintf("/cable/new/%02x", i), 1)
			head = strings.Replace(head, "Upgrade: ", fmt.Sprintf("X-Forwarded-For: 192.0.%d.1\r\nUpgrade: ", i), 1)
			if got := r.say(t, r.dial(t), head); got != status {
				t.Errorf("status %d, want %d", got, status)
			}
		}
	})
}

// upgradeHead opens a tunnel, in a version of HTTP.
func upgradeHead(r *runningRelay, version string) string {
	return "GET /cable/new/" + strings.Repeat("00", len(tunnel.ID{})) + " HTTP/" + version + "\r\nHost: " + r.address() +
		"\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==\r\n" +
		"Sec-WebSocket-Protocol: " + tunnel.Subprotocol + "\r\n\r\n"
}

// dial is a connection without TLS that lasts as long as the test.
func (r *runningRelay) dial(t *testing.T) net.Conn {
	t.Helper()
	var d net.Dialer
	conn, err := d.DialContext(t.Context(), "tcp", r.address())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return conn
}

// say sends the head of a request and gives the status of the answer.
func (r *runningRelay) say(t *testing.T, conn net.Conn, head string) int {
	t.Helper()
	if _, err := conn.Write([]byte(head)); err != nil {
		t.Fatal(err)
	}
	response, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := response.Body.Close(); err != nil {
		t.Error(err)
	}
	return response.StatusCode
}
