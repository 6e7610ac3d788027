package ledger

import (
	"context"
	"fmt"
	"time"
)

// checkSpent hands in once more what was spent: every answer once, and then and
// when one of them again.
func (l *Ledger) checkSpent(ctx context.Context, p *page, look *look) error {
	if len(p.answers) == 0 {
		return nil
	}
	chosen := p.answers[l.intn(len(p.answers))]
	for _, a := range p.answers {
		if a.seen && a != chosen && !look.whole || time.Since(a.at) > lifetime {
			continue
		}
		_, err := a.Finish(ctx)
		switch {
		case fateOf(err) == unsent, fateOf(err) == unknown:
			return fmt.Errorf("handing in %s again: %w", a.what, err)
		case err == nil:
			l.find(Resurrected, p, "%s was accepted a second time", a.what)
		case codeOf(err) == codeSpent:
		case codeOf(err) == codeUnauthenticated && a.session != nil && a.session.ended:
			// It is judged after the session that it belongs to.
		default:
			l.find(Resurrected, p, "%s, handed in again, is not known as spent: %v", a.what, err)
		}
		a.seen = true
	}
	return nil
}
