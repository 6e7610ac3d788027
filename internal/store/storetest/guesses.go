package storetest

import (
	"errors"
	"fmt"
	"net/netip"
	"time"

	"github.com/hitherauth/hither/internal/account"
)

// guessing is a token that nobody has, from an address.
func guessing(from, about string, at time.Time) account.TryInvitation {
	return account.TryInvitation{
		TokenHash: newHash(), At: at,
		Guess: &account.Guess{Account: about, Address: netip.MustParseAddr(from), At: at},
	}
}

// wrong wants a guess to be judged, and to be wrong.
func (s *scene) wrong(what string, c account.TryInvitation) {
	s.refuses(what, c, account.ErrInvitationUsed)
}

// tooMany wants a guess to be refused unjudged, and gives how long that lasts.
func (s *scene) tooMany(what string, c account.TryInvitation) time.Duration {
	err := s.store.Apply(s.ctx, c)
	refused, ok := errors.AsType[*account.GuessError](err)
	if !ok {
		s.failf("%s: got error %v, want a GuessError", what, err)
	}
	if refused.RetryAfter <= 0 || refused.RetryAfter > account.GuessWindow {
		s.failf("%s: wait for %v", what, refused.RetryAfter)
	}
	return refused.RetryAfter
}

func guessesOfAPrefix(s *scene) {
	for i := range account.GuessesPerPrefix {
		s.wrong("guess", guessing(fmt.Sprintf("203.0.113.%d", i), "", s.now))
	}
	wait := s.tooMany("one more", guessing("203.0.113.200", "", s.now))
	s.same("wait", wait, account.GuessWindow/account.GuessesPerPrefix)
	s.tooMany("mapped", guessing("::ffff:203.0.113.9", "", s.now))
	s.wrong("another /24", guessing("203.0.112.1", "", s.now))
	for range account.GuessesPerPrefix {
		s.wrong("guess over IPv6", guessing("2001:db8:77:1ff::1", "", s.now))
	}
	s.tooMany("same /56", guessing("2001:db8:77:100:9::1", "", s.now))
	s.wrong("another /56", guessing("2001:db8:77:200::1", "", s.now))
	nobody := guessing("192.0.2.1", "", s.now)
	nobody.Guess.Address = netip.Addr{}
	s.wrong("no address", nobody)

	s.closeStore()
	s.reopen()
	s.tooMany("after a restart", guessing("203.0.113.1", "", s.now))
	s.tooMany("a moment too early", guessing("203.0.113.1", "", s.now.Add(wait-time.Millisecond)))
	s.wrong("when it has waited", guessing("203.0.113.1", "", s.now.Add(wait)))
	s.tooMany("and once more", guessing("203.0.113.1", "", s.now.Add(wait)))
	later := s.now.Add(wait + account.GuessWindow)
	for range account.GuessesPerPrefix {
		s.wrong("guess with a whole budget", guessing("203.0.113.1", "", later))
	}
	s.tooMany("one more", guessing("203.0.113.1", "", later))
}

func guessesOfAnAccount(s *scene) {
	const name, other = "Guessed", "Other"
	for i := range account.GuessesPerAccount {
		s.wrong("guess", guessing(fmt.Sprintf("198.18.%d.1", i), name, s.now))
	}
	s.same("wait", s.tooMany("from a new prefix", guessing("198.18.200.1", name, s.now)), account.GuessWindow/account.GuessesPerAccount)
	s.tooMany("in another case", guessing("198.18.200.1", "gUESSED", s.now))
	s.wrong("another account", guessing("198.18.0.1", other, s.now))
	s.wrong("no account", guessing("198.18.0.1", "", s.now))
	// What was refused unjudged has not been counted against the prefix.
	for range account.GuessesPerPrefix {
		s.wrong("prefix that was refused", guessing("198.18.200.1", "", s.now))
	}
}

func guessesThatAreRight(s *scene) {
	const from = "203.0.114.1"
	inv := s.invite(s.newInvitation())
	right := account.TryInvitation{TokenHash: inv.TokenHash, At: s.now, Guess: guessing(from, "", s.now).Guess}
	for range 3 * account.GuessesPerPrefix {
		s.apply("live token", right)
	}
	for range account.GuessesPerPrefix {
		s.wrong("guess", guessing(from, "", s.now))
	}
	s.tooMany("one more", guessing(from, "", s.now))
	s.apply("live token among strangers", right)
	p := s.newPerson()
	c := s.registering(p)
	c.Invitation = &inv.TokenHash
	s.apply("register", c)
	s.tooMany("token that was used", right)
	right.Guess = nil
	for range 2 * account.GuessesPerPrefix {
		s.wrong("token of a ceremony that has begun", right)
	}
	s.apply("sign in", s.signingIn(p))
}

func guessesRace(s *scene) {
	const many = 200
	inv := s.invite(s.newInvitation())
	judged, refused := 0, 0
	for i, err := range s.race(many, func(i int) account.Change {
		c := guessing(fmt.Sprintf("203.0.115.%d", i), "", s.now)
		if i%10 == 0 {
			c.TokenHash = inv.TokenHash
		}
		return c
	}) {
		_, tooMany := errors.AsType[*account.GuessError](err)
		switch {
		case i%10 == 0:
			s.ok("live token", err)
		case errors.Is(err, account.ErrInvitationUsed):
			judged++
		case tooMany:
			refused++
		default:
			s.failf("guess %d: %w", i, err)
		}
	}
	s.same("guesses that were judged", judged, account.GuessesPerPrefix)
	s.same("guesses that were refused", refused, many-many/10-account.GuessesPerPrefix)
}

func guessesAndTheClock(s *scene) {
	for from, jump := range map[string]time.Duration{"203.0.116.1": time.Hour, "203.0.118.1": 400 * 24 * time.Hour} {
		ahead := s.now.Add(jump)
		s.wrong("guess", guessing(from, "", ahead))
		s.ok("sweep", s.store.Sweep(s.ctx, s.now)) // the clock is right again
		for range 2 {
			// Counted ahead of time is taken for a budget that is used up, not for one of years.
			if wait := s.tooMany("when the clock is right again", guessing(from, "", s.now)); wait > account.GuessWindow/account.GuessesPerPrefix {
				s.failf("%v: wait for %v", jump, wait)
			}
		}
		for range account.GuessesPerPrefix {
			s.wrong("an hour later", guessing(from, "", s.now.Add(account.GuessWindow)))
		}
		s.tooMany("an hour later, one more", guessing(from, "", s.now.Add(account.GuessWindow)))
	}
}

// deadInvitationStaysDead is about rows that Sweep has not come to yet.
func deadInvitationStaysDead(s *scene) {
	const from = "203.0.117.1"
	for what, at := range map[string]time.Time{
		"expired":    s.now.Add(time.Hour),
		"not so old": s.now.Add(-account.ClockSlack - time.Millisecond),
	} {
		inv := s.invite(s.newInvitation())
		c := account.TryInvitation{TokenHash: inv.TokenHash, At: s.now.Add(-account.ClockSlack), Guess: guessing(from, "", s.now).Guess}
		s.apply(what+": live", c)
		c.At = at
		s.wrong(what, c)
		_, err := s.store.Invitation(s.ctx, inv.TokenHash)
		s.refused(what+": afterwards", err, account.ErrNotFound)
		c.At = s.now
		s.wrong(what+": with the clock set back", c)
	}
}
