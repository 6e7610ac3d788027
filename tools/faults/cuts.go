package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"syscall"

	"golang.org/x/sync/errgroup"

	"github.com/hitherauth/hither/tools/faultfs"
)

// cutsOfALife is how many power cuts one data directory goes through.
const cutsOfALife = 20

// cutPower cuts the power n times under load, each at a random request, and
// wants to find what was acknowledged and nothing else.
func (r *rig) cutPower(ctx context.Context, n int, seed uint64) error {
	g, running := errgroup.WithContext(ctx)
	g.SetLimit(r.parallel)
	for done := 0; done < n; done += cutsOfALife {
		g.Go(func() error { return r.cutLife(running, min(cutsOfALife, n-done), seed+uint64(done)) })
	}
	return g.Wait()
}

func (r *rig) cutLife(ctx context.Context, n int, seed uint64) error {
	s, err := r.openSite(ctx, seed)
	if err != nil {
		return err
	}
	defer func() { r.keep(s.close()) }()
	for i := range n {
		err := s.cut(ctx)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		found := s.books.Findings()
		wrong := err != nil || len(found) > 0
		if wrong {
			err = errors.Join(err, s.keepCut())
		}
		r.reportCut(err, found, fmt.Sprintf("make faults ORDINALS=0 KILLS=0 CUTS=%d SEED=%d", i+1, seed))
		if wrong {
			return nil // it was reported; the next life is another
		}
	}
	return nil
}

// cut lets people work, takes the disk away at a request, forgets what was not
// durable, and looks at what is left.
func (s *site) cut(ctx context.Context) error {
	if !s.claimed {
		if err := s.verify(ctx); err != nil {
			return err
		}
	}
	gone := &faultfs.Fault{At: s.counted + 1 + s.random.IntN(400), Err: syscall.EIO, Lasting: true}
	if err := s.live(gone, left(s.random.IntN(2)), func(g *segment) error { return g.cut(ctx) }); err != nil {
		return err
	}
	s.cutImage = s.image
	return s.verify(ctx)
}

// keepCut keeps what the power cut has left, to be looked at. What it returns
// says where, or why not.
func (s *site) keepCut() error {
	folder, err := os.MkdirTemp("", "hither-cut-")
	if err != nil {
		return err
	}
	if err := s.cutImage.WriteTo(folder); err != nil {
		return err
	}
	return fmt.Errorf("what the cut has left is in %s", folder)
}
