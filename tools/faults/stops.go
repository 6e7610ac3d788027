package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/hitherauth/hither/tools/faultfs"
)

// tryStops makes the requests of a stop in good order fail once each, or each of
// so many: the stop may say that it could not, and must lose nothing.
func (r *rig) tryStops(ctx context.Context, every int) (err error) {
	s, err := r.openSite(ctx, 1)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.close()) }()
	kinds := []string{"eio", "enospc", "erofs"}
	for n := every; ; n += every {
		t := trial{n, kinds[n%len(kinds)]}
		strike, err := s.tryStop(ctx, t)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		found := s.books.Findings()
		if strike.Ordinal == 0 && err == nil && len(found) == 0 {
			return nil // it has no further one
		}
		r.reportStop(t, strike, err, found)
		if err != nil || len(found) > 0 {
			return nil // it was reported; what follows would only repeat it
		}
	}
}

// tryStop has people work, stops the server while a request of the stop fails,
// and looks at what is left. The strike is zero when there were fewer.
func (s *site) tryStop(ctx context.Context, t trial) (strike faultfs.Strike, err error) {
	if !s.claimed {
		if err := s.verify(ctx); err != nil {
			return strike, err
		}
	}
	kind := left(t.ordinal % 3)
	err = s.live(nil, kind, func(g *segment) error {
		if err := g.start(ctx); err != nil {
			return err
		}
		if err := g.busy(ctx, 10, func() {}); err != nil {
			return err
		}
		size := g.loggedSize()
		g.arm(&faultfs.Fault{At: g.disk.Count() + t.ordinal, Err: errnos()[t.kind], Lasting: t.kind == "erofs"})
		g.client.CloseIdleConnections() // a stop says goodbye to each
		took, err := g.server.Stop(patience)
		select {
		case strike = <-g.struck:
		default:
		}
		if err != nil && (said(g.logged(size)) == "" || took >= patience) {
			return fmt.Errorf("a stop ended after %s without a sentence: %w\n%s", took.Round(time.Millisecond), err, g.logged(size))
		}
		return nil
	})
	if err != nil {
		return strike, err
	}
	if err := s.verify(ctx); err != nil {
		return strike, fmt.Errorf("after a stop with %s, and a %s: %w", describe(strike), kind, err)
	}
	return strike, nil
}
