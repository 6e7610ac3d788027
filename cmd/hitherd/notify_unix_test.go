//go:build unix

package main

import (
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// TestServiceManager is one that waits for hitherd to be ready.
func TestServiceManager(t *testing.T) {
	t.Parallel()
	dir, err := os.MkdirTemp("", "manager") //nolint:usetesting // the address of a socket must be short
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	path := filepath.Join(dir, "notify")
	l, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	s := startServer(t, "NOTIFY_SOCKET="+path)
	for _, want := range []string{"READY=1", "STOPPING=1"} {
		if err := l.SetReadDeadline(time.Now().Add(patience)); err != nil {
			t.Fatal(err)
		}
		b := make([]byte, 100)
		n, err := l.Read(b)
		if err != nil || string(b[:n]) != want {
			t.Fatalf("got %q, %v, want %q", b[:n], err, want)
		}
		if want == "READY=1" {
			if err := newClient(t, s.origin, 1).Get(t.Context(), "/readyz"); err != nil {
				t.Errorf("told to be ready: %v", err)
			}
			s.stop(t)
		}
	}
}

// A manager that is gone, or does not listen, keeps nobody from signing in, and
// the server from stopping.
func TestHostileServiceManager(t *testing.T) {
	t.Parallel()
	dir, err := os.MkdirTemp("", "manager") //nolint:usetesting // as above
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	full := filepath.Join(dir, "full")
	l, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: full, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	conn, err := net.DialUnix("unixgram", nil, &net.UnixAddr{Name: full, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	for err == nil { // until there is no more room
		if err := conn.SetWriteDeadline(time.Now().Add(100 * time.Millisecond)); err != nil {
			t.Fatal(err)
		}
		_, err = conn.Write([]byte("a word"))
	}
	for name, path := range map[string]string{"gone": filepath.Join(dir, "gone"), "abstract": "@hither-nobody", "full": full} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := startServer(t, "NOTIFY_SOCKET="+path)
			s.waitForLog(t, "service manager not told")
			if err := newClient(t, s.origin, 1).Get(t.Context(), "/readyz"); err != nil {
				t.Error(err)
			}
			s.stop(t)
		})
	}
}
