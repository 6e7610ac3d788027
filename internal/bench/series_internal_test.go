package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"runtime"
	"slices"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/hitherauth/hither/internal/api"
)

func TestPercentile(t *testing.T) {
	t.Parallel()
	times := func(n int) *series {
		s := &series{}
		for i := n; i > 0; i-- { // in no order: figures sorts
			s.took = append(s.took, time.Duration(i)*time.Millisecond)
		}
		return s
	}
	for name, c := range map[string]struct {
		n                  int
		p50, p95, p99, max float64
	}{
		"nothing":  {},
		"one":      {1, 1, 1, 1, 1},
		"two":      {2, 1, 2, 2, 2},
		"hundred":  {100, 50, 95, 99, 100},
		"thousand": {1000, 500, 950, 990, 1000},
	} {
		f := times(c.n).figures()
		if got, want := []float64{f.P50, f.P95, f.P99, f.Max}, []float64{c.p50, c.p95, c.p99, c.max}; !cmp.Equal(got, want) {
			t.Errorf("%s: got %v, want %v", name, got, want)
		}
		if f.Count != c.n {
			t.Errorf("%s: counted %d, want %d", name, f.Count, c.n)
		}
	}
}

// oneRound runs one round in a bubble whose clock stands still while anybody works.
func oneRound(t *testing.T, p pace, l Length, work func(i int64) time.Duration) (s series) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		var next atomic.Int64
		var c counters
		s.round(t.Context(), p, l, &c, func() (func(context.Context) error, error) {
			return func(context.Context) error {
				time.Sleep(work(next.Add(1) - 1))
				return nil
			}, nil
		})
		if got := c.done.Load(); got != int64(len(s.took)) {
			t.Errorf("the counter says %d, %d were recorded", got, len(s.took))
		}
	})
	slices.Sort(s.took)
	return s
}

// stall is work that takes no time but once.
func stall(i int64) time.Duration {
	if i == 0 {
		return time.Second
	}
	return 0
}

func TestOpenLoopCountsFromTheIntendedStart(t *testing.T) {
	t.Parallel()
	// Ten a second by one worker: nine are due while the first one stalls, and are late.
	s := oneRound(t, pace{workers: 1, rate: 10}, Length{Count: 20}, stall)
	want := make([]time.Duration, 0, 20)
	for range 10 {
		want = append(want, 0)
	}
	for late := 100 * time.Millisecond; late <= time.Second; late += 100 * time.Millisecond {
		want = append(want, late)
	}
	if diff := cmp.Diff(want, s.took); diff != "" {
		t.Errorf("times (-want +got):\n%s", diff)
	}
	if s.elapsed != 1900*time.Millisecond {
		t.Errorf("took %s, want until the last one was due", s.elapsed)
	}
}

func TestOpenLoopForATime(t *testing.T) {
	t.Parallel()
	s := oneRound(t, pace{workers: 4, rate: 10}, Length{Time: 2 * time.Second}, func(int64) time.Duration { return 50 * time.Millisecond })
	if len(s.took) != 20 || s.took[19] != 50*time.Millisecond {
		t.Errorf("%d were done, the slowest in %s; want 20 in 50 ms each", len(s.took), s.took[len(s.took)-1])
	}
}

func TestClosedLoop(t *testing.T) {
	t.Parallel()
	s := oneRound(t, pace{workers: 3}, Length{Count: 10}, func(int64) time.Duration { return time.Second })
	if len(s.took) != 10 || s.took[9] != time.Second || s.elapsed != 4*time.Second {
		t.Errorf("%d were done in %s, the slowest in %s", len(s.took), s.elapsed, s.took[len(s.took)-1])
	}
	// What was begun within the time is finished.
	s = oneRound(t, pace{workers: 2}, Length{Time: 2500 * time.Millisecond}, func(int64) time.Duration { return time.Second })
	if len(s.took) != 6 || s.elapsed != 3*time.Second {
		t.Errorf("%d were done in %s, want 6 in 3 s", len(s.took), s.elapsed)
	}
	if s = oneRound(t, pace{workers: 2}, Length{}, stall); len(s.took) != 0 {
		t.Errorf("%d were done in no time", len(s.took))
	}
}

func TestInterrupted(t *testing.T) {
	t.Parallel()
	for _, p := range []pace{{workers: 2}, {workers: 2, rate: 1}} {
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), 1500*time.Millisecond)
			defer cancel()
			var s series
			s.round(ctx, p, Length{Time: time.Hour}, &counters{}, func() (func(context.Context) error, error) {
				return func(ctx context.Context) error { time.Sleep(time.Second); return ctx.Err() }, nil
			})
			if len(s.failures) != 0 || len(s.took) == 0 {
				t.Errorf("%+v: %d were done and %v failed: what was begun is finished", p, len(s.took), s.sortedFailures())
			}
		})
	}
}

func TestFailuresAreCounted(t *testing.T) {
	t.Parallel()
	var s series
	var next atomic.Int64
	pick := errors.New("nobody there")
	s.round(t.Context(), pace{workers: 1}, Length{Count: 6}, &counters{}, func() (func(context.Context) error, error) {
		n := next.Add(1)
		if n == 1 {
			return nil, pick
		}
		return func(context.Context) error {
			if n <= 3 {
				return step("finish", &api.RefusalError{Status: 503, Code: "unavailable", Detail: "later"})
			}
			return nil
		}, nil
	})
	want := []Failure{
		{Kind: "finish: 503 unavailable", Count: 2, Example: "finish: api: the server refused with 503 unavailable: later"},
		{Kind: "nobody there", Count: 1, Example: "nobody there"},
	}
	if diff := cmp.Diff(want, s.sortedFailures()); diff != "" {
		t.Errorf("failures (-want +got):\n%s", diff)
	}
	if len(s.took) != 3 {
		t.Errorf("%d times were recorded, want those of the 3 that succeeded", len(s.took))
	}
}

func TestKind(t *testing.T) {
	t.Parallel()
	sent := func(err error) error {
		return step("begin", fmt.Errorf("api: %w", &url.Error{Op: "Post", URL: "http://localhost:8080/x", Err: err}))
	}
	dial := func(err error) error {
		return sent(&net.OpError{Op: "dial", Net: "tcp", Addr: &net.TCPAddr{Port: 50123}, Err: err})
	}
	for want, err := range map[string]error{
		"begin: no answer in time":       sent(context.DeadlineExceeded),
		"begin: connection refused":      dial(os.NewSyscallError("connect", syscall.ECONNREFUSED)),
		"begin: connection broken":       sent(io.ErrUnexpectedEOF),
		"begin: dial: no such host":      dial(errors.New("no such host")),
		"429 rate_limited":               &api.RefusalError{Status: 429, Code: "rate_limited", Detail: "too many"},
		"502":                            &api.RefusalError{Status: 502},
		"load: authenticator: not there": errors.New("load: authenticator: not there"),
	} {
		if got := kind(err); got != want {
			t.Errorf("%v counts as %q, want %q", err, got, want)
		}
	}
}

func TestProcess(t *testing.T) {
	t.Parallel()
	p, err := Watch(os.Getpid())
	if runtime.GOOS != "linux" {
		if err == nil {
			t.Fatal("a process can be watched here: say so")
		}
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.CPU(); err != nil {
		t.Error(err)
	}
	if now, peak, err := p.Memory(); err != nil || now <= 0 || peak < now {
		t.Errorf("memory %d, peak %d, %v", now, peak, err)
	}
	if _, err := Watch(1 << 30); err == nil {
		t.Error("a process that does not exist is watched")
	}
}
