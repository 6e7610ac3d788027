// Package storetest is what an engine has to pass to be an account.Store. It
// needs no testing.T, so that a program can run it against a database that an
// operator names, as well as a test.
//
// The suite goes through the doors that everybody uses, asks every change for
// everything that it promises and refuses, lets requests race, closes and opens
// the database, and looks at the rows afterwards. It needs a database that is
// new and is for nothing else: it claims it, makes the first administrator and
// sweeps it.
package storetest

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"runtime"
	"sync"
	"time"

	"github.com/hitherauth/hither/internal/account"
	"github.com/hitherauth/hither/internal/audit"
)

// Store is what the suite needs of an engine beside account.Store and audit.Store.
type Store interface {
	account.Store
	audit.Store
	// Events lists audit rows behind number after, at most limit, in the order
	// in which they were written.
	Events(ctx context.Context, after int64, limit int) ([]account.StoredEvent, error)
	// Close makes everything durable and lets the database be opened again.
	// Changes and reads that come later fail with account.ErrUnavailable.
	Close() error
}

// Result is the outcome of one check.
type Result struct {
	Name     string
	Err      error // nil: passed
	Duration time.Duration
}

// Reporter is told each result as it comes.
type Reporter func(Result)

// Run runs the suite. open opens the same database each time; the suite has at
// most one Store open and closes every one. Checks that follow a failed one are
// run all the same.
func Run(ctx context.Context, open func(context.Context) (Store, error), report Reporter) {
	b := &bench{open: open}
	for _, c := range checks() {
		began := time.Now()
		err := b.run(ctx, c.run)
		report(Result{Name: c.name, Err: err, Duration: time.Since(began)})
	}
	if b.store != nil {
		began := time.Now()
		report(Result{Name: "close", Err: b.store.Close(), Duration: time.Since(began)})
	}
}

type check struct {
	name string
	run  func(*scene)
}

// checks are in an order that matters at the beginning: there is one first
// claim and one first administrator.
func checks() []check {
	return []check{
		{"new_database", newDatabase},
		{"claim_system", claimSystem},
		{"keys", keys},
		{"setup_refusals", setupRefusals},
		{"setup_race", setupRace},
		{"last_administrator", lastAdministrator},
		{"last_administrator_race", lastAdministratorRace},
		{"registration", registration},
		{"registration_of_few_facts", registrationOfFewFacts},
		{"registration_refusals", registrationRefusals},
		{"registration_race", registrationRace},
		{"name_race", nameRace},
		{"invitation", invitation},
		{"invitation_race", invitationRace},
		{"guesses_of_a_prefix", guessesOfAPrefix},
		{"guesses_of_an_account", guessesOfAnAccount},
		{"guesses_that_are_right", guessesThatAreRight},
		{"guesses_race", guessesRace},
		{"guesses_and_the_clock", guessesAndTheClock},
		{"dead_invitation_stays_dead", deadInvitationStaysDead},
		{"sign_in", signIn},
		{"sign_in_refusals", signInRefusals},
		{"sign_in_race", signInRace},
		{"sign_count", signCount},
		{"sign_count_race", signCountRace},
		{"backup_eligible", backupEligible},
		{"refuse", refuse},
		{"add_credential", addCredential},
		{"add_credential_refusals", addCredentialRefusals},
		{"credential_limit", credentialLimit},
		{"rename_credential", renameCredential},
		{"remove_credential", removeCredential},
		{"remove_credential_refusals", removeCredentialRefusals},
		{"last_credential_race", lastCredentialRace},
		{"touch_session", touchSession},
		{"end_sessions", endSessions},
		{"session_limit", sessionLimit},
		{"set_state", setState},
		{"remove_account", removeAccount},
		{"list_accounts", listAccounts},
		{"events", events},
		{"events_of_strangers", eventsOfStrangers},
		{"events_of_strangers_race", eventsOfStrangersRace},
		{"audit_rows", auditRows},
		{"audit_seal", auditSeal},
		{"audit_seal_race", auditSealRace},
		{"audit_newest", auditNewest},
		{"audit_counting", auditCounting},
		{"audit_thin", auditThin},
		{"audit_follows", auditFollows},
		{"sweep", sweep},
		{"cancelled_among_many", cancelledAmongMany},
		{"durability", durability},
		{"closed", closed},
	}
}

// bench is the database that all checks share.
type bench struct {
	open  func(context.Context) (Store, error)
	store Store // nil: to be opened
	admin person
}

// scene is one check's.
type scene struct {
	*bench
	ctx context.Context //nolint:containedctx // lives as long as the check
	now time.Time
	err error
}

// run runs one check on a goroutine of its own, which a failed expectation ends.
func (b *bench) run(ctx context.Context, f func(*scene)) error {
	s := &scene{bench: b, ctx: ctx, now: time.Now().UTC().Truncate(time.Millisecond)}
	var wg sync.WaitGroup
	wg.Go(func() {
		if b.store == nil {
			s.reopen()
		}
		f(s)
	})
	wg.Wait()
	return s.err
}

func (s *scene) reopen() {
	store, err := s.open(s.ctx)
	s.ok("open", err)
	s.store = store
}

func (s *scene) closeStore() {
	store := s.store
	s.store = nil
	s.ok("close", store.Close())
}

func (s *scene) failf(format string, args ...any) {
	s.err = fmt.Errorf(format, args...)
	runtime.Goexit()
}

// ok wants no error.
func (s *scene) ok(what string, err error) {
	if err != nil {
		s.failf("%s: %w", what, err)
	}
}

// refused wants a certain error.
func (s *scene) refused(what string, err, want error) {
	if !errors.Is(err, want) {
		s.failf("%s: got error %v, want %w", what, err, want)
	}
}

// same wants equal values.
func (s *scene) same(what string, got, want any) {
	if !reflect.DeepEqual(got, want) {
		s.failf("%s:\n got %+v\nwant %+v", what, got, want)
	}
}

// apply wants a change to be made.
func (s *scene) apply(what string, c account.Change) {
	s.ok(what, s.store.Apply(s.ctx, c))
}

// refuses wants a change to be refused with a certain error.
func (s *scene) refuses(what string, c account.Change, want error) {
	s.refused(what, s.store.Apply(s.ctx, c), want)
}

// race applies n changes at once and returns how each ended.
func (s *scene) race(n int, change func(i int) account.Change) []error {
	errs := make([]error, n)
	changes := make([]account.Change, n)
	for i := range n {
		changes[i] = change(i)
	}
	begin := make(chan struct{})
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() {
			<-begin
			errs[i] = s.store.Apply(s.ctx, changes[i])
		})
	}
	close(begin)
	wg.Wait()
	return errs
}

// oneWins wants exactly one success and one of the given errors for all others,
// and returns who won.
func (s *scene) oneWins(errs []error, others ...error) int {
	winner := -1
	for i, err := range errs {
		switch {
		case err == nil && winner >= 0:
			s.failf("%d and %d both won", winner, i)
		case err == nil:
			winner = i
		case !isOneOf(err, others):
			s.failf("%d lost with %w", i, err)
		}
	}
	if winner < 0 {
		s.failf("nobody won")
	}
	return winner
}

func isOneOf(err error, targets []error) bool {
	for _, t := range targets {
		if errors.Is(err, t) {
			return true
		}
	}
	return false
}
