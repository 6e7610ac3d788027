package storetest

import (
	"cmp"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/hitherauth/hither/internal/account"
	"github.com/hitherauth/hither/internal/audit"
)

// sealing is what a sealer of the suite knows.
type sealing struct {
	*scene
	holder audit.Holder
	newest audit.Checkpoint
}

func (s *scene) newSealing() *sealing {
	return &sealing{scene: s, holder: audit.Holder(random(16)), newest: s.newestCheckpoint()}
}

func (s *scene) newestCheckpoint() audit.Checkpoint {
	p, err := s.store.Newest(s.ctx)
	s.ok("newest checkpoint", err)
	return p
}

func (s *scene) settled(after int64, now time.Time) audit.Settled {
	all := audit.Settled{}
	for {
		page, err := s.store.Settled(s.ctx, after, 100, now)
		s.ok("settled rows", err)
		all.Rows, all.Over = append(all.Rows, page.Rows...), page.Over
		if len(page.Rows) < 100 {
			return all
		}
		after = page.Rows[len(page.Rows)-1].No
	}
}

// step is one that adds n rows, or none.
func (s *sealing) step(now time.Time, n int64) audit.Seal {
	step := audit.Seal{Holder: s.holder, Now: now, Until: now.Add(5 * time.Second), From: s.newest.Size}
	if n > 0 {
		step.Checkpoint = &audit.Checkpoint{
			Size: s.newest.Size + n, Last: s.newest.Last + n, At: now, Edge: random(32), Note: "wörds\n\n— x y\n",
		}
	}
	return step
}

func (s *sealing) seal(what string, step audit.Seal) {
	s.ok(what, s.store.Seal(s.ctx, step))
	if step.Checkpoint != nil {
		s.newest = *step.Checkpoint
	}
	s.same(what+": newest checkpoint", s.newestCheckpoint(), s.newest)
}

// settleAll settles what other checks have left counting.
func (s *scene) settleAll(now time.Time) {
	a := s.newSealing()
	for s.settled(0, now).Over {
		a.seal("settle", a.step(now, 0))
	}
	s.ok("release", s.store.Release(s.ctx, a.holder))
}

// auditRows wants rows to come as they were recorded, numbered without gaps.
func auditRows(s *scene) {
	s.settleAll(s.now.Add(5 * time.Minute))
	p := s.newPerson()
	full := account.Event{
		At: s.now, Type: account.EventSignedIn, AccountID: p.id(), CredentialID: p.credential.ID,
		Actor: account.ActorPerson, Client: home(), Check: "origin", Detail: "wörds",
	}
	s.apply("full", account.Refuse{Spend: s.spend(), Event: full})
	s.apply("of few facts", account.Refuse{Spend: s.spend(), Event: account.Event{At: s.now, Type: account.EventAccountEnabled, Actor: account.ActorOperator}})
	rows := s.settled(0, s.now.Add(5*time.Minute)).Rows
	for i, r := range rows {
		s.same("number", r.No, int64(i+1))
	}
	hash, at := account.CredentialHash(p.credential.ID), s.now.UnixMilli()
	s.same("rows", rows[len(rows)-2:], []audit.Row{{
		No: int64(len(rows) - 1), At: at, Type: "session.opened", Account: p.account.ID[:], Credential: hash[:], Actor: "person",
		Address: []byte{192, 0, 2, 7}, Browser: "Firefox on Linux", Failed: "origin", Detail: "wörds", Count: 1,
	}, {
		No: int64(len(rows)), At: at, Type: "account.enabled", Actor: "operator", Count: 1,
	}})
	page, err := s.store.Settled(s.ctx, int64(len(rows)-2), 1, s.now)
	s.ok("one row", err)
	s.same("one row", page.Rows, rows[len(rows)-2:len(rows)-1])
}

func auditSeal(s *scene) {
	a, b := s.newSealing(), s.newSealing()
	s.same("newest checkpoint of a new log", a.newest, audit.Checkpoint{})
	s.ok("release what nobody has", s.store.Release(s.ctx, a.holder))
	a.seal("first", a.step(s.now, 3))
	a.seal("second", a.step(s.now.Add(time.Second), 2))
	a.seal("without a checkpoint", a.step(s.now.Add(time.Second), 0))

	at := func(d time.Duration) time.Time { return s.now.Add(d) }
	s.refused("from elsewhere", s.store.Seal(s.ctx, b.step(at(time.Minute), 3)), audit.ErrOvertaken)
	b.newest = a.newest
	s.refused("while another has the lease", s.store.Seal(s.ctx, b.step(at(5*time.Second), 3)), audit.ErrLeased)
	s.refused("the same without a checkpoint", s.store.Seal(s.ctx, b.step(at(5*time.Second), 0)), audit.ErrLeased)
	s.same("newest checkpoint after refusals", s.newestCheckpoint(), a.newest)
	b.seal("when the lease is over", b.step(at(6*time.Second), 3))

	stale := a.step(at(7*time.Second), 1)
	s.refused("stale holder", s.store.Seal(s.ctx, stale), audit.ErrOvertaken)
	a.newest = b.newest
	s.refused("stale holder that has read again", s.store.Seal(s.ctx, a.step(at(7*time.Second), 1)), audit.ErrLeased)
	s.ok("release by another", s.store.Release(s.ctx, a.holder))
	s.refused("after a release by another", s.store.Seal(s.ctx, a.step(at(7*time.Second), 1)), audit.ErrLeased)
	s.ok("release", s.store.Release(s.ctx, b.holder))
	a.seal("after the release", a.step(at(7*time.Second), 1))
	b.newest = a.newest
	b.seal("lease of a clock that was wrong", b.step(at(-time.Hour), 1))

	s.closeStore()
	s.reopen()
	s.same("newest checkpoint after reopening", s.newestCheckpoint(), b.newest)
	s.ok("release", s.store.Release(s.ctx, b.holder))
	a.newest = b.newest
	a.seal("after reopening", a.step(s.now, 1))
	b.newest = a.newest
	s.refused("while another has the lease again", s.store.Seal(s.ctx, b.step(s.now, 1)), audit.ErrLeased)
	s.ok("release", s.store.Release(s.ctx, a.holder))
}

func auditSealRace(s *scene) {
	for range 5 {
		racers := make([]*sealing, 20)
		for i := range racers {
			racers[i] = s.newSealing()
		}
		errs := make([]error, len(racers))
		var wg sync.WaitGroup
		for i, r := range racers {
			step := r.step(s.now.Add(time.Hour), 1)
			step.Checkpoint.Note = string(rune('a' + i))
			wg.Go(func() { errs[i] = s.store.Seal(s.ctx, step) })
		}
		wg.Wait()
		winner := s.oneWins(errs, audit.ErrLeased, audit.ErrOvertaken)
		s.same("note of the winner", s.newestCheckpoint().Note, string(rune('a'+winner)))
		s.ok("release", s.store.Release(s.ctx, racers[winner].holder))
	}
}

// auditNewest reads the newest checkpoint while others are sealed, as a sealer does
// whose last step was cancelled and is being made all the same.
func auditNewest(s *scene) {
	a := s.newSealing()
	done := make(chan error, 1)
	go func() {
		var err error
		for range 300 {
			step := a.step(s.now, 1)
			if err = s.store.Seal(s.ctx, step); err != nil {
				break
			}
			a.newest = *step.Checkpoint
		}
		done <- err
	}()
	var read error
	for sealing := true; sealing; {
		select {
		case err := <-done:
			s.ok("seal", err)
			sealing = false
		default:
			_, err := s.store.Newest(s.ctx)
			read = cmp.Or(read, err)
		}
	}
	s.ok("newest checkpoint", read)
	s.same("newest checkpoint", s.newestCheckpoint(), a.newest)
	s.ok("release", s.store.Release(s.ctx, a.holder))
}

// auditCounting wants no row that can still change to be called settled, and no
// settled row to change.
func auditCounting(s *scene) {
	const many = account.CountedAfter + 5
	// A minute that nothing else in the suite uses.
	minute := s.now.Truncate(time.Minute).Add(10 * time.Minute)
	s.settleAll(minute.Add(-3 * time.Minute))
	before := s.settled(0, minute)
	p := s.newPerson()
	send := func(n int) {
		for range n {
			s.apply("stranger", s.strangers(p, minute, account.EventAuthenticationFail, "203.0.113.7"))
		}
	}
	send(many)
	s.apply("behind it", account.Refuse{Spend: s.spend(), Event: s.event(account.EventSignedIn, p)})
	for _, now := range []time.Time{minute, minute.Add(59 * time.Second), minute.Add(-time.Second)} {
		got := s.settled(0, now)
		s.same("settled rows while the minute lasts", len(got.Rows), len(before.Rows)+account.CountedAfter)
		s.same("over while the minute lasts", got.Over, false)
	}
	for _, now := range []time.Time{minute.Add(time.Minute), minute.Add(-2 * time.Minute)} {
		s.same("over when the minute is", s.settled(0, now).Over, true)
	}
	a := s.newSealing()
	a.seal("while the minute lasts", a.step(minute, 0))
	s.same("settled rows", len(s.settled(0, minute).Rows), len(before.Rows)+account.CountedAfter)
	a.seal("when it is over", a.step(minute.Add(time.Minute), 0))
	got := s.settled(0, minute.Add(time.Minute))
	s.same("settled rows", len(got.Rows), len(before.Rows)+account.CountedAfter+2)
	s.same("over", got.Over, false)
	s.same("count", got.Rows[len(got.Rows)-2].Count, int64(many-account.CountedAfter))

	send(3) // come late
	s.wantCounted("late ones", p, account.CountedAfter+3, many+3+1)
	s.same("settled rows after late ones", s.settled(0, minute.Add(time.Minute)).Rows, got.Rows)
	a.seal("settle", a.step(minute.Add(time.Minute), 0))
	s.ok("release", s.store.Release(s.ctx, a.holder))
}

func auditThin(s *scene) {
	a := s.newSealing()
	var sizes []int64
	for range 6 {
		a.seal("seal", a.step(s.now, 1))
		sizes = append(sizes, a.newest.Size)
	}
	listed := func() []int64 {
		var got []int64
		marks, err := s.store.Marks(s.ctx, 1000)
		s.ok("marks", err)
		for _, m := range marks {
			got = append(got, m.Size)
		}
		return got
	}
	all := listed()
	s.same("marks", all[len(all)-6:], sizes)
	few, err := s.store.Marks(s.ctx, 2)
	s.ok("marks", err)
	s.same("few marks", len(few), 2)
	drop := audit.Thin{Holder: a.holder, Now: s.now, Drop: []int64{sizes[1], sizes[2], sizes[5], sizes[5] + 100}, Upto: sizes[0]}
	other := drop
	other.Holder = audit.Holder(random(16))
	s.refused("without the lease", s.store.Thin(s.ctx, other), audit.ErrLeased)
	late := drop
	late.Now = s.now.Add(5 * time.Second)
	s.refused("when the lease is over", s.store.Thin(s.ctx, late), audit.ErrLeased)
	s.same("marks after refusals", listed(), all)
	s.ok("thin", s.store.Thin(s.ctx, drop))
	s.same("marks, without two and never without the newest", listed(), []int64{sizes[0], sizes[3], sizes[4], sizes[5]})
	s.same("newest checkpoint", s.newestCheckpoint(), a.newest)
	s.ok("release", s.store.Release(s.ctx, a.holder))
}

// auditFollows lets a sealer follow what many write, and wants the rows in the
// tree to be all of them.
func auditFollows(s *scene) {
	now := s.now.Add(30 * time.Minute)
	var seen []audit.Row
	last := int64(0)
	follow := func() {
		page := s.settled(last, now)
		for _, r := range page.Rows {
			seen = append(seen, r)
			last = r.No
		}
	}
	done := make(chan []error)
	go func() {
		done <- s.race(300, func(i int) account.Change {
			c := account.Refuse{Spend: s.spend(), Event: s.event(account.EventSignedIn, s.newPerson())}
			if i%10 == 0 {
				c.Spend.Ceremony = account.CeremonyID{} // refused all but once: a number that was given back
			}
			return c
		})
	}()
	for errs := []error(nil); errs == nil; {
		select {
		case errs = <-done:
			for _, err := range errs {
				if err != nil && !errors.Is(err, account.ErrCeremonySpent) {
					s.ok("write", err)
				}
			}
		default:
		}
		follow()
	}
	s.same("rows that were followed", seen, s.settled(0, now).Rows)
	if !slices.IsSortedFunc(seen, func(a, b audit.Row) int { return int(a.No - b.No) }) {
		s.failf("rows came in another order")
	}
}
