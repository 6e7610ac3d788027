package main

import (
	"context"
	"fmt"
	"time"
)

// longestStop is how long a server may take to end after SIGTERM: what is under
// way is to finish within it.
const longestStop = 10 * time.Second

// errorsAllowed is how many requests in a hundred may go without an answer over
// restarts. Requests that find nobody listening are counted apart: one node that
// is down does not listen, and whoever asks knows that nothing has happened.
const errorsAllowed = 1

// restarts stops a server in good order under work and starts it again, time
// and again, while people go on.
func (r *rig) restarts(ctx context.Context) error {
	if err := r.begin(ctx); err != nil {
		return err
	}
	var worked, slowestStop time.Duration
	done := 0
	var err error
	for err == nil && done < r.number {
		done++
		began := time.Now()
		var stopped time.Duration
		stopped, err = r.restartUnderWork(ctx)
		slowestStop = max(slowestStop, stopped)
		worked += time.Since(began)
		if err == nil {
			err = r.compare(ctx, done == r.number)
		}
		r.progress("restart", done)
	}
	c := r.books.Counts()
	failed := c.InDoubt + c.Broken
	percent := 100 * float64(failed) / float64(max(1, c.Acknowledged+c.Refused+failed))
	if err == nil && c.Unanswered > 0 {
		// What a server has begun when it is told to stop, it finishes and answers.
		err = fmt.Errorf("%d changes were made and not answered", c.Unanswered)
	}
	if err == nil && percent >= errorsAllowed {
		err = fmt.Errorf("%.2f %% of requests were not answered, at most %d %% may", percent, errorsAllowed)
	}
	return r.result(err, "restarts %d, operations %s (%s), %s, errors %.2f %% (%s), nobody listened %s times, slowest stop %.2f s, slowest restart %.2f s",
		done, number(c.Acknowledged), rate(c.Acknowledged, worked), r.sums(), percent, number(failed), number(c.Unsent), slowestStop.Seconds(), r.slowest.Seconds())
}

// restartUnderWork says how long the server has taken to end.
func (r *rig) restartUnderWork(ctx context.Context) (time.Duration, error) {
	working, rest := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		r.books.Work(working, r.workers)
		close(done)
	}()
	defer func() {
		rest()
		<-done
	}()
	const least, most = 50 * time.Millisecond, 500 * time.Millisecond
	wait(ctx, r.moment(least, most))
	stopped, err := r.server.Stop(longestStop)
	if err != nil {
		return stopped, err
	}
	if err := r.start(ctx); err != nil {
		return stopped, err
	}
	wait(ctx, r.moment(least, most))
	return stopped, nil
}
