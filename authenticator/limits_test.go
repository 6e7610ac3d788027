package authenticator_test

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hitherauth/hither/authenticator"
	"github.com/hitherauth/hither/ctap2"
)

// A full store of the longest credentials fits in a vault, so that nothing is
// acknowledged that cannot be read again.
func TestVaultHoldsTheGreatest(t *testing.T) {
	t.Parallel()
	c := oneCredential(t)
	c.RP.ID = strings.TrimSuffix(strings.Repeat(strings.Repeat("a", 62)+".", 4), ".") + "a"
	long := strings.Repeat("x", authenticator.MaxNameLength)
	c.RP.Name, c.User.Name, c.User.DisplayName, c.SignCount = long, long, long, 1<<32-1
	store := &authenticator.MemoryStore{}
	for n := range authenticator.MaxCredentials {
		c.ID, c.User.ID = fmt.Appendf(nil, "%064d", n), fmt.Appendf(nil, "%064d", n)
		if err := store.Put(t.Context(), c, nil); err != nil {
			t.Fatal(err)
		}
	}
	if err := store.Put(t.Context(), oneCredential(t), nil); !errors.Is(err, authenticator.ErrFull) {
		t.Errorf("one more: %v", err)
	}
	all, _ := store.All(t.Context())
	b, err := authenticator.AppendVault(nil, all)
	if err != nil {
		t.Fatal(err)
	}
	again, err := authenticator.ParseVault(b)
	if err != nil || len(again) != authenticator.MaxCredentials {
		t.Errorf("%d bytes, %d credentials, %v", len(b), len(again), err)
	}
	// A counter at its end stays there.
	if got, err := store.Count(t.Context(), c.ID); err != nil || got != 1<<32-1 {
		t.Errorf("got %d, %v", got, err)
	}
}

// A person is asked one thing at a time, however many ask.
func TestOneQuestionAtATime(t *testing.T) {
	t.Parallel()
	var asking atomic.Int32
	p := &person{answer: func(context.Context, authenticator.Question) (authenticator.Answer, error) {
		if asking.Add(1) != 1 {
			t.Error("two questions at once")
		}
		defer asking.Add(-1)
		return authenticator.Answer{Consented: true, Verified: true}, nil
	}}
	a := authenticator.New(authenticator.Config{Verifier: p})
	var group sync.WaitGroup
	for n := range 32 {
		group.Go(func() {
			if _, err := a.MakeCredential(t.Context(), makeRequest(strconv.Itoa(n%5+1))); err != nil {
				t.Error(err)
			}
			if _, err := a.GetAssertion(t.Context(), getRequest()); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
}

// Who waits for another request's question waits no longer than for their own.
func TestWaitingForAnother(t *testing.T) {
	t.Parallel()
	asked, release := make(chan struct{}), make(chan struct{})
	p := &person{answer: func(context.Context, authenticator.Question) (authenticator.Answer, error) {
		close(asked)
		<-release
		return authenticator.Answer{}, nil
	}}
	a := authenticator.New(authenticator.Config{Verifier: p, UserTimeout: time.Hour})
	done := make(chan struct{})
	go func() {
		defer close(done)
		_, err := a.GetAssertion(t.Context(), getRequest())
		wantStatus(t, err, ctap2.StatusOperationDenied)
	}()
	<-asked
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := a.GetAssertion(ctx, getRequest()); !errors.Is(err, context.Canceled) {
		t.Errorf("got error %v", err)
	}
	close(release)
	<-done
}

// A user interface that hangs, even when it is told to stop, holds nobody up for
// longer than a question may take.
func TestHostileVerifierHangs(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		p := &person{answer: func(context.Context, authenticator.Question) (authenticator.Answer, error) {
			<-release
			return authenticator.Answer{Consented: true, Verified: true}, nil
		}}
		a := authenticator.New(authenticator.Config{Verifier: p})
		var group sync.WaitGroup
		group.Go(func() {
			_, err := a.MakeCredential(t.Context(), makeRequest("alice"))
			wantStatus(t, err, ctap2.StatusUserActionTimeout)
		})
		synctest.Wait()
		began := time.Now()
		_, err := a.GetAssertion(t.Context(), getRequest())
		wantStatus(t, err, ctap2.StatusUserActionTimeout)
		if waited := time.Since(began); waited != 2*time.Minute {
			t.Errorf("waited %v", waited)
		}
		time.Sleep(time.Nanosecond) // both run out in the same instant, and in either order
		close(release)
		group.Wait()
	})
}
