package sqlite

import (
	"context"
	"errors"
	"fmt"

	"go.opentelemetry.io/otel/trace"

	"github.com/hitherauth/hither/internal/account"
)

var errNoSystem = errors.New("sqlite: the system row is missing")

// Apply implements account.Store.
func (s *Store) Apply(ctx context.Context, ch account.Change) error {
	r := &request{apply: func(c *conn) error { return c.apply(ch) }}
	switch ch := ch.(type) {
	case account.ClaimSystem:
		r.checkpoint = true
	case account.CreateAccount:
		// The database file alone, should its log be lost, must not look as if
		// nobody had been here yet.
		r.checkpoint = ch.Account.Administrator
	}
	if caller := trace.SpanFromContext(ctx); caller.IsRecording() {
		return s.writer.doTraced(ctx, caller, ch, r)
	}
	return s.writer.do(ctx, r)
}

// apply makes one change within the transaction of its group. An error that is
// no *fault is the change's own; the caller undoes what it had done.
func (c *conn) apply(ch account.Change) error {
	switch ch := ch.(type) {
	case account.SignIn:
		return c.signIn(ch)
	case account.Refuse:
		return c.refuse(ch)
	case account.TouchSession:
		return c.touchSession(ch)
	case account.EndSessions:
		return c.endSessions(ch)
	case account.CreateAccount:
		return c.createAccount(ch)
	case account.AddCredential:
		return c.addCredential(ch)
	case account.RenameCredential:
		return c.renameCredential(ch)
	case account.RemoveCredential:
		return c.removeCredential(ch)
	case account.CreateInvitation:
		return c.createInvitation(ch)
	case account.TryInvitation:
		return c.tryInvitation(ch)
	case account.SetState:
		return c.setState(ch)
	case account.RemoveAccount:
		return c.removeAccount(ch)
	case account.ClaimSystem:
		return c.claimSystem(ch)
	case account.PutKeys:
		return c.putKeys(ch)
	default:
		return fmt.Errorf("sqlite: unknown change %T", ch)
	}
}

// spend consumes a ceremony.
func (c *conn) spend(s account.Spend) error {
	// What would have been swept by now, had it been spent before, is taken for spent.
	const query = `INSERT INTO spent (ceremony, expires_at)
		SELECT ?1, ?2 FROM system WHERE only = 1 AND ?2 > swept_until ON CONFLICT DO NOTHING`
	n, err := c.exec(query, s.Ceremony[:], millis(s.ExpiresAt))
	if err == nil && n == 0 {
		return account.ErrCeremonySpent
	}
	return err
}

func (c *conn) refuse(ch account.Refuse) error {
	if err := c.spend(ch.Spend); err != nil {
		return err
	}
	return c.record(ch.Event)
}
