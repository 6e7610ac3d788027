package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os/exec"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// half sends the head and half of the body of a request.
func half(t *testing.T, s *process) (conn net.Conn, rest string) {
	t.Helper()
	host := strings.TrimPrefix(s.origin, "http://")
	var d net.Dialer
	conn, err := d.DialContext(t.Context(), "tcp", host)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	// Expect makes the server say when the handler has begun to read the body.
	if _, err := fmt.Fprintf(conn, "POST /api/v1/authentication/begin HTTP/1.1\r\nHost: %s\r\nContent-Type: application/json\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n", host); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(io.LimitReader(conn, 25)).ReadString('\n')
	if err != nil || !strings.Contains(line, "100") {
		t.Fatalf("got %q, %v", line, err)
	}
	if _, err := io.WriteString(conn, "{"); err != nil {
		t.Fatal(err)
	}
	return conn, "}"
}

func TestStopLetsRequestsFinish(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	conn, rest := half(t, s)
	s.signal(t, syscall.SIGTERM)
	s.waitForLog(t, "msg=stopping")
	if _, err := io.WriteString(conn, rest); err != nil {
		t.Fatal(err)
	}
	response, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != http.StatusOK {
		t.Errorf("got %s, %v: %s", response.Status, err, body)
	}
	if err := response.Body.Close(); err != nil {
		t.Error(err)
	}
	if err := s.cmd.Wait(); err != nil {
		t.Errorf("%v; log:\n%s", err, s.logged(t))
	}
}

// TestClosingDoorSaysSo sends a request on a connection that was open before its
// door began to close: it is answered, and is the connection's last.
func TestClosingDoorSaysSo(t *testing.T) {
	t.Parallel()
	var lc net.ListenConfig
	l, err := lc.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	d := door{
		listeners: []net.Listener{l}, logger: slog.New(slog.DiscardHandler), farewell: time.Hour,
		handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "answer") }),
	}
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	ended := make(chan error, 1)
	go func() { ended <- d.run(ctx) }()
	client := &http.Client{Transport: &http.Transport{}}
	defer client.CloseIdleConnections()
	for _, last := range []bool{false, true} {
		if last {
			stop()
			for open := true; open; {
				var dialer net.Dialer
				conn, err := dialer.DialContext(t.Context(), "tcp", l.Addr().String())
				if open = err == nil; open {
					_ = conn.Close()
				}
			}
		}
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+l.Addr().String(), http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		response, err := client.Do(request)
		if err != nil {
			t.Fatalf("last %t: %v", last, err)
		}
		body, err := io.ReadAll(response.Body)
		if err := errors.Join(err, response.Body.Close()); err != nil || string(body) != "answer" || response.Close != last {
			t.Errorf("last %t: got %q, close %t, %v", last, body, response.Close, err)
		}
	}
	// Nobody is left, so nobody is waited for.
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

// lateListener is one whose Accept notices only the second Close, as on a
// machine with much else to do.
type lateListener struct {
	net.Listener
	closes  atomic.Int32
	noticed chan struct{}
}

func (l *lateListener) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if err != nil {
		<-l.noticed
	}
	return conn, err
}

func (l *lateListener) Close() error {
	if l.closes.Add(1) == 2 {
		close(l.noticed)
	}
	return l.Listener.Close()
}

func TestDoorClosesInGoodOrder(t *testing.T) {
	t.Parallel()
	var lc net.ListenConfig
	l, err := lc.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan struct{})
	d := door{
		listeners: []net.Listener{&lateListener{Listener: l, noticed: make(chan struct{})}}, logger: slog.New(slog.DiscardHandler),
		handler: http.HandlerFunc(func(http.ResponseWriter, *http.Request) { close(served) }),
	}
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	ended := make(chan error, 1)
	go func() { ended <- d.run(ctx) }()
	var dialer net.Dialer
	conn, err := dialer.DialContext(t.Context(), "tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(conn, "GET / HTTP/1.0\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	<-served
	stop()
	if err := errors.Join(<-ended, conn.Close()); err != nil {
		t.Error(err)
	}
}

func TestSecondSignalEndsAtOnce(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	half(t, s)
	s.signal(t, syscall.SIGTERM)
	s.waitForLog(t, "msg=stopping")
	ended := make(chan error, 1)
	go func() { ended <- s.cmd.Wait() }()
	for {
		select {
		case err := <-ended:
			exit, ok := errors.AsType[*exec.ExitError](err)
			if !ok || exit.ProcessState.Sys().(syscall.WaitStatus).Signal() != syscall.SIGTERM {
				t.Errorf("ended with %v, want the signal", err)
			}
			return
		case <-time.After(10 * time.Millisecond):
			_ = s.cmd.Process.Signal(syscall.SIGTERM) // it may just have ended
		}
	}
}
