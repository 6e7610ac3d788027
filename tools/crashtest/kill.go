package main

import (
	"context"
	"math"
	"time"

	"github.com/hitherauth/hither/tools/daemon"
)

// Moments at which a server is killed: so long after the work has begun, or, for
// some, so long after the process was started. Both are log-uniform, so that
// short times are as common as long ones.
const (
	soonest, latest           = 30 * time.Millisecond, 1500 * time.Millisecond
	soonestStart, latestStart = time.Millisecond, 100 * time.Millisecond
	// everyStart: one in so many cycles has a start that is killed too.
	everyStart = 4
)

// kills kills a server under work, starts it again and compares, time and again.
func (r *rig) kills(ctx context.Context) error {
	if err := r.begin(ctx); err != nil {
		return err
	}
	var worked, compared time.Duration
	starts, cycles := 0, 0
	var err error
	for err == nil && cycles < r.number {
		cycles++
		worked += r.workAndKill(ctx, r.moment(soonest, latest))
		if r.rng.IntN(everyStart) == 0 {
			starts++
			if err = r.killStart(ctx, r.moment(soonestStart, latestStart)); err != nil {
				break
			}
		}
		if err = r.start(ctx); err == nil {
			began := time.Now()
			err = r.compare(ctx, cycles == r.number)
			compared += time.Since(began)
		}
		r.progress("cycle", cycles)
	}
	counts := r.books.Counts()
	r.say("worked %.0f s, compared %.0f s; %s changes in doubt, of which %s were made; %d starts killed too",
		worked.Seconds(), compared.Seconds(), number(counts.InDoubt), number(counts.Unanswered), starts)
	return r.result(err, "cycles %d, operations %s (%s), %s, slowest restart %.2f s",
		cycles, number(counts.Acknowledged), rate(counts.Acknowledged, worked), r.sums(), r.slowest.Seconds())
}

// moment is a random duration.
func (r *rig) moment(least, most time.Duration) time.Duration {
	low, high := math.Log(least.Seconds()), math.Log(most.Seconds())
	return time.Duration(math.Exp(low+r.rng.Float64()*(high-low)) * float64(time.Second))
}

// workAndKill has people work, kills the server after a time, and says how long
// they have worked.
func (r *rig) workAndKill(ctx context.Context, after time.Duration) time.Duration {
	working, rest := context.WithCancel(ctx)
	defer rest()
	done := make(chan struct{})
	began := time.Now()
	go func() {
		r.books.Work(working, r.workers)
		close(done)
	}()
	wait(ctx, after)
	r.server.Kill()
	worked := time.Since(began)
	rest()
	<-done
	return worked
}

// killStart starts the server and kills it after a time that may be too short
// for it to come up.
func (r *rig) killStart(ctx context.Context, after time.Duration) error {
	p, err := daemon.Start(r.config)
	if err != nil {
		return err
	}
	wait(ctx, after)
	p.Kill()
	return nil
}

func wait(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}
