package bench

import (
	"context"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// Length says how long a round is: a number of pieces of work, or, when Count
// is 0, a time. What was begun within the time is finished.
type Length struct {
	Count int
	Time  time.Duration
}

// over says whether a round ends before piece i, which would begin after so
// long. A round that has a time has one piece at least, however late it begins.
func (l Length) over(i int64, after time.Duration) bool {
	if l.Count > 0 {
		return i >= int64(l.Count)
	}
	return l.Time <= 0 || i > 0 && after >= l.Time
}

// pace is who works, and how fast.
type pace struct {
	workers int
	// rate of an open loop, a second: piece i is due i/rate after the round
	// began, whether those before it are done or not, and its time counts from
	// then. A server that stalls therefore makes late whatever was due meanwhile,
	// as it would for people who do not wait for each other. 0: a closed loop, in
	// which each worker begins when it has finished, and a stall is one long time
	// for each worker.
	rate float64
}

// maxKinds bounds the kinds of failures that are told apart: the server chooses them.
const maxKinds = 100

// job prepares a piece of work, outside the time that is measured, and returns it.
type job func() (func(context.Context) error, error)

// series is what rounds of one kind of work have given.
type series struct {
	took     []time.Duration // of what succeeded; sorted by figures
	failures map[string]*Failure
	elapsed  time.Duration
	spent    time.Duration // by the server's process
}

// counters are read while a round runs.
type counters struct{ done, failed atomic.Int64 }

// round does one more round of work. When ctx ends nothing more is begun; what
// was begun is finished.
func (s *series) round(ctx context.Context, p pace, l Length, c *counters, work job) {
	start := time.Now()
	var next atomic.Int64
	parts := make([]series, p.workers)
	var wg sync.WaitGroup
	for w := range parts {
		wg.Go(func() {
			for {
				do, err := work()
				due, ok := p.begin(ctx, start, next.Add(1)-1, l)
				if !ok {
					return
				}
				if err == nil {
					// The work of somebody who was interrupted is not a failure of the server.
					err = do(context.WithoutCancel(ctx))
				}
				parts[w].record(time.Since(due), err, c)
			}
		})
	}
	wg.Wait()
	s.elapsed += time.Since(start)
	for i := range parts {
		s.add(&parts[i])
	}
}

// begin waits until piece i is due, and says since when its time counts, or
// that there is no such piece.
func (p pace) begin(ctx context.Context, start time.Time, i int64, l Length) (due time.Time, ok bool) {
	due = time.Now()
	if p.rate > 0 {
		due = start.Add(time.Duration(float64(i) / p.rate * float64(time.Second)))
	}
	if l.over(i, due.Sub(start)) {
		return due, false
	}
	if wait := time.Until(due); wait > 0 {
		timer := time.NewTimer(wait)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-ctx.Done():
		}
	}
	return due, ctx.Err() == nil
}

func (s *series) record(took time.Duration, err error, c *counters) {
	if err == nil {
		s.took = append(s.took, took)
		c.done.Add(1)
		return
	}
	s.fail(Failure{Kind: kind(err), Count: 1, Example: err.Error()})
	c.failed.Add(1)
}

func (s *series) fail(f Failure) {
	if s.failures == nil {
		s.failures = map[string]*Failure{}
	}
	if len(s.failures) >= maxKinds && s.failures[f.Kind] == nil {
		f.Kind = "something else"
	}
	if known := s.failures[f.Kind]; known != nil {
		known.Count += f.Count
		return
	}
	s.failures[f.Kind] = &f
}

// add adds what another series has recorded; the time that has passed is not its own.
func (s *series) add(o *series) {
	s.took = append(s.took, o.took...)
	for _, f := range o.failures {
		s.fail(*f)
	}
}

// Figures are what a series comes to. Times are in milliseconds.
type Figures struct {
	Count     int     `json:"count"` // that succeeded
	Seconds   float64 `json:"seconds"`
	PerSecond float64 `json:"per_second"`
	P50       float64 `json:"p50_ms"`
	P95       float64 `json:"p95_ms"`
	P99       float64 `json:"p99_ms"`
	Max       float64 `json:"max_ms"`
}

func (s *series) figures() Figures {
	slices.Sort(s.took)
	f := Figures{
		Count: len(s.took), Seconds: s.elapsed.Seconds(),
		P50: s.percentile(50), P95: s.percentile(95), P99: s.percentile(99), Max: s.percentile(100),
	}
	if f.Seconds > 0 {
		f.PerSecond = float64(f.Count) / f.Seconds
	}
	return f
}

// percentile is how many milliseconds p in a hundred took at most: the smallest
// time that was measured of which this is true. The times must be sorted; 0
// when there are none.
func (s *series) percentile(p int) float64 {
	n := len(s.took)
	if n == 0 {
		return 0
	}
	return milliseconds(s.took[max((n*p+99)/100, 1)-1])
}

// each is the server's CPU for one piece of work that succeeded, in milliseconds.
func (s *series) each() float64 {
	if len(s.took) == 0 {
		return 0
	}
	return milliseconds(s.spent) / float64(len(s.took))
}

// sortedFailures has the most frequent one first.
func (s *series) sortedFailures() []Failure {
	list := make([]Failure, 0, len(s.failures))
	for _, key := range slices.Sorted(maps.Keys(s.failures)) {
		list = append(list, *s.failures[key])
	}
	slices.SortStableFunc(list, func(a, b Failure) int { return b.Count - a.Count })
	return list
}

func milliseconds(d time.Duration) float64 { return d.Seconds() * 1000 }
