package storetest

import "github.com/hitherauth/hither/internal/account"

func addCredential(s *scene) {
	p := s.register()
	add := s.adding(p)
	add.Credential.Attachment = "cross-platform"
	s.apply("add", add)
	s.same("credentials in the order in which they were made", s.credentials(p), []account.Credential{p.credential, add.Credential})
	s.same("last event", s.eventsOf(p)[1:], []account.StoredEvent{stored(add.Event)})
	s.refuses("add again", add, account.ErrCeremonySpent)
}

func addCredentialRefusals(s *scene) {
	p, other := s.register(), s.register()
	attempt := func(what string, want error, edit func(*account.AddCredential)) {
		add := s.adding(p)
		edit(&add)
		s.refuses(what, add, want)
		s.same(what+": credentials afterwards", s.credentials(p), []account.Credential{p.credential})
		s.same(what+": credentials of another", s.credentials(other), []account.Credential{other.credential})
		s.apply(what+": spend the ceremony, which was not", account.Refuse{Spend: add.Spend})
	}
	attempt("unknown session", account.ErrSessionEnded, func(a *account.AddCredential) { a.Session = newHash() })
	attempt("somebody else's session", account.ErrSessionEnded, func(a *account.AddCredential) { a.Session = other.session.TokenHash })
	attempt("session past its end", account.ErrSessionEnded, func(a *account.AddCredential) { a.Event.At = p.session.ExpiresAt })
	attempt("credential exists here", account.ErrCredentialExists, func(a *account.AddCredential) { a.Credential.ID = p.credential.ID })
	attempt("credential exists elsewhere", account.ErrCredentialExists, func(a *account.AddCredential) { a.Credential.ID = other.credential.ID })
	s.apply("end the session", account.EndSessions{AccountID: p.account.ID, Only: &p.session.ID})
	attempt("session that was ended", account.ErrSessionEnded, func(*account.AddCredential) {})
}

func credentialLimit(s *scene) {
	p := s.register()
	for _, err := range s.race(account.MaxCredentials-2, func(int) account.Change { return s.adding(p) }) {
		s.ok("add", err)
	}
	errs := s.race(8, func(int) account.Change { return s.adding(p) })
	s.oneWins(errs, account.ErrTooManyCredentials)
	s.same("number of credentials", len(s.credentials(p)), account.MaxCredentials)
	s.same("number of events", len(s.eventsOf(p)), account.MaxCredentials)
}

func renameCredential(s *scene) {
	p, other := s.register(), s.register()
	rename := account.RenameCredential{
		AccountID: p.account.ID, CredentialID: p.credential.ID, Session: p.session.TokenHash, Name: "Ключ", Event: s.event(account.EventCredentialRenamed, p),
	}
	s.apply("rename", rename)
	want := p.credential
	want.Name = rename.Name
	s.same("credential", s.findCredential(p.credential.ID), want)
	s.same("last event", s.eventsOf(p)[1:], []account.StoredEvent{stored(rename.Event)})
	rename.CredentialID = other.credential.ID
	s.refuses("rename somebody else's", rename, account.ErrNotFound)
	s.same("credential of another", s.findCredential(other.credential.ID), other.credential)
	rename.CredentialID = random(20)
	s.refuses("rename an unknown one", rename, account.ErrNotFound)
	rename.CredentialID, rename.Session = p.credential.ID, other.session.TokenHash
	s.refuses("rename with somebody else's session", rename, account.ErrSessionEnded)
	rename.Session = newHash()
	s.refuses("rename with an unknown session", rename, account.ErrSessionEnded)
	rename.Session, rename.Event.At = p.session.TokenHash, p.session.ExpiresAt
	s.refuses("rename with a session past its end", rename, account.ErrSessionEnded)
	s.same("number of events", len(s.eventsOf(p)), 2)
}

func removeCredential(s *scene) {
	p := s.register()
	add := s.adding(p)
	s.apply("add", add)
	second := got2person(p, add.Credential)
	in := s.signingIn(second)
	s.apply("sign in with the second", in)
	remove := s.removing(p, p.credential.ID)
	s.apply("remove the first", remove)
	s.noSession("session of the first", p.session.TokenHash)
	s.same("sessions", s.sessions(p), []account.Session{in.Session})
	_, _, err := s.store.Credential(s.ctx, p.credential.ID)
	s.refused("credential that was removed", err, account.ErrNotFound)
	s.same("number of credentials", len(s.credentials(p)), 1)
	s.same("last event", s.eventsOf(p)[3:], []account.StoredEvent{stored(remove.Event)})
	s.refuses("sign in with the first", s.signingIn(p), account.ErrNotFound)
}

func removeCredentialRefusals(s *scene) {
	p, other := s.register(), s.register()
	s.refuses("remove the last", s.removing(p, p.credential.ID), account.ErrLastCredential)
	s.refuses("remove somebody else's while one is left", s.removing(p, other.credential.ID), account.ErrNotFound)
	add := s.adding(p)
	s.apply("add", add)
	s.refuses("remove somebody else's", s.removing(p, other.credential.ID), account.ErrNotFound)
	s.refuses("remove an unknown one", s.removing(p, random(20)), account.ErrNotFound)
	remove := s.removing(p, add.Credential.ID)
	remove.Session = other.session.TokenHash
	s.refuses("remove with somebody else's session", remove, account.ErrSessionEnded)
	remove.Session = newHash()
	s.refuses("remove with an unknown session", remove, account.ErrSessionEnded)
	remove = s.removing(p, add.Credential.ID)
	remove.Event.At = p.session.ExpiresAt
	s.refuses("remove with a session past its end", remove, account.ErrSessionEnded)
	s.same("credentials", s.credentials(p), []account.Credential{p.credential, add.Credential})
	s.same("credentials of another", s.credentials(other), []account.Credential{other.credential})
	s.same("number of events", len(s.eventsOf(p)), 2)
}

func lastCredentialRace(s *scene) {
	for range 20 {
		p := s.register()
		add := s.adding(p)
		s.apply("add", add)
		second := s.signingIn(got2person(p, add.Credential))
		s.apply("sign in with the second", second)
		// Each session removes the credential of the other.
		errs := s.race(2, func(i int) account.Change {
			if i == 0 {
				return s.removing(p, add.Credential.ID)
			}
			r := s.removing(p, p.credential.ID)
			r.Session = second.Session.TokenHash
			return r
		})
		// The loser's session ended with the credential that opened it.
		s.oneWins(errs, account.ErrLastCredential, account.ErrSessionEnded)
		s.same("number of credentials", len(s.credentials(p)), 1)

		q := s.register()
		add = s.adding(q)
		s.apply("add", add)
		third := s.adding(q)
		s.apply("add", third)
		s.apply("remove", s.removing(q, third.Credential.ID))
		errs = s.race(8, func(int) account.Change { return s.removing(q, add.Credential.ID) })
		s.oneWins(errs, account.ErrLastCredential, account.ErrNotFound)
		s.same("credentials", s.credentials(q), []account.Credential{q.credential})
	}
}
