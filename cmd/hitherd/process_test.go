package main

import (
	"bufio"
	"cmp"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// process is a running hitherd.
type process struct {
	cmd    *exec.Cmd
	origin string
	log    *os.File
}

// hitherdProgram is the program to test: HITHER_TEST_BIN, or this one.
func hitherdProgram() string { return cmp.Or(os.Getenv("HITHER_TEST_BIN"), "hitherd") }

// startServer starts hitherd in a new data directory, with more environment, and
// waits for its address.
func startServer(t testing.TB, environ ...string) *process {
	t.Helper()
	log, err := os.Create(filepath.Join(t.TempDir(), "log"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = log.Close() })
	p := &process{cmd: exec.CommandContext(t.Context(), hitherdProgram(), "serve"), log: log}
	p.cmd.Stderr = log
	p.cmd.Env = append(os.Environ(), "HITHER_LISTEN=127.0.0.1:0", "HITHER_DATA_DIR="+t.TempDir())
	p.cmd.Env = append(p.cmd.Env, environ...)
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	origin, ok := strings.CutPrefix(strings.TrimSpace(line), "listening ")
	if err != nil || !ok {
		t.Fatalf("first line %q, %v; log:\n%s", line, err, p.logged(t))
	}
	p.origin = origin
	return p
}

func (p *process) logged(t testing.TB) []byte {
	t.Helper()
	b, err := os.ReadFile(p.log.Name())
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// waitForLog waits until the log holds a text.
func (p *process) waitForLog(t testing.TB, text string) {
	t.Helper()
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); <-time.After(10 * time.Millisecond) {
		if strings.Contains(string(p.logged(t)), text) {
			return
		}
	}
	t.Fatalf("the log holds no %q:\n%s", text, p.logged(t))
}

// signal sends a signal to the process.
func (p *process) signal(t testing.TB, s syscall.Signal) {
	t.Helper()
	if err := p.cmd.Process.Signal(s); err != nil {
		t.Fatal(err)
	}
}

// stop ends the process in good order.
func (p *process) stop(t testing.TB) {
	t.Helper()
	p.signal(t, syscall.SIGTERM)
	if err := p.cmd.Wait(); err != nil {
		t.Errorf("after SIGTERM: %v; log:\n%s", err, p.logged(t))
	}
}
