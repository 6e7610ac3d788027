//go:build unix

package sqlite_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/hitherauth/hither/internal/account"
	"github.com/hitherauth/hither/internal/store/sqlite"
)

// Somebody hangs up while their change shares a commit with others: a thousand
// times one of 64. The others must not notice. What was cancelled has happened
// or has not; it is never there in part.
func TestCancelOneOfAGroup(t *testing.T) {
	t.Parallel()
	const rounds, size = 1000, 64
	dir := own(t, t.TempDir())
	store := openIn(t, dir)
	claim := account.ClaimSystem{RPID: "id.example", KeyCheck: random(32)}
	order := rand.New(rand.NewPCG(1, 2))
	var acknowledged []account.Invitation
	var cancelled []account.CreateAccount
	answered := map[account.ID]bool{}
	lasted := time.Millisecond // the last group: cancelling is to meet each moment of it
	for round := range rounds {
		// The writer copies its log after this answer. What comes meanwhile waits,
		// and then goes together.
		if err := store.Apply(t.Context(), claim); err != nil {
			t.Fatal(err)
		}
		others := make([]account.Invitation, size-1)
		for i := range others {
			others[i] = account.Invitation{
				ID: account.ID(random(16)), TokenHash: account.TokenHash(random(32)), CreatedAt: time.Now(), ExpiresAt: time.Now().Add(time.Hour),
			}
		}
		one := registering(fmt.Sprintf("person-%d", round))
		began := time.Now()
		err := together(t, store, others, one, time.Duration(order.Int64N(int64(lasted))))
		lasted = time.Since(began)
		if err != nil && !errors.Is(err, account.ErrUnavailable) {
			t.Fatalf("round %d: the cancelled change: %v", round, err)
		}
		acknowledged = append(acknowledged, others...)
		cancelled = append(cancelled, one)
		answered[one.Account.ID] = err == nil
	}
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}

	again := openIn(t, dir)
	for _, inv := range acknowledged {
		if _, err := again.Invitation(t.Context(), inv.TokenHash); err != nil {
			t.Fatalf("a change beside a cancelled one was acknowledged and is not there: %v", err)
		}
	}
	var inTime, late, never int
	for _, c := range cancelled {
		switch there := whole(t, again, c); {
		case there && answered[c.Account.ID]:
			late++
		case there:
			inTime++
		case answered[c.Account.ID]:
			t.Errorf("%s was acknowledged and is not there", c.Account.Name)
		default:
			never++
		}
	}
	if inTime == 0 || never == 0 {
		t.Errorf("of the cancelled changes %d were made and %d were not: this test is for both", inTime, never)
	}
	t.Logf("of %d changes that were cancelled %d were never made, %d were made all the same, %d were answered before; %d beside them stand",
		rounds, never, inTime, late, len(acknowledged))
}

// together sends changes at once, cancels the one after a moment, and gives its
// answer. The others must be acknowledged.
func together(t *testing.T, store *sqlite.Store, others []account.Invitation, one account.CreateAccount, moment time.Duration) error {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var wg sync.WaitGroup
	var answer error
	defer time.AfterFunc(moment, cancel).Stop()
	wg.Go(func() { answer = store.Apply(ctx, one) })
	for _, inv := range others {
		wg.Go(func() {
			if err := store.Apply(t.Context(), account.CreateInvitation{Invitation: inv}); err != nil {
				t.Errorf("a change beside a cancelled one: %v", err)
			}
		})
	}
	wg.Wait()
	return answer
}

// whole says whether a new account is there, and wants all of it or nothing.
func whole(t *testing.T, store account.Store, c account.CreateAccount) bool {
	t.Helper()
	_, accountErr := store.AccountByName(t.Context(), c.Account.Name)
	_, _, credentialErr := store.Credential(t.Context(), c.Credential.ID)
	_, _, sessionErr := store.Session(t.Context(), c.Session.TokenHash)
	there := accountErr == nil
	for _, err := range []error{accountErr, credentialErr, sessionErr} {
		if err != nil && !errors.Is(err, account.ErrNotFound) {
			t.Fatal(err)
		}
		if there != (err == nil) {
			t.Errorf("%s is there in part: account %v, credential %v, session %v", c.Account.Name, accountErr, credentialErr, sessionErr)
		}
	}
	err := store.Apply(t.Context(), account.Refuse{Spend: c.Spend})
	if spent := errors.Is(err, account.ErrCeremonySpent); err != nil && !spent || spent != there {
		t.Errorf("%s is there: %t; its ceremony spent again: %v", c.Account.Name, there, err)
	}
	return there
}
