package ledger

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/hitherauth/hither/internal/account"
	"github.com/hitherauth/hither/internal/api"
	"github.com/hitherauth/hither/internal/load"
)

// pause is how long a worker waits when nobody listens, or everybody is busy.
const pause = 2 * time.Millisecond

// Work has a number of workers do what people do, in an order that the seed
// decides, until ctx ends; what is under way by then is waited for. A server that
// goes away meanwhile is no error: what it did not answer is in doubt, and those
// people rest until the next comparison.
func (l *Ledger) Work(ctx context.Context, workers int) {
	var all sync.WaitGroup
	for range workers {
		all.Go(func() {
			timer := time.NewTimer(pause)
			defer timer.Stop()
			for ctx.Err() == nil {
				if l.step(context.WithoutCancel(ctx)) {
					continue
				}
				timer.Reset(pause)
				select {
				case <-ctx.Done():
				case <-timer.C:
				}
			}
		})
	}
	all.Wait()
}

// step has somebody do one thing, and says whether the server was there.
func (l *Ledger) step(ctx context.Context) bool {
	first := l.intn(len(l.slots))
	for i := range l.slots {
		s := l.slots[(first+i)%len(l.slots)]
		if !s.mu.TryLock() {
			continue
		}
		if s.page != nil && s.page.doubt != nil {
			s.mu.Unlock()
			continue
		}
		err := l.act(ctx, s)
		s.mu.Unlock()
		return err == nil
	}
	return false
}

// Bounds of what a person has.
const (
	mostSessions = 8
	mostPasskeys = 4
)

// act does one thing. Its error is that of a request without an answer.
func (l *Ledger) act(ctx context.Context, s *slot) error {
	if s.page != nil && s.page.state == removed {
		l.bury(s)
	}
	p := s.page
	if p == nil {
		return l.join(ctx, s)
	}
	current := p.usable()
	if current == nil {
		return l.signIn(ctx, p, l.anyPasskey(p))
	}
	if len(p.liveSessions()) > mostSessions {
		return l.endOthers(ctx, p, current)
	}
	switch n := l.intn(100); {
	case n < 38:
		return l.signIn(ctx, p, l.anyPasskey(p))
	case n < 58:
		return l.endOne(ctx, p, current)
	case n < 74:
		return l.changePasskeys(ctx, p, current)
	case n < 82:
		return l.rename(ctx, p, current)
	case n < 85 && len(p.liveSessions()) > 1:
		return l.endOthers(ctx, p, current)
	case n < 90:
		return l.signInInVain(ctx, p)
	case n < 93:
		return l.invite(ctx)
	case p.administrator:
		return l.signIn(ctx, p, l.anyPasskey(p))
	default:
		return l.removeAccount(ctx, p)
	}
}

func (l *Ledger) anyPasskey(p *page) *passkey {
	live := p.livePasskeys()
	return live[l.intn(len(live))]
}

// join makes an account, with an invitation if one is at hand and the coin says so.
func (l *Ledger) join(ctx context.Context, s *slot) error {
	var inv *invitation
	if l.intn(2) == 0 {
		inv = l.takeInvitation()
	}
	return l.register(ctx, s, inv)
}

// register makes an account in a slot, with an invitation if there is one.
func (l *Ledger) register(ctx context.Context, s *slot, inv *invitation) error {
	k := &passkey{holder: load.NewPerson(l.client), changed: true}
	p := &page{name: l.newName(), events: map[string]int{}, changed: true}
	asked := api.Registration{Name: p.name}
	if inv != nil {
		asked.Token = inv.token
	}
	began := time.Now()
	a, err := k.holder.AnswerRegistration(ctx, asked)
	if err != nil {
		l.giveBack(inv)
		return l.begun(p, "registration", err)
	}
	k.id = idOf(k.holder)
	s.page = p
	err = l.spend(ctx, p, &answer{Answer: a, what: "registration", at: began, passkey: k, registers: true, made: func(r api.Result) {
		p.state, p.id, k.name = present, r.Account.ID, r.Credential.Name
		p.passkeys = append(p.passkeys, k)
		if r.Session.ID != "" {
			p.open(r.Session, k)
		}
		p.expect(string(account.EventAccountCreated))
		l.use(inv)
	}})
	if p.state == absent && p.doubt == nil {
		s.page = nil // it was not asked for, or refused
		l.giveBack(inv)
	}
	return err
}

// idOf is the credential id of the only passkey that an authenticator holds.
func idOf(holder *load.Person) string {
	return holder.Authenticator().Credentials("localhost")[0].ID.String()
}

func (l *Ledger) signIn(ctx context.Context, p *page, k *passkey) error {
	began := time.Now()
	a, err := k.holder.AnswerAuthentication(ctx)
	if err != nil {
		return l.begun(p, "sign-in", err)
	}
	return l.spend(ctx, p, &answer{Answer: a, what: "sign-in", at: began, passkey: k, made: func(r api.Result) {
		if r.Session.ID != "" {
			p.open(r.Session, k)
		}
		p.expect(string(account.EventSignedIn))
	}})
}

// signInInVain uses a passkey that was removed: the refusal spends the ceremony.
func (l *Ledger) signInInVain(ctx context.Context, p *page) error {
	for _, k := range p.passkeys {
		if !k.removed {
			continue
		}
		began := time.Now()
		a, err := k.holder.AnswerAuthentication(ctx)
		if err != nil {
			return l.begun(p, "sign-in", err)
		}
		return l.spend(ctx, p, &answer{
			Answer: a, what: "sign-in with a removed passkey", at: began, passkey: k, refusal: codeCredentialUnknown,
			made: func(api.Result) {},
		})
	}
	return nil
}

// changePasskeys adds one or removes one.
func (l *Ledger) changePasskeys(ctx context.Context, p *page, current *session) error {
	if time.Since(current.opened) > freshness {
		return l.signIn(ctx, p, l.anyPasskey(p)) // the step-up
	}
	n := len(p.livePasskeys())
	if n == 1 || n < mostPasskeys && l.intn(2) == 0 {
		return l.addPasskey(ctx, p, current)
	}
	return l.removePasskey(ctx, p, current)
}

func (l *Ledger) addPasskey(ctx context.Context, p *page, current *session) error {
	k := &passkey{holder: load.NewPerson(l.client), changed: true}
	began := time.Now()
	a, err := k.holder.AnswerAddition(ctx, current.token)
	if err != nil {
		return l.begun(p, "adding a passkey", err)
	}
	k.id = idOf(k.holder)
	return l.spend(ctx, p, &answer{Answer: a, what: "adding a passkey", at: began, session: current, made: func(r api.Result) {
		k.name = r.Credential.Name
		p.passkeys = append(p.passkeys, k)
		p.expect(string(account.EventCredentialAdded))
	}})
}

// begun judges the error of a begin, which changes nothing.
func (l *Ledger) begun(p *page, what string, err error) error {
	switch fateOf(err) {
	case made:
		return nil
	case unsent:
		l.unsent.Add(1)
	case unknown:
		l.broken.Add(1)
	case denied:
		l.find(Lost, p, "%s cannot begin: %v", what, err)
	}
	return err
}

// spend hands an answer in and writes down what became of it.
func (l *Ledger) spend(ctx context.Context, p *page, a *answer) error {
	p.changed = true
	r, err := a.Finish(ctx)
	switch fateOf(err) {
	case made:
		if a.refusal != "" {
			l.find(Resurrected, p, "%s was accepted", a.what)
		}
		l.acknowledged.Add(1)
		a.made(r)
		p.keep(a)
	case unsent:
		l.unsent.Add(1)
	case unknown:
		l.doubts.Add(1)
		p.doubt = &doubt{what: a.what, settle: l.again(p, a)}
	case denied:
		if a.refusal == "" || codeOf(err) != a.refusal {
			l.find(Lost, p, "%s was refused: %v", a.what, err)
			return nil
		}
		l.refused.Add(1)
		p.keep(a)
		return nil
	}
	return err
}

// change writes down what became of a change that is no ceremony.
func (l *Ledger) change(p *page, what string, err error, done func(), settle settling) error {
	p.changed = true
	switch fateOf(err) {
	case made:
		l.acknowledged.Add(1)
		done()
	case unsent:
		l.unsent.Add(1)
	case unknown:
		l.doubts.Add(1)
		p.doubt = &doubt{what: what, settle: func(ctx context.Context, look *look) (bool, error) {
			was, err := settle(ctx, look)
			if err == nil && was {
				done()
			}
			return was, err
		}}
	case denied:
		l.find(Lost, p, "%s was refused: %v", what, err)
		return nil
	}
	if err != nil {
		return fmt.Errorf("ledger: %s: %w", what, err)
	}
	return nil
}
