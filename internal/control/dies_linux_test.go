package control_test

import (
	"bytes"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// TestScreenDies kills the screen under a phone that looks at it: who asked learns why.
func TestScreenDies(t *testing.T) {
	t.Parallel()
	h := start(t)
	h.ask(t, http.MethodPost, "/v1/phones", "")
	scan := make(chan answer)
	go func() { scan <- h.send(t, http.MethodPost, "/v1/phones/phone-1/scans", "", nil) }()
	eventually(t, func() bool { return h.api.Busy() == 1 })
	names, _ := filepath.Glob("/proc/[0-9]*/cmdline") // the pattern is right
	for _, name := range names {
		line, _ := os.ReadFile(name) // it may have ended
		if bytes.HasPrefix(line, []byte("Xvfb")) && bytes.Contains(line, []byte(h.bed.Dir())) {
			pid, _ := strconv.Atoi(strings.Split(name, "/")[2])
			_ = syscall.Kill(pid, syscall.SIGKILL)
		}
	}
	got := <-scan
	got.is(t, http.StatusServiceUnavailable, "closing")
	if !bytes.Contains(got.body, []byte("Xvfb ended")) {
		t.Errorf("it says %s", got.body)
	}
	<-h.bed.Ended()
}
