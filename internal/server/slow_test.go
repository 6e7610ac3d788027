package server_test

import (
	"errors"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"time"
)

// TestHostileSlowClients opens many connections that send a byte now and then
// and never an end. The server ends them all, and serves others meanwhile.
func TestHostileSlowClients(t *testing.T) {
	t.Parallel()
	const connections = 200
	h := openHouse(t)
	host := strings.TrimPrefix(h.origin, "http://")
	for name, row := range map[string]struct {
		begin string
		drip  string
		// within bounds the wait for the server's patience to end: a limit of the test, not a measurement.
		within time.Duration
	}{
		"slow_headers": {"GET / HTTP/1.1\r\nHost: " + host + "\r\nX-Slow: ", "x", 10 * time.Second},
		"slow_body": {
			"POST " + pathAuthBegin + " HTTP/1.1\r\nHost: " + host + "\r\nContent-Type: application/json\r\nContent-Length: 60000\r\n\r\n{",
			" ", 30 * time.Second,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			other := h.browser()
			other.signUp(name)
			var all sync.WaitGroup
			for range connections {
				conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", h.address)
				if err != nil {
					t.Fatal(err)
				}
				t.Cleanup(func() { _ = conn.Close() })
				if err := conn.SetDeadline(time.Now().Add(row.within)); err != nil {
					t.Fatal(err)
				}
				go drip(conn, row.begin, row.drip)
				all.Go(func() {
					// An answer may come first; then the end, or a reset for the bytes that nobody read.
					if _, err := io.Copy(io.Discard, conn); timedOut(err) {
						t.Errorf("still open after %v", row.within)
					}
				})
			}
			other.signIn()
			all.Wait()
		})
	}
}

// drip sends a request piece by piece until the other end is gone.
func drip(conn net.Conn, begin, piece string) {
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	for _, err := io.WriteString(conn, begin); err == nil; _, err = io.WriteString(conn, piece) {
		<-tick.C
	}
}

func timedOut(err error) bool {
	timeout, ok := errors.AsType[net.Error](err)
	return ok && timeout.Timeout()
}
