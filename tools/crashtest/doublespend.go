package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"sync"
	"time"

	"github.com/hitherauth/hither/internal/api"
	"github.com/hitherauth/hither/internal/load"
	"github.com/hitherauth/hither/tools/ledger"
)

// mostConnections is how many connections carry finishes that are made at the
// same time. What waits for one follows at once.
const mostConnections = 100

// Codes with which a server refuses what is spent.
const (
	codeSpent      = "ceremony_spent"
	codeInvitation = "invitation_invalid"
)

// spends is what has come of a trial of spending things twice.
type spends struct {
	rounds     int
	finishes   int64
	restarts   int64
	twice      int // finishes that succeeded after another
	never      int // rounds without a success
	revived    int // spent things that were accepted after a restart
	misrefused int // finishes refused for another reason than that the thing was spent
	unanswered int // finishes without an answer, which could hide a success
	effects    int // rounds after which there is not exactly one of what was made

	accepted []*load.Answer // since the last restart
	oldest   time.Time      // of them
}

func (s *spends) failed() bool {
	return s.twice+s.never+s.revived+s.misrefused+s.unanswered+s.effects > 0
}

// doubleSpends finishes each of many one-time things many times at the same
// time: exactly one may succeed, and none after a restart.
func (r *rig) doubleSpends(ctx context.Context) error {
	if err := r.begin(ctx); err != nil {
		return err
	}
	s := &spends{}
	err := r.spendCeremonies(ctx, s)
	if err == nil {
		err = r.spendSetupLinks(ctx, s)
	}
	if err == nil && s.failed() {
		err = errFound
	}
	return r.result(err, "rounds %s of each of 5 kinds, finishes %s, accepted twice %d, never %d, revived %d (%s restarts), refused for another reason %d, unanswered %d, effects not exactly one %d",
		number(int64(s.rounds)), number(s.finishes), s.twice, s.never, s.revived, number(s.restarts), s.misrefused, s.unanswered, s.effects)
}

// spendCeremonies spends, in each round, a registration, an added passkey, an
// authentication and an invitation.
func (r *rig) spendCeremonies(ctx context.Context, s *spends) error {
	// Well within the five minutes of a ceremony, so that what is refused after
	// a restart is refused for being spent.
	const longest, most = time.Minute, 100
	for n := range r.number {
		if err := r.spendRound(ctx, s, n); err != nil {
			return err
		}
		s.rounds++
		if n == r.number-1 || len(s.accepted) >= most || time.Since(s.oldest) > longest {
			if err := r.restartAndSpend(ctx, s); err != nil {
				return err
			}
		}
		r.progress("round", n+1)
	}
	return nil
}

func (r *rig) spendRound(ctx context.Context, s *spends, n int) error {
	person := load.NewPerson(r.client)
	registration, err := person.AnswerRegistration(ctx, api.Registration{Name: fmt.Sprintf("spender-%d", n)})
	if err != nil {
		return err
	}
	winner, err := r.spend(ctx, s, codeSpent, slices.Repeat([]*load.Answer{registration}, r.parallel))
	if err != nil || winner == nil {
		return err
	}
	token := winner.Session.Token
	addition, err := load.NewPerson(r.client).AnswerAddition(ctx, token)
	if err != nil {
		return err
	}
	if _, err := r.spend(ctx, s, codeSpent, slices.Repeat([]*load.Answer{addition}, r.parallel)); err != nil {
		return err
	}
	authentication, err := person.AnswerAuthentication(ctx)
	if err != nil {
		return err
	}
	if _, err := r.spend(ctx, s, codeSpent, slices.Repeat([]*load.Answer{authentication}, r.parallel)); err != nil {
		return err
	}
	if err := r.countEffects(ctx, s, token); err != nil {
		return err
	}
	link, err := r.operator.Invite(ctx)
	if err != nil {
		return err
	}
	guests, err := r.answers(ctx, link, fmt.Sprintf("guest-%d", n))
	if err != nil {
		return err
	}
	_, err = r.spend(ctx, s, codeInvitation, guests)
	return err
}

// countEffects wants two passkeys and two sessions of somebody who has
// registered, added one and signed in.
func (r *rig) countEffects(ctx context.Context, s *spends, token string) error {
	passkeys, err := r.client.Credentials(ctx, token)
	if err != nil {
		return err
	}
	sessions, err := r.client.Sessions(ctx, token)
	if err != nil {
		return err
	}
	if len(passkeys) != 2 || len(sessions) != 2 {
		s.effects++
		r.say("there are %d passkeys and %d sessions, not 2 and 2", len(passkeys), len(sessions))
	}
	return nil
}

// answers are those of many people who register with one link, each under a
// name of their own.
func (r *rig) answers(ctx context.Context, link, name string) ([]*load.Answer, error) {
	token := ledger.TokenOf(link)
	out := make([]*load.Answer, r.parallel)
	return out, together(r.parallel, func(i int) error {
		var err error
		out[i], err = load.NewPerson(r.client).AnswerRegistration(ctx, api.Registration{Name: fmt.Sprintf("%s-%d", name, i), Token: token})
		return err
	})
}

// spend hands answers in at the same time, of which one must succeed and the
// others be refused with a code. The winner's result is nil if there is none.
func (r *rig) spend(ctx context.Context, s *spends, code string, answers []*load.Answer) (*api.Result, error) {
	results, errs := make([]api.Result, len(answers)), make([]error, len(answers))
	err := together(len(answers), func(i int) error {
		results[i], errs[i] = answers[i].Finish(ctx)
		return nil
	})
	if err != nil {
		return nil, err
	}
	s.finishes += int64(len(answers))
	var winner *api.Result
	for i, err := range errs {
		refusal, refused := errors.AsType[*api.RefusalError](err)
		switch {
		case err == nil && winner != nil:
			s.twice++
			r.say("finish %d of %d succeeded too", i, len(answers))
		case err == nil:
			winner = &results[i]
			s.keep(answers[i])
		case refused && refusal.Status < 500 && refusal.Code != code:
			s.misrefused++
			r.say("finish %d of %d: %v", i, len(answers), err)
		case !refused, refusal.Status >= 500:
			s.unanswered++
			r.say("finish %d of %d: %v", i, len(answers), err)
		}
	}
	if winner == nil {
		s.never++
		r.say("none of %d finishes succeeded", len(answers))
	}
	return winner, ctx.Err()
}

// keep keeps an answer that was accepted, for a try after a restart.
func (s *spends) keep(a *load.Answer) {
	if len(s.accepted) == 0 {
		s.oldest = time.Now()
	}
	s.accepted = append(s.accepted, a)
}

// restartAndSpend kills the server, starts it again and hands in what was
// accepted before.
func (r *rig) restartAndSpend(ctx context.Context, s *spends) error {
	r.server.Kill()
	if err := r.start(ctx); err != nil {
		return err
	}
	s.restarts++
	for _, a := range s.accepted {
		_, err := a.Finish(ctx)
		refusal, refused := errors.AsType[*api.RefusalError](err)
		switch {
		case err == nil:
			s.revived++
		case !refused:
			return err
		case refusal.Code != codeSpent:
			s.misrefused++
			r.say("after a restart: %v", err)
		}
	}
	s.accepted = nil
	return nil
}

// spendSetupLinks has many people use one setup link, on a new server in each
// round: the first of them is its administrator, and ends all setup links.
func (r *rig) spendSetupLinks(ctx context.Context, s *spends) error {
	for n := range r.number {
		r.server.Kill()
		if err := os.RemoveAll(r.config.DataDir); err != nil {
			return err
		}
		if err := r.start(ctx); err != nil {
			return err
		}
		link, err := r.operator.SetupLink(ctx)
		if err != nil {
			return err
		}
		people, err := r.answers(ctx, link, "administrator")
		if err != nil {
			return err
		}
		if _, err := r.spend(ctx, s, codeInvitation, people); err != nil {
			return err
		}
		if accounts, err := r.operator.Accounts(ctx); err != nil {
			return err
		} else if len(accounts) != 1 {
			s.effects++
			r.say("one setup link has made %d accounts", len(accounts))
		}
		if err := r.restartAndSpend(ctx, s); err != nil {
			return err
		}
		r.progress("setup link", n+1)
	}
	return nil
}

// together calls f for each number below n at the same time.
func together(n int, f func(int) error) error {
	var all sync.WaitGroup
	errs := make([]error, n)
	begin := make(chan struct{})
	for i := range n {
		all.Go(func() {
			<-begin
			errs[i] = f(i)
		})
	}
	close(begin)
	all.Wait()
	return errors.Join(errs...)
}
