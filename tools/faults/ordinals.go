package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/hitherauth/hither/tools/faultfs"
)

// stride is how far the faults of one data directory are apart: far enough for
// a server to heal, to be killed and to start again in between.
const stride = 200

// trial is one ordinal that fails with one kind of fault.
type trial struct {
	ordinal int
	kind    string
}

func (t trial) String() string { return fmt.Sprintf("%s at ordinal %d", t.kind, t.ordinal) }

// chains arranges trials so that each chain is the life of one data directory.
func chains(from, to, every int, kinds []string, all bool) [][]trial {
	var lists [][]trial
	for round := range len(kinds) {
		byStart := map[int][]trial{}
		var starts []int
		for n := from; n <= to; n++ {
			if n%every != 0 {
				continue
			}
			start := n % stride
			if byStart[start] == nil {
				starts = append(starts, start)
			}
			byStart[start] = append(byStart[start], trial{n, kinds[(n+round)%len(kinds)]})
		}
		for _, start := range starts {
			lists = append(lists, byStart[start])
		}
		if !all {
			break
		}
	}
	return lists
}

// repeat is how a chain is run again up to one of its trials.
func repeat(chain []trial, last int) string {
	words := make([]string, 0, last+1)
	for _, t := range chain[:last+1] {
		words = append(words, fmt.Sprintf("%d:%s", t.ordinal, t.kind))
	}
	return "make faults TRIALS=" + strings.Join(words, ",")
}

// tryOrdinals runs chains side by side.
func (r *rig) tryOrdinals(ctx context.Context, lists [][]trial) error {
	g, running := errgroup.WithContext(ctx)
	g.SetLimit(r.parallel)
	for _, chain := range lists {
		g.Go(func() error { return r.tryChain(running, chain) })
	}
	return g.Wait()
}

// tryChain makes each ordinal of a chain fail once, in the life of one data
// directory, and of another one after a failure. The error is of a machine on
// which it could not be tried.
func (r *rig) tryChain(ctx context.Context, chain []trial) error {
	for len(chain) > 0 {
		tried, err := r.tryLife(ctx, chain)
		if err != nil {
			return err
		}
		chain = chain[tried:]
	}
	return nil
}

// tryLife tries a chain up to its end or the first failure and says how far that was.
func (r *rig) tryLife(ctx context.Context, chain []trial) (tried int, err error) {
	s, err := r.openSite(ctx, uint64(chain[0].ordinal))
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, s.close()) }()
	for i, t := range chain {
		strike, err := s.try(ctx, t)
		if ctx.Err() != nil {
			return i, ctx.Err()
		}
		found := s.books.Findings()
		r.report(outcome{trial: t, strike: strike, failure: err, found: found, repeat: repeat(chain, i)})
		if err != nil || len(found) > 0 {
			return i + 1, nil
		}
	}
	return len(chain), nil
}

// try lets one ordinal fail, wants the server to heal, kills it and looks at what
// is left. The error says what did not heal.
func (s *site) try(ctx context.Context, t trial) (strike faultfs.Strike, err error) {
	fault := &faultfs.Fault{At: t.ordinal, Err: errnos()[t.kind], Lasting: t.kind == "erofs", Last: true}
	kind := left(t.ordinal / 3 % 3)
	for strike.Ordinal == 0 {
		if s.counted >= t.ordinal {
			return strike, fmt.Errorf("%s was passed: %d were counted", t, s.counted)
		}
		err := s.live(fault, kind, func(g *segment) (err error) {
			if strike, err = g.suffer(ctx, fault.Lasting); err != nil || strike.Ordinal == 0 {
				return err
			}
			if !s.claimed || !g.up {
				return nil
			}
			if err := s.books.Compare(ctx); err != nil {
				return fmt.Errorf("after %s, on the same server: %w", describe(strike), err)
			}
			return g.die(ctx)
		})
		if err != nil {
			return strike, err
		}
		if err := s.verify(ctx); err != nil {
			return strike, fmt.Errorf("after %s and a %s: %w", describe(strike), kind, err)
		}
	}
	return strike, nil
}
