package main

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/hitherauth/hither/internal/load"
)

// TestLoad registers people and signs them in over HTTP against a real process,
// at several numbers of workers, and wants no failure. It prints what it
// measured and asserts nothing about time. HITHER_TEST_LOAD=1 makes it 1,000
// registrations and 10,000 sign-ins; HITHER_TEST_BIN names the hitherd to load,
// else it is this test's own.
func TestLoad(t *testing.T) {
	t.Parallel()
	registrations, signIns := 50, 300
	if os.Getenv("HITHER_TEST_LOAD") != "" {
		registrations, signIns = 1_000, 10_000
	}
	s := startServer(t, "HITHER_SIGNUP=open", "HITHER_RATE_LIMITS=off")
	people := make([]*load.Person, registrations)
	client := newClient(t, s.origin, 64)
	s.measure(t, "registrations", registrations, 8, func(ctx context.Context, i int) error {
		people[i] = load.NewPerson(client)
		_, err := people[i].Register(ctx, load.Registration{Name: fmt.Sprintf("person-%d", i)})
		return err
	})
	for i, workers := range []int{8, 64} {
		s.measure(t, "sign-ins", signIns/2, workers, func(ctx context.Context, n int) error {
			_, err := people[(n+i)%len(people)].SignIn(ctx)
			return err
		})
	}
	s.stop(t)
}

// measure does n pieces of work with a number of workers and prints rate,
// failures and what the server spent.
func (p *process) measure(t *testing.T, what string, n, workers int, work func(context.Context, int) error) {
	t.Helper()
	var next, failures atomic.Int64
	spent, start := p.cpu(t), time.Now()
	g, ctx := errgroup.WithContext(t.Context())
	for range workers {
		g.Go(func() error {
			for i := next.Add(1) - 1; i < int64(n); i = next.Add(1) - 1 {
				if err := work(ctx, int(i)); err != nil {
					if failures.Add(1) <= 3 {
						t.Errorf("%s %d: %v", what, i, err)
					}
				}
			}
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		t.Error(err)
	}
	elapsed, spent := time.Since(start), p.cpu(t)-spent
	t.Logf("%d %s, %d workers: %.0f/s, %d failures, server CPU %.2f ms each, memory %s, peak %s",
		n, what, workers, float64(n)/elapsed.Seconds(), failures.Load(),
		spent.Seconds()*1000/float64(n), p.status(t, "VmRSS"), p.status(t, "VmHWM"))
	if f := failures.Load(); f != 0 {
		t.Fatalf("%d of %d %s failed; log:\n%s", f, n, what, p.logged(t))
	}
}

// cpu is what the process has spent, where the system tells.
func (p *process) cpu(t testing.TB) time.Duration {
	t.Helper()
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p.cmd.Process.Pid))
	if err != nil {
		return 0
	}
	_, rest, _ := strings.Cut(string(stat), ") ")
	fields := strings.Fields(rest)
	var ticks int64
	for _, i := range []int{11, 12} { // utime and stime, hundredths of a second
		n, err := strconv.ParseInt(fields[i], 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		ticks += n
	}
	return time.Duration(ticks) * 10 * time.Millisecond
}

// status is a line of what the system says about the process.
func (p *process) status(t testing.TB, key string) string {
	t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
	if err != nil {
		return "unknown"
	}
	for line := range strings.Lines(string(status)) {
		if value, ok := strings.CutPrefix(line, key+":"); ok {
			return strings.TrimSpace(value)
		}
	}
	return "unknown"
}

// newClient keeps connections for n workers.
func newClient(t testing.TB, origin string, n int) *load.Client {
	t.Helper()
	transport := &http.Transport{MaxIdleConnsPerHost: n, MaxConnsPerHost: n}
	t.Cleanup(transport.CloseIdleConnections)
	return load.NewClient(&http.Client{Transport: transport}, origin)
}
