package ledger

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/hitherauth/hither/internal/api"
)

// again settles an answer by handing it in again: either that is its first
// effect, or it is refused as spent.
func (l *Ledger) again(p *page, a *answer) settling {
	return func(ctx context.Context, look *look) (bool, error) {
		_, listed := look.accounts[p.name]
		r, err := a.Finish(ctx)
		spent := codeOf(err) == codeSpent
		switch {
		case err == nil:
			if a.registers && listed {
				l.find(Integrity, p, "the account is there, and the ceremony that made it was not spent")
			}
			a.made(r)
		case spent && a.refusal == "":
			if a.registers && !listed {
				l.find(Integrity, p, "the registration is spent, and the account is not there")
			}
			a.made(api.Result{})
			p.adopt = a.passkey
		case spent, a.refusal != "" && codeOf(err) == a.refusal:
		case fateOf(err) == denied:
			l.find(Lost, p, "%s, handed in again, was refused: %v", a.what, err)
			return false, nil
		default:
			return false, fmt.Errorf("handing it in again: %w", err)
		}
		p.keep(a)
		return spent, nil
	}
}

// checkPerson looks at a person whose account is there.
func (l *Ledger) checkPerson(ctx context.Context, p *page, look *look) error {
	if err := l.checkPasskeys(ctx, p, look); err != nil {
		return err
	}
	if err := l.checkSessions(ctx, p, look); err != nil {
		return err
	}
	return l.checkSpent(ctx, p, look)
}

// current is a session of the person that works: of passkey k, or of any if k is
// nil. It is one that there was, or a new one; nil when none of them works, which
// is written down then.
func (l *Ledger) current(ctx context.Context, p *page, k *passkey) (*session, error) {
	for _, s := range slices.Backward(p.liveSessions()) {
		if s.token == "" || k != nil && s.passkey != k {
			continue
		}
		if works, err := l.answers(ctx, p, s); works || err != nil {
			return s, err
		}
	}
	for _, own := range p.livePasskeys() {
		if k != nil && own != k {
			continue
		}
		s, err := l.enter(ctx, p, own)
		if err != nil {
			return nil, err
		}
		if s == nil {
			continue
		}
		if works, err := l.answers(ctx, p, s); works || err != nil {
			return s, err
		}
	}
	return nil, nil //nolint:nilnil // the findings are written down
}

// answers says whether a session that must be alive is, and the right person's.
func (l *Ledger) answers(ctx context.Context, p *page, s *session) (bool, error) {
	who, _, err := l.client.Me(ctx, s.token)
	switch {
	case fateOf(err) == denied:
		l.find(Lost, p, "a session that was opened does not answer: %v", err)
		s.ended = true
		return false, nil
	case err != nil:
		return false, fmt.Errorf("asking whose session it is: %w", err)
	case p.id == "":
		p.id = who.ID // of a registration whose answer did not come
	}
	if who.Name != p.name || who.ID != p.id {
		l.find(Integrity, p, "a session is of another account, %s", who.Name)
	}
	return true, nil
}

// enter signs somebody in for the comparison's own sake. It must succeed; the
// session is nil when it does not.
func (l *Ledger) enter(ctx context.Context, p *page, k *passkey) (*session, error) {
	began := time.Now()
	a, err := k.holder.AnswerAuthentication(ctx)
	if err != nil {
		return nil, fmt.Errorf("beginning to sign in: %w", err)
	}
	r, err := a.Finish(ctx)
	switch fateOf(err) {
	case made:
		p.open(r.Session, k)
		p.expect(eventSignedIn)
		p.keep(&answer{Answer: a, what: "sign-in", at: began, passkey: k})
		return p.sessions[len(p.sessions)-1], nil
	case denied:
		l.find(Lost, p, "a passkey that was made does not sign in: %v", err)
		return nil, nil //nolint:nilnil // the finding is written down
	default:
		return nil, fmt.Errorf("signing in: %w", err)
	}
}

// listed are the passkeys that the server lists, ids to names, asked for with a
// session of k; nil: of any.
func (l *Ledger) listed(ctx context.Context, p *page, k *passkey) (map[string]string, error) {
	s, err := l.current(ctx, p, k)
	if err != nil || s == nil {
		return nil, err
	}
	list, err := l.client.Credentials(ctx, s.token)
	if err != nil {
		return nil, fmt.Errorf("listing passkeys: %w", err)
	}
	names := make(map[string]string, len(list))
	for _, c := range list {
		names[c.ID] = c.Name
	}
	return names, nil
}

// checkPasskeys compares the list of passkeys, and signs in with those that have
// changed and with one of the rest. Removed ones must be unknown.
func (l *Ledger) checkPasskeys(ctx context.Context, p *page, look *look) error {
	names, err := l.listed(ctx, p, nil)
	if err != nil || names == nil {
		return err
	}
	chosen := l.anyPasskey(p)
	for _, k := range p.passkeys {
		name, there := names[k.id]
		delete(names, k.id)
		switch {
		case k.removed && there:
			l.find(Resurrected, p, "a passkey that was removed is listed")
		case !k.removed && !there:
			l.find(Lost, p, "a passkey that was made is not listed")
		case !k.removed && k.name == "":
			k.name = name // the server's choice, in an answer that did not come
		case !k.removed && k.name != name:
			l.find(Lost, p, "a passkey was named %q and is called %q", k.name, name)
		}
		if !k.changed && k != chosen && !look.whole {
			continue
		}
		if err := l.tryPasskey(ctx, p, k); err != nil {
			return err
		}
		k.changed = false
	}
	for range names {
		l.find(Resurrected, p, "a passkey is listed that nobody asked for")
	}
	return nil
}

// tryPasskey signs in and out again, or must not be able to.
func (l *Ledger) tryPasskey(ctx context.Context, p *page, k *passkey) error {
	if k.removed {
		return l.tryRemoved(ctx, p, k)
	}
	s, err := l.enter(ctx, p, k)
	if err != nil || s == nil || len(p.liveSessions()) == 1 {
		return err
	}
	if err := l.client.SignOut(ctx, s.token); err != nil {
		return fmt.Errorf("signing out: %w", err)
	}
	p.end(s)
	p.expect(eventSessionEnded)
	return nil
}

func (l *Ledger) tryRemoved(ctx context.Context, p *page, k *passkey) error {
	_, err := k.holder.SignIn(ctx)
	switch {
	case err == nil:
		l.find(Resurrected, p, "a passkey that was removed signs in")
	case fateOf(err) != denied:
		return err
	case codeOf(err) != codeCredentialUnknown:
		l.find(Integrity, p, "a passkey that was removed is refused as %q, not as unknown", codeOf(err))
	}
	return nil
}
