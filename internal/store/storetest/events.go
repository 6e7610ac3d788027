package storetest

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/hitherauth/hither/internal/account"
)

func events(s *scene) {
	p := s.newPerson() // known to the events alone
	want := []account.Event{
		{At: s.now, Type: account.EventAuthenticationFail, AccountID: p.id(), CredentialID: random(20), Actor: account.ActorPerson, Client: home(), Check: "origin", Detail: "wörds"},
		{At: s.now, Type: account.EventRegistrationFail, AccountID: p.id(), Actor: account.ActorStranger, Client: elsewhere(), Check: "signature"},
		{At: s.now.Add(-time.Hour), Type: account.EventAccountEnabled, AccountID: p.id(), Actor: account.ActorOperator},
	}
	for _, e := range want {
		s.apply("record", account.Refuse{Spend: s.spend(), Event: e})
	}
	got := s.eventsOf(p)
	s.same("number of events", len(got), len(want))
	for i, e := range want {
		s.same(fmt.Sprintf("event %d", i), got[i], stored(e))
	}
	s.apply("change without an event", account.Refuse{Spend: s.spend(), Event: account.Event{At: s.now, AccountID: p.id()}})
	s.same("number of events", len(s.eventsOf(p)), len(want))
}

func (s *scene) strangers(p person, at time.Time, t account.EventType, address string) account.Refuse {
	return account.Refuse{Spend: s.spend(), Event: account.Event{
		At: at, Type: t, AccountID: p.id(), Actor: account.ActorStranger, Client: client(address, ""), Check: "signature",
	}}
}

// counted sums up what was recorded about a person.
func (s *scene) counted(p person) (rows int, total int64) {
	list := s.eventsOf(p)
	for _, e := range list {
		total += e.Count
	}
	return len(list), total
}

func (s *scene) wantCounted(what string, p person, rows int, total int64) {
	gotRows, gotTotal := s.counted(p)
	if gotRows != rows || gotTotal != total {
		s.failf("%s: got %d rows that stand for %d events, want %d for %d", what, gotRows, gotTotal, rows, total)
	}
}

func eventsOfStrangers(s *scene) {
	const many = account.CountedAfter + 15
	minute := s.now.Truncate(time.Minute)
	p, q := s.newPerson(), s.newPerson()
	send := func(who person, at time.Time, t account.EventType, address string) {
		for i := range many {
			s.apply("stranger", s.strangers(who, at.Add(time.Duration(i)*time.Second), t, address))
		}
	}
	const rows = account.CountedAfter + 1
	send(p, minute, account.EventAuthenticationFail, "192.0.2.7")
	s.wantCounted("one address", p, rows, many)
	send(p, minute, account.EventAuthenticationFail, "192.0.2.200")
	s.wantCounted("same /24", p, rows, 2*many)
	send(p, minute, account.EventAuthenticationFail, "::ffff:192.0.2.3")
	s.wantCounted("same /24, mapped", p, rows, 3*many)
	send(p, minute, account.EventAuthenticationFail, "192.0.3.7")
	s.wantCounted("another /24", p, 2*rows, 4*many)
	send(p, minute.Add(time.Minute), account.EventAuthenticationFail, "192.0.2.7")
	s.wantCounted("another minute", p, 3*rows, 5*many)
	send(p, minute, account.EventRegistrationFail, "192.0.2.7")
	s.wantCounted("another type", p, 4*rows, 6*many)
	send(q, minute, account.EventAuthenticationFail, "192.0.2.7")
	s.wantCounted("another account", p, 4*rows, 6*many)
	s.wantCounted("that account", q, rows, many)
	send(q, minute, account.EventAuthenticationFail, "2001:db8:1:2ff::1")
	send(q, minute, account.EventAuthenticationFail, "2001:db8:1:200:1::2")
	s.wantCounted("same /56", q, 2*rows, 3*many)
	send(q, minute, account.EventAuthenticationFail, "2001:db8:1:3ff::1")
	s.wantCounted("another /56", q, 3*rows, 4*many)
	nobody := s.newPerson()
	for range many {
		c := s.strangers(nobody, minute, account.EventAuthenticationFail, "192.0.2.7")
		c.Event.Client = account.Client{}
		s.apply("stranger without an address", c)
		c.Spend, c.Event.AccountID = s.spend(), nil
		s.apply("stranger without an account", c)
	}
	s.wantCounted("no address", nobody, rows, many)
	for range many {
		c := s.strangers(q, minute, account.EventSessionEnded, "192.0.2.7")
		c.Event.Actor = account.ActorPerson
		s.apply("person", c)
	}
	s.wantCounted("no stranger", q, 3*rows+many, 5*many)
}

func eventsOfStrangersRace(s *scene) {
	p := s.newPerson()
	for _, err := range s.race(100, func(i int) account.Change {
		return s.strangers(p, s.now.Truncate(time.Minute), account.EventAuthenticationFail, fmt.Sprintf("198.51.100.%d", i))
	}) {
		s.ok("stranger", err)
	}
	s.wantCounted("100 at once", p, account.CountedAfter+1, 100)
}

func sweep(s *scene) {
	const (
		wave = 300
		many = 4 * wave // more than two batches
	)
	expired, alive := s.register(), s.register()
	cut := s.now.Add(10 * time.Minute)
	var spent []account.Spend
	for len(spent) < many {
		errs := s.race(wave, func(int) account.Change {
			sp := s.spend()
			sp.ExpiresAt = cut
			spent = append(spent, sp)
			return account.Refuse{Spend: sp}
		})
		for _, err := range errs {
			s.ok("refuse", err)
		}
	}
	in := s.signingIn(expired)
	in.Session.ExpiresAt = cut
	s.apply("sign in", in)
	old, young := s.newInvitation(), s.newInvitation()
	old.ExpiresAt, young.ExpiresAt = cut, cut.Add(time.Millisecond)
	s.invite(old)
	s.invite(young)
	kept := account.Refuse{Spend: s.spend()}
	kept.Spend.ExpiresAt = cut.Add(time.Millisecond)
	s.apply("refuse", kept)

	s.ok("sweep", s.store.Sweep(s.ctx, cut))
	s.noSession("session that has expired", in.Session.TokenHash)
	s.same("other session", s.findSession(expired.session.TokenHash), expired.session)
	s.isStored(alive)
	_, err := s.store.Invitation(s.ctx, old.TokenHash)
	s.refused("invitation that has expired", err, account.ErrNotFound)
	_, err = s.store.Invitation(s.ctx, young.TokenHash)
	s.ok("invitation that has not", err)
	s.refuses("ceremony that is kept", kept, account.ErrCeremonySpent)
	for _, sp := range []account.Spend{spent[0], spent[many/2], spent[many-1]} {
		s.refuses("ceremony that was swept", account.Refuse{Spend: sp}, account.ErrCeremonySpent)
	}
	never := s.spend()
	never.ExpiresAt = cut
	s.refuses("ceremony that would have been swept", account.Refuse{Spend: never}, account.ErrCeremonySpent)
	s.same("swept until", s.system().SweptUntil, cut)
	s.apply("other keys", account.PutKeys{})
	s.same("swept until, with some keys still there", s.system().SweptUntil, cut)
	s.apply("new keys", account.PutKeys{Anew: true})
	s.same("swept until, with new keys alone", s.system().SweptUntil, time.Time{})
	s.apply("that ceremony with new keys", account.Refuse{Spend: never})
	s.ok("sweep with nothing to do", s.store.Sweep(s.ctx, s.now.Add(-time.Hour)))
}

// cancelledAmongMany lets one caller of many give up at any moment. Nobody else
// must notice, and what it asked for is there as a whole or not at all.
func cancelledAmongMany(s *scene) {
	const callers = 24
	p := s.newPerson()
	p.credential.SignCount = 0
	s.apply("register", s.registering(p))
	for round := range 40 {
		changes := make([]account.SignIn, callers)
		for i := range changes {
			changes[i] = s.signingIn(p)
			changes[i].SignCount = 0
		}
		errs := make([]error, callers)
		ctx, cancel := context.WithCancel(s.ctx)
		var wg sync.WaitGroup
		for i, c := range changes {
			wg.Go(func() {
				if i == 0 {
					errs[i] = s.store.Apply(ctx, c)
				} else {
					errs[i] = s.store.Apply(s.ctx, c)
				}
			})
		}
		wg.Go(func() {
			for range int(random(1)[0]) * (round % 5) {
				_ = ctx.Err()
			}
			cancel()
		})
		wg.Wait()
		cancel()
		for i, c := range changes[1:] {
			s.ok(fmt.Sprintf("round %d, caller %d", round, i+1), errs[i+1])
			s.same("session", s.findSession(c.Session.TokenHash), c.Session)
		}
		if errs[0] != nil {
			s.refused("caller who gave up", errs[0], account.ErrUnavailable)
		}
		// A change of ours behind it in the queue: when it is made, the fate
		// of the one that was given up is settled.
		s.apply("settle", account.Refuse{Spend: s.spend()})
		s.wholeOrNothing(changes[0])
	}
}

func (s *scene) wholeOrNothing(c account.SignIn) {
	_, _, err := s.store.Session(s.ctx, c.Session.TokenHash)
	spent := s.store.Apply(s.ctx, account.Refuse{Spend: c.Spend})
	if err == nil {
		s.refused("ceremony of a session that is there", spent, account.ErrCeremonySpent)
	} else {
		s.refused("session of a change that was given up", err, account.ErrNotFound)
		s.ok("ceremony of a session that is not there", spent)
	}
}

func durability(s *scene) {
	p := s.register()
	in := s.signingIn(p)
	s.apply("sign in", in)
	inv := s.invite(s.newInvitation())
	before, cred, rows := s.system(), s.findCredential(p.credential.ID), s.eventsOf(p)
	s.closeStore()
	s.reopen()
	s.same("system", s.system(), before)
	s.same("credential", s.findCredential(p.credential.ID), cred)
	s.same("session", s.findSession(in.Session.TokenHash), in.Session)
	s.same("events", s.eventsOf(p), rows)
	got, err := s.store.Invitation(s.ctx, inv.TokenHash)
	s.ok("invitation", err)
	s.same("invitation", got, inv)
	s.refuses("ceremony that was spent before", in, account.ErrCeremonySpent)
}

func closed(s *scene) {
	p := s.register()
	store := s.store
	s.closeStore()
	s.refused("change", store.Apply(s.ctx, s.signingIn(p)), account.ErrUnavailable)
	_, _, err := store.Session(s.ctx, p.session.TokenHash)
	s.refused("read", err, account.ErrUnavailable)
	s.refused("sweep", store.Sweep(s.ctx, s.now), account.ErrUnavailable)
	s.reopen()
	s.isStored(p)
}
