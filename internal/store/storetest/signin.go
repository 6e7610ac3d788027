package storetest

import (
	"time"

	"github.com/hitherauth/hither/internal/account"
)

func signIn(s *scene) {
	p := s.register()
	in := s.signingIn(p)
	in.BackupState = false
	in.Session.AuthenticatedAt = s.now.Add(time.Second)
	in.Session.LastSeenAt = in.Session.AuthenticatedAt
	in.Session.Client = elsewhere()
	s.apply("sign in", in)

	want := p.credential
	want.SignCount, want.BackupState = in.SignCount, false
	want.LastUse = &account.Use{At: in.Session.AuthenticatedAt, Address: elsewhere().Address, Browser: elsewhere().Browser}
	s.same("credential", s.findCredential(p.credential.ID), want)
	s.same("sessions, the latest first", s.sessions(p), []account.Session{in.Session, p.session})
	s.same("last event", s.eventsOf(p)[1:], []account.StoredEvent{stored(in.Event)})

	again := s.signingIn(p)
	again.SignCount = in.SignCount + 1
	again.Replaces = &in.Session.TokenHash
	s.apply("sign in again", again)
	s.noSession("session that was replaced", in.Session.TokenHash)
	s.same("new session", s.findSession(again.Session.TokenHash), again.Session)
}

func signInRefusals(s *scene) {
	p, other := s.register(), s.register()
	attempt := func(what string, want error, edit func(*account.SignIn)) {
		in := s.signingIn(p)
		edit(&in)
		s.refuses(what, in, want)
		s.noSession(what+": session afterwards", in.Session.TokenHash)
		s.same(what+": credential afterwards", s.findCredential(p.credential.ID), p.credential)
		s.apply(what+": spend the ceremony, which was not", account.Refuse{Spend: in.Spend})
		s.same(what+": number of events", len(s.eventsOf(p)), 1)
	}
	attempt("unknown credential", account.ErrNotFound, func(in *account.SignIn) { in.CredentialID = random(20) })
	attempt("somebody else's credential", account.ErrNotFound, func(in *account.SignIn) { in.AccountID = other.account.ID })
	attempt("somebody else's account", account.ErrNotFound, func(in *account.SignIn) { in.CredentialID = other.credential.ID })
	attempt("counter the same", account.ErrSignCount, func(in *account.SignIn) { in.SignCount = p.credential.SignCount })
	attempt("counter lower", account.ErrSignCount, func(in *account.SignIn) { in.SignCount = p.credential.SignCount - 1 })
	attempt("counter back to zero", account.ErrSignCount, func(in *account.SignIn) { in.SignCount = 0 })
	attempt("backup eligibility lost", account.ErrBackupEligible, func(in *account.SignIn) { in.BackupEligible = false })

	disabled := s.register()
	s.apply("disable", s.settingState(disabled, account.StateDisabled))
	in := s.signingIn(disabled)
	s.refuses("disabled account", in, account.ErrDisabled)
	s.noSession("session of a disabled account", in.Session.TokenHash)
	s.apply("enable", s.settingState(disabled, account.StateActive))
	s.apply("sign in once enabled, with the same ceremony", in)
	s.refuses("sign in again with it", in, account.ErrCeremonySpent)
}

func signInRace(s *scene) {
	for range 20 {
		p := s.register()
		p.credential.SignCount = 0
		in := s.signingIn(p)
		in.SignCount = 100 // a counter alone would let the first through, too
		errs := s.race(64, func(int) account.Change {
			same := in
			same.Session = s.newSession(p.account.ID, p.credential.ID)
			return same
		})
		s.oneWins(errs, account.ErrCeremonySpent)
		s.same("number of sessions", len(s.sessions(p)), 2)
		s.same("number of events", len(s.eventsOf(p)), 2)
	}
}

func signCount(s *scene) {
	p := s.newPerson()
	p.credential.SignCount = 0
	s.apply("register", s.registering(p))
	for _, count := range []uint32{0, 0, 1, 2, 1<<32 - 1} {
		in := s.signingIn(p)
		in.SignCount = count
		s.apply("sign in", in)
		s.same("counter", s.findCredential(p.credential.ID).SignCount, count)
	}
	in := s.signingIn(p)
	in.SignCount = 1<<32 - 1
	s.refuses("sign in with the highest counter again", in, account.ErrSignCount)
}

func signCountRace(s *scene) {
	for range 5 {
		p := s.register()
		errs := s.race(30, func(int) account.Change { return s.signingIn(p) })
		s.oneWins(errs, account.ErrSignCount)
		s.same("number of sessions", len(s.sessions(p)), 2)
	}
}

func backupEligible(s *scene) {
	for _, learnt := range []bool{true, false} {
		p := s.newPerson()
		p.credential.BackupEligible, p.credential.BackupState = nil, false
		s.apply("register", s.registering(p))
		in := s.signingIn(p)
		in.BackupEligible, in.BackupState = learnt, learnt
		s.apply("first use", in)
		got := s.findCredential(p.credential.ID)
		s.same("backup eligibility", got.BackupEligible, &learnt)
		s.same("backup state", got.BackupState, learnt)
		changed := s.signingIn(got2person(p, got))
		changed.BackupEligible = !learnt
		s.refuses("changed", changed, account.ErrBackupEligible)
		kept := s.signingIn(got2person(p, got))
		kept.BackupEligible, kept.BackupState = learnt, false
		s.apply("unchanged", kept)
	}
}

// got2person is p with the record that the store has now.
func got2person(p person, c account.Credential) person {
	p.credential = c
	return p
}
