package main

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"
)

// TestInterrupted ends a measurement that would take an hour, as Ctrl-C does.
func TestInterrupted(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var requests atomic.Int64
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if requests.Add(1) == 50 {
			cancel()
		}
		w.WriteHeader(http.StatusServiceUnavailable)
	}))
	defer s.Close()
	r, err := program{stdout: io.Discard, stderr: io.Discard}.measure(ctx, s.URL, benchFlags{
		workers: []int{2, 4}, duration: time.Hour, rounds: 1, timeout: time.Minute, seeded: 3, seed: "x",
	})
	if err != nil {
		t.Fatal(err)
	}
	if !r.Interrupted || len(r.Runs) != 1 || r.failed() != int(requests.Load()) || r.Runs[0].Failures[0].Kind != "begin: 503" {
		t.Errorf("after %d requests: %+v", requests.Load(), r)
	}
}
