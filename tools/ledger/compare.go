package ledger

import (
	"context"
	"fmt"

	"golang.org/x/sync/errgroup"
)

const (
	// lookers is how many people are looked at at the same time.
	lookers = 16
	// sample is how many of those that have not changed are looked at too.
	sample = 3
)

// look is one comparison.
type look struct {
	accounts map[string]string // names to ids, before it
	whole    bool              // leaves nothing out
}

// settling finds out whether a change that is in doubt was made.
type settling func(context.Context, *look) (bool, error)

// Compare holds the books against a running server: all that has changed since
// the last comparison, and a sample of the rest. It settles what is in doubt.
// Nobody may Work meanwhile. What is wrong is in [Ledger.Findings]; the error is
// of a comparison that could not be made.
func (l *Ledger) Compare(ctx context.Context) error { return l.compare(ctx, false) }

// CompareAll is Compare for everything that was ever written down.
func (l *Ledger) CompareAll(ctx context.Context) error { return l.compare(ctx, true) }

func (l *Ledger) compare(ctx context.Context, whole bool) error {
	accounts, err := l.operator.Accounts(ctx)
	if err != nil {
		return fmt.Errorf("ledger: listing accounts: %w", err)
	}
	look := &look{accounts: accounts, whole: whole}
	g, running := errgroup.WithContext(ctx)
	g.SetLimit(lookers)
	for _, s := range l.slots {
		g.Go(func() error {
			s.mu.Lock()
			defer s.mu.Unlock()
			return l.checkSlot(running, s, look)
		})
	}
	for _, p := range l.someGone(whole) {
		g.Go(func() error { return l.checkGone(running, p, look) })
	}
	if err := g.Wait(); err != nil {
		return err
	}
	if err := l.checkInvitations(ctx, whole); err != nil {
		return err
	}
	return l.checkNames(ctx)
}

// someGone are the people whose accounts were removed who are to be looked at:
// those of now, and a sample of the others.
func (l *Ledger) someGone(whole bool) []*page {
	l.mu.Lock()
	defer l.mu.Unlock()
	var some []*page
	for _, p := range l.gone {
		if whole || p.changed || l.rng.IntN(len(l.gone)) < sample {
			some = append(some, p)
			p.changed = false
		}
	}
	return some
}

// bury takes the person of a slot whose account was removed to the others of
// whom nothing must be left.
func (l *Ledger) bury(s *slot) {
	l.mu.Lock()
	defer l.mu.Unlock()
	s.page.changed = true
	l.gone = append(l.gone, s.page)
	s.page = nil
}

// checkSlot settles what is in doubt about a person and looks at them.
func (l *Ledger) checkSlot(ctx context.Context, s *slot, look *look) error {
	p := s.page
	if p == nil {
		return nil
	}
	if p.doubt != nil {
		was, err := p.doubt.settle(ctx, look)
		if err != nil {
			return fmt.Errorf("ledger: %s, in doubt about %s: %w", p.name, p.doubt.what, err)
		}
		if was {
			l.unanswered.Add(1)
		}
		p.doubt, p.changed = nil, true
	}
	switch {
	case p.state == removed:
		if err := l.checkGone(ctx, p, look); err != nil {
			return err
		}
		l.bury(s)
	case p.state == absent:
		s.page = nil
	case p.changed || look.whole || l.intn(len(l.slots)) < sample:
		if err := l.checkPerson(ctx, p, look); err != nil {
			return fmt.Errorf("ledger: looking at %s: %w", p.name, err)
		}
		p.changed = false
	}
	return nil
}

// checkNames wants the accounts that are there to be those of the books.
func (l *Ledger) checkNames(ctx context.Context) error {
	accounts, err := l.operator.Accounts(ctx)
	if err != nil {
		return fmt.Errorf("ledger: listing accounts: %w", err)
	}
	for _, s := range l.slots {
		s.mu.Lock()
		if p := s.page; p != nil {
			if id, there := accounts[p.name]; !there {
				l.find(Lost, p, "the account is not there")
			} else if id != p.id {
				l.find(Integrity, p, "the account has another id than it was given")
			}
			delete(accounts, p.name)
		}
		s.mu.Unlock()
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, p := range l.gone {
		if _, there := accounts[p.name]; there {
			l.findings = append(l.findings, Finding{Kind: Resurrected, Person: p.name, What: "the account was removed and is there"})
			delete(accounts, p.name)
		}
	}
	for name := range accounts {
		l.findings = append(l.findings, Finding{Kind: Resurrected, Person: name, What: "an account that nobody asked for"})
	}
	return nil
}

// checkInvitations wants used invitations dead and the others alive.
func (l *Ledger) checkInvitations(ctx context.Context, whole bool) error {
	l.mu.Lock()
	var some []*invitation
	for _, inv := range l.invitations {
		if inv.changed || whole {
			some = append(some, inv)
		}
	}
	l.mu.Unlock()
	for _, inv := range some {
		if inv.taken && !inv.used {
			continue // somebody's, who is being settled
		}
		_, err := l.stranger.AnswerRegistration(ctx, asking(inv.token))
		switch {
		case fateOf(err) == unsent, fateOf(err) == unknown:
			return fmt.Errorf("ledger: asking for an invitation: %w", err)
		case err == nil && inv.used:
			l.find(Resurrected, nil, "an invitation that was used is alive")
		case err != nil && !inv.used:
			l.find(Lost, nil, "an invitation that was made is dead: %v", err)
		case err != nil && codeOf(err) != codeInvitation:
			l.find(Integrity, nil, "a used invitation is refused with %v", err)
		}
		inv.changed = false
	}
	return nil
}
