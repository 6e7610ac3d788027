package ledger

import (
	"context"
	"fmt"
	"slices"

	"github.com/hitherauth/hither/internal/account"
)

// The changes that are no ceremonies. Each knows how to find out what became of
// it when no answer came.

func (l *Ledger) rename(ctx context.Context, p *page, current *session) error {
	k := l.anyPasskey(p)
	before, after := k.name, fmt.Sprintf("passkey %d", l.intn(1_000_000))
	done := func() {
		k.name, k.changed = after, true
		p.expect(string(account.EventCredentialRenamed))
	}
	err := l.client.RenameCredential(ctx, current.token, k.id, after)
	return l.change(p, "renaming a passkey", err, done, func(ctx context.Context, _ *look) (bool, error) {
		names, err := l.listed(ctx, p, k)
		name := names[k.id]
		if err == nil && name != after && name != before && before != "" {
			l.find(Integrity, p, "a passkey that was to be renamed from %q to %q is named %q", before, after, name)
		}
		return name == after, err
	})
}

func (l *Ledger) removePasskey(ctx context.Context, p *page, current *session) error {
	k := l.anyPasskey(p)
	done := func() {
		p.drop(k)
		p.expect(string(account.EventCredentialRemoved))
	}
	err := l.client.RemoveCredential(ctx, current.token, k.id)
	return l.change(p, "removing a passkey", err, done, func(ctx context.Context, _ *look) (bool, error) {
		live := slices.DeleteFunc(p.livePasskeys(), func(other *passkey) bool { return other == k })
		names, err := l.listed(ctx, p, live[0])
		_, there := names[k.id]
		return !there, err
	})
}

// endOne ends any session of the person: by its number, or itself.
func (l *Ledger) endOne(ctx context.Context, p *page, current *session) error {
	live := p.liveSessions()
	s := live[l.intn(len(live))]
	var err error
	if s.token != "" && l.intn(4) > 0 {
		err = l.client.SignOut(ctx, s.token)
	} else {
		err = l.client.EndSession(ctx, current.token, s.id)
	}
	done := func() {
		p.end(s)
		p.expect(string(account.EventSessionEnded))
	}
	return l.change(p, "ending a session", err, done, func(ctx context.Context, _ *look) (bool, error) {
		open, err := l.open(ctx, p)
		return !open[s.id], err
	})
}

// endOthers ends all sessions but one, of which there must be others.
func (l *Ledger) endOthers(ctx context.Context, p *page, current *session) error {
	others := slices.DeleteFunc(p.liveSessions(), func(s *session) bool { return s == current })
	done := func() {
		for _, s := range others {
			p.end(s)
		}
		p.expect(string(account.EventSessionEnded))
	}
	err := l.client.EndOtherSessions(ctx, current.token)
	return l.change(p, "ending all other sessions", err, done, func(ctx context.Context, _ *look) (bool, error) {
		open, err := l.open(ctx, p)
		left := 0
		for _, s := range others {
			if open[s.id] {
				left++
			}
		}
		if err == nil && left > 0 && left < len(others) {
			l.find(Integrity, p, "of %d other sessions that were to end together %d are open", len(others), left)
		}
		return left == 0, err
	})
}

func (l *Ledger) removeAccount(ctx context.Context, p *page) error {
	done := func() {
		p.close()
		p.expect(string(account.EventAccountRemoved))
	}
	err := l.operator.Remove(ctx, p.name)
	return l.change(p, "removing an account", err, done, func(_ context.Context, look *look) (bool, error) {
		_, there := look.accounts[p.name]
		return !there, nil
	})
}

// invite makes an invitation. One whose link did not arrive is of use to nobody.
func (l *Ledger) invite(ctx context.Context) error {
	link, err := l.operator.Invite(ctx)
	l.mu.Lock()
	defer l.mu.Unlock()
	switch fateOf(err) {
	case made:
		l.acknowledged.Add(1)
		l.invited++
		l.invitations = append(l.invitations, &invitation{token: TokenOf(link), changed: true})
	case unsent:
		l.unsent.Add(1)
	case unknown:
		l.doubts.Add(1)
		l.uninvited++
	case denied:
	}
	if fateOf(err) == denied {
		return fmt.Errorf("ledger: inviting was refused: %w", err)
	}
	return err
}

// takeInvitation gives somebody who registers an invitation that nobody has
// used; nil if there is none.
func (l *Ledger) takeInvitation() *invitation {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, inv := range l.invitations {
		if !inv.used && !inv.taken {
			inv.taken = true
			return inv
		}
	}
	return nil
}

func (l *Ledger) giveBack(inv *invitation) {
	if inv == nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	inv.taken = false
}

// use writes down that an invitation was used. It joins the books if it was not
// in them, as a setup link.
func (l *Ledger) use(inv *invitation) {
	if inv == nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	inv.used, inv.changed = true, true
	if !slices.Contains(l.invitations, inv) {
		l.invitations = append(l.invitations, inv)
	}
}
