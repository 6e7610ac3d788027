package main

import (
	"fmt"
	"net/http"
	"strings"
	"syscall"
	"testing"
)

// TestGuessesAreCountedOn guesses tokens of links before and after a crash. That
// load limits are off, which is warned about, changes nothing.
func TestGuessesAreCountedOn(t *testing.T) {
	t.Parallel()
	data := "HITHER_DATA_DIR=" + t.TempDir()
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: patience}
	guess := func(s *process, i int) int {
		body := strings.NewReader(fmt.Sprintf(`{"token":"%043d"}`, 10*i)) // the last character has two unused bits
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.origin+"/api/v1/registration/invitation", body)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", "application/json")
		answer, err := client.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		if err := answer.Body.Close(); err != nil {
			t.Error(err)
		}
		if answer.StatusCode == http.StatusTooManyRequests && answer.Header.Get("Retry-After") == "" {
			t.Error("429 without Retry-After")
		}
		return answer.StatusCode
	}
	s := startServer(t, data, "HITHER_RATE_LIMITS=off")
	s.waitForLog(t, "level=WARN msg=\"configuration warning\" detail=\"rate limits are off")
	for i := range 30 {
		if got := guess(s, i); got != http.StatusForbidden {
			t.Fatalf("guess %d: got %d", i, got)
		}
	}
	if got := guess(s, 30); got != http.StatusTooManyRequests {
		t.Errorf("one more: got %d", got)
	}
	s.signal(t, syscall.SIGKILL)
	_ = s.cmd.Wait() // killed
	s = startServer(t, data)
	if got := guess(s, 31); got != http.StatusTooManyRequests {
		t.Errorf("after a crash: got %d", got)
	}
	s.stop(t)
}
