package ledger

import (
	"context"
	"fmt"

	"github.com/hitherauth/hither/internal/account"
	"github.com/hitherauth/hither/internal/api"
)

const (
	eventSignedIn     = string(account.EventSignedIn)
	eventSessionEnded = string(account.EventSessionEnded)
)

// open are the numbers of the sessions that the server lists, asked for with one
// that was opened now: any other may be in doubt.
func (l *Ledger) open(ctx context.Context, p *page) (map[string]bool, error) {
	s, err := l.enter(ctx, p, l.anyPasskey(p))
	if err != nil || s == nil {
		return nil, err
	}
	list, err := l.client.Sessions(ctx, s.token)
	if err != nil {
		return nil, fmt.Errorf("listing sessions: %w", err)
	}
	open := make(map[string]bool, len(list))
	for _, o := range list {
		open[o.ID] = true
	}
	return open, nil
}

// checkSessions compares the list of sessions, and tries the tokens of those
// that have changed.
func (l *Ledger) checkSessions(ctx context.Context, p *page, look *look) error {
	s, err := l.current(ctx, p, nil)
	if err != nil || s == nil {
		return err
	}
	list, err := l.client.Sessions(ctx, s.token)
	if err != nil {
		return fmt.Errorf("listing sessions: %w", err)
	}
	open := make(map[string]api.Session, len(list))
	for _, o := range list {
		open[o.ID] = o
	}
	for _, s := range p.sessions {
		_, there := open[s.id]
		delete(open, s.id)
		switch {
		case s.ended && there:
			l.find(Resurrected, p, "a session that has ended is listed")
		case !s.ended && !there:
			l.find(Lost, p, "a session that was opened is not listed")
		}
	}
	l.adopt(p, open)
	for _, s := range p.sessions {
		if !s.changed && !look.whole {
			continue
		}
		if err := l.tryToken(ctx, p, s); err != nil {
			return err
		}
		s.changed = false
	}
	return nil
}

// adopt finds the session that must be there although its answer did not come,
// and wants no other.
func (l *Ledger) adopt(p *page, open map[string]api.Session) {
	for id, o := range open {
		if p.adopt == nil || o.CredentialID != p.adopt.id {
			l.find(Resurrected, p, "a session is open that nobody asked for")
			continue
		}
		p.sessions = append(p.sessions, &session{id: id, passkey: p.adopt})
		p.adopt = nil
	}
	if p.adopt != nil {
		l.find(Integrity, p, "a ceremony is spent, and the session that it opened is not there")
		p.adopt = nil
	}
}

// tryToken wants a live session to answer and one that has ended to be nobody's.
func (l *Ledger) tryToken(ctx context.Context, p *page, s *session) error {
	if s.token == "" {
		return nil
	}
	_, _, err := l.client.Me(ctx, s.token)
	switch {
	case fateOf(err) == unsent, fateOf(err) == unknown:
		return err
	case err == nil && s.ended:
		l.find(Resurrected, p, "a session that has ended answers")
	case err != nil && !s.ended:
		l.find(Lost, p, "a session that was opened does not answer: %v", err)
	case err != nil && codeOf(err) != codeUnauthenticated:
		l.find(Integrity, p, "a session that has ended is refused with %v", err)
	}
	return nil
}

// checkGone looks at a person whose account was removed: nothing of theirs may
// work.
func (l *Ledger) checkGone(ctx context.Context, p *page, look *look) error {
	for _, k := range p.passkeys {
		if k.changed || look.whole {
			if err := l.tryRemoved(ctx, p, k); err != nil {
				return err
			}
			k.changed = false
		}
	}
	for _, s := range p.sessions {
		if s.changed || look.whole {
			if err := l.tryToken(ctx, p, s); err != nil {
				return err
			}
			s.changed = false
		}
	}
	return l.checkSpent(ctx, p, look)
}
