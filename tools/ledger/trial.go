package ledger

import "context"

// Try has one person sign in about whom nothing is in doubt, or a new one
// register where there is none, and says whether that was acknowledged. Whoever
// was not is in doubt.
func (l *Ledger) Try(ctx context.Context) bool {
	known := func(s *slot) bool { return s.page != nil && s.page.doubt == nil && s.page.state == present }
	nobody := func(s *slot) bool { return s.page == nil }
	for _, fits := range []func(*slot) bool{known, nobody} {
		first := l.intn(len(l.slots))
		for i := range l.slots {
			s := l.slots[(first+i)%len(l.slots)]
			if !s.mu.TryLock() {
				continue
			}
			if !fits(s) {
				s.mu.Unlock()
				continue
			}
			acknowledged := l.try(ctx, s)
			s.mu.Unlock()
			return acknowledged
		}
	}
	return false
}

func (l *Ledger) try(ctx context.Context, s *slot) bool {
	if s.page == nil {
		return l.join(ctx, s) == nil && s.page != nil && s.page.doubt == nil
	}
	before := len(s.page.sessions)
	err := l.signIn(ctx, s.page, l.anyPasskey(s.page))
	return err == nil && len(s.page.sessions) > before
}
