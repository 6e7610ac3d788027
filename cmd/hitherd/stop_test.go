package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os/exec"
	"strings"
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
