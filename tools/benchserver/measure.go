package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"time"

	"github.com/hitherauth/hither/internal/bench"
	"github.com/hitherauth/hither/internal/store/sqlite"
	"github.com/hitherauth/hither/tools/internal/population"
)

// warmUp is the part of the time for which people sign in before it is measured.
const warmUp = 10

// starts is how often the start of a large installation is measured.
const starts = 7

// results are what was measured.
type results struct {
	Began   time.Time
	Took    time.Duration
	Machine machine
	Program program
	Workers []bench.Result // by fresh servers of the smallest size
	// Sizes were measured beside each other, with each of some numbers of workers.
	Sizes    []int
	Compared [][]bench.Result  // by number of workers, then by size
	Idle     int64             // bytes of memory of a server that did nothing
	Ready    time.Duration     // of the largest size, the median
	Fill     population.Filled // of the largest size
	SignIn   int64             // bytes on the disk for a sign-in while its session lives
	Swept    int64             // and when it has ended and was swept
}

func (r *results) failed() (n int) {
	for _, m := range r.all() {
		n += m.Failed()
	}
	return n
}

func (r *results) all() []bench.Result {
	return slices.Concat(append([][]bench.Result{r.Workers}, r.Compared...)...)
}

func (p *plan) measure(ctx context.Context, r *results) error {
	for _, workers := range p.workers {
		if err := p.measureWorkers(ctx, r, workers); err != nil {
			return fmt.Errorf("%d workers: %w", workers, err)
		}
	}
	directories := make([]directory, len(p.sizes))
	for i, size := range p.sizes {
		var err error
		if directories[i], err = p.fill(ctx, size); err != nil {
			return err
		}
	}
	largest := directories[len(directories)-1]
	r.Fill = largest.filled
	if err := p.measureStart(ctx, r, largest); err != nil {
		return fmt.Errorf("starting: %w", err)
	}
	r.Sizes = p.sizes
	for i, workers := range p.compared {
		if i > 0 { // a person has room for so many sessions, and those of the smallest size fill it soonest
			var err error
			if directories[0], err = p.fill(ctx, p.sizes[0]); err != nil {
				return err
			}
		}
		sizes, err := p.compare(ctx, directories, workers)
		if err != nil {
			return fmt.Errorf("sizes at %d workers: %w", workers, err)
		}
		r.Compared = append(r.Compared, sizes)
	}
	return nil
}

// directory is a data directory with people in it.
type directory struct {
	path   string
	size   int
	filled population.Filled
}

func (p *plan) fill(ctx context.Context, size int) (directory, error) {
	path, err := os.MkdirTemp(p.scratch, "data")
	if err != nil {
		return directory{}, err
	}
	began := time.Now()
	filled, err := population.Fill(ctx, path, people(), size, nil)
	if err != nil {
		return directory{}, err
	}
	p.say("%d people with passkeys, %d bytes each, made in %.1f s", size, filled.PersonBytes, time.Since(began).Seconds())
	return directory{path: path, size: size, filled: filled}, nil
}

// measureWorkers measures a fresh server with a fresh database.
func (p *plan) measureWorkers(ctx context.Context, r *results, workers int) (err error) {
	d, err := p.fill(ctx, p.sizes[0])
	if err != nil {
		return err
	}
	s, err := p.start(ctx, d)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.stop()) }()
	if err := p.measureIdle(ctx, r, s); err != nil {
		return err
	}
	m, connections, err := s.meter(workers)
	if err != nil {
		return err
	}
	defer connections.CloseIdleConnections()
	measured, err := p.takeTurns(ctx, []*bench.Meter{m})
	if err != nil {
		return err
	}
	r.Workers = append(r.Workers, measured[0])
	p.say("%d workers: %s", workers, line(measured[0]))
	done, _ := m.Live()
	if err := s.stop(); err != nil {
		return err
	}
	if workers == p.compared[0] {
		return p.measureBytes(ctx, r, d, done)
	}
	return nil
}

// measureIdle looks at the memory of a server that has done nothing; the largest
// of those that were seen counts.
func (p *plan) measureIdle(ctx context.Context, r *results, s *server) error {
	select {
	case <-time.After(p.idle):
	case <-ctx.Done():
		return ctx.Err()
	}
	now, _, err := s.process.Memory()
	r.Idle = max(r.Idle, now)
	return err
}

// measureBytes looks at a database after so many sign-ins, and again when all
// their sessions have expired.
func (p *plan) measureBytes(ctx context.Context, r *results, d directory, signIns int64) (err error) {
	if signIns == 0 {
		return errors.New("nobody has signed in")
	}
	database := population.Database(d.path)
	full, err := population.Used(ctx, database)
	if err != nil {
		return err
	}
	r.SignIn = (full - d.filled.Bytes) / signIns
	owned, err := sqlite.OwnDirectory(d.path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, owned.Close()) }()
	store, err := sqlite.Open(ctx, sqlite.Config{Directory: owned})
	if err != nil {
		return err
	}
	if err := errors.Join(store.Sweep(ctx, time.Now().AddDate(2, 0, 0)), store.Close()); err != nil {
		return err
	}
	swept, err := population.Used(ctx, database)
	if err != nil {
		return err
	}
	r.Swept = (swept - d.filled.Bytes) / signIns
	p.say("%d bytes for a sign-in, %d when it was swept", r.SignIn, r.Swept)
	return nil
}

// measureStart starts a large installation several times.
func (p *plan) measureStart(ctx context.Context, r *results, d directory) error {
	times := make([]time.Duration, 0, starts)
	for range starts {
		s, err := p.start(ctx, d)
		if err != nil {
			return err
		}
		times = append(times, s.ready)
		if err := s.stop(); err != nil {
			return err
		}
	}
	slices.Sort(times)
	r.Ready = times[len(times)/2]
	p.say("%d people: ready after %s", d.size, times)
	return nil
}

// compare measures several servers that run at the same time, in turns.
func (p *plan) compare(ctx context.Context, directories []directory, workers int) (_ []bench.Result, err error) {
	meters := make([]*bench.Meter, 0, len(directories))
	for _, d := range directories {
		s, err := p.start(ctx, d)
		if err != nil {
			return nil, err
		}
		defer func() { err = errors.Join(err, s.stop()) }()
		m, connections, err := s.meter(workers)
		if err != nil {
			return nil, err
		}
		defer connections.CloseIdleConnections()
		meters = append(meters, m)
	}
	measured, err := p.takeTurns(ctx, meters)
	for i, m := range measured {
		p.say("%d people, %d workers: %s", directories[i].size, workers, line(m))
	}
	return measured, err
}

// takeTurns lets meters take turns; each round begins with another one.
func (p *plan) takeTurns(ctx context.Context, meters []*bench.Meter) ([]bench.Result, error) {
	for _, m := range meters {
		m.WarmUp(ctx, bench.Length{Time: p.time / warmUp})
	}
	for i := range p.rounds {
		for j := range meters {
			if err := meters[(i+j)%len(meters)].Round(ctx, bench.Length{Time: p.time / time.Duration(p.rounds)}); err != nil {
				return nil, err
			}
		}
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	results := make([]bench.Result, len(meters))
	for i, m := range meters {
		var err error
		if results[i], err = m.Result(); err != nil {
			return nil, err
		}
	}
	return results, nil
}

func line(r bench.Result) string {
	return fmt.Sprintf("%.0f sign-ins/s, p99 %.1f ms, CPU %.3f ms, limit %.3f ms, peak %s MiB, %d failed",
		r.SignIns.PerSecond, r.SignIns.P99, r.Server.SignInCPU, r.Server.LimitCPU, mebibytes(r.Server.Peak), r.Failed())
}
