package storetest

import (
	"strings"

	"github.com/hitherauth/hither/internal/account"
	"github.com/hitherauth/hither/webauthn"
)

// isStored wants everything about a person to be as it was given.
func (s *scene) isStored(p person) {
	acc, err := s.store.AccountByName(s.ctx, p.account.Name)
	s.ok("account by name", err)
	s.same("account by name", acc, p.account)
	cred, owner, err := s.store.Credential(s.ctx, p.credential.ID)
	s.ok("credential", err)
	s.same("credential", cred, p.credential)
	s.same("owner of the credential", owner, p.account)
	session, owner, err := s.store.Session(s.ctx, p.session.TokenHash)
	s.ok("session", err)
	s.same("session", session, p.session)
	s.same("owner of the session", owner, p.account)
	s.same("credentials", s.credentials(p), []account.Credential{p.credential})
	s.same("sessions", s.sessions(p), []account.Session{p.session})
}

func registration(s *scene) {
	before := s.register()
	p := s.newPerson()
	c := s.registering(p)
	c.Replaces = &before.session.TokenHash
	s.apply("register", c)
	s.isStored(p)
	s.noSession("session that was replaced", before.session.TokenHash)
	s.same("events", s.eventsOf(p), []account.StoredEvent{stored(c.Event)})
	s.noAccount("unknown name", newName())
	_, _, err := s.store.Credential(s.ctx, random(20))
	s.refused("unknown credential", err, account.ErrNotFound)
	s.noSession("unknown session", newHash())
	stranger := person{account: account.Account{ID: newID()}}
	s.same("number of credentials of nobody", len(s.credentials(stranger)), 0)
	s.same("number of sessions of nobody", len(s.sessions(stranger)), 0)
}

func registrationOfFewFacts(s *scene) {
	p := s.newPerson()
	p.account.Name = "Ÿ" + p.account.Name
	p.credential = account.Credential{
		ID:        random(1023),
		AccountID: p.account.ID,
		PublicKey: random(1),
		SignCount: 1<<32 - 1,
		CreatedAt: s.now,
	}
	p.session.CredentialID = p.credential.ID
	p.session.Bearer, p.session.UserVerified = true, false
	p.session.Client = account.Client{}
	s.apply("register with little", s.registering(p))
	s.isStored(p)

	q := s.newPerson()
	q.credential.BackupEligible, q.credential.Discoverable = new(false), new(false)
	q.credential.BackupState = false
	q.credential.Transports = []webauthn.Transport{webauthn.TransportUSB}
	q.session.Client = elsewhere()
	s.apply("register with other facts", s.registering(q))
	s.isStored(q)
}

func registrationRefusals(s *scene) {
	p := s.register()
	attempt := func(what string, want error, edit func(*account.CreateAccount)) {
		q := s.newPerson()
		c := s.registering(q)
		edit(&c)
		s.refuses(what, c, want)
		if !strings.EqualFold(c.Account.Name, p.account.Name) {
			s.noAccount(what+": account afterwards", c.Account.Name)
		}
		s.noSession(what+": session afterwards", c.Session.TokenHash)
		s.same(what+": number of events", len(s.eventsOf(q)), 0)
		if want != account.ErrCeremonySpent { //nolint:errorlint // which of our own it is
			s.apply(what+": spend the ceremony, which was not", account.Refuse{Spend: c.Spend})
		}
		s.isStored(p)
	}
	attempt("name taken", account.ErrNameTaken, func(c *account.CreateAccount) { c.Account.Name = p.account.Name })
	attempt("name taken in another case", account.ErrNameTaken, func(c *account.CreateAccount) {
		c.Account.Name = strings.ToLower(p.account.Name)
	})
	attempt("credential exists", account.ErrCredentialExists, func(c *account.CreateAccount) {
		c.Credential.ID = p.credential.ID
	})
	attempt("credential exists with the same key", account.ErrCredentialExists, func(c *account.CreateAccount) {
		c.Credential = p.credential
	})
	used := s.spend()
	s.apply("refuse", account.Refuse{Spend: used})
	attempt("ceremony spent", account.ErrCeremonySpent, func(c *account.CreateAccount) { c.Spend = used })
	attempt("ceremony spent, and more is wrong", account.ErrCeremonySpent, func(c *account.CreateAccount) {
		c.Spend = used
		c.Account.Name = p.account.Name
		c.Invitation = new(newHash())
	})
	attempt("unknown invitation", account.ErrInvitationUsed, func(c *account.CreateAccount) { c.Invitation = new(newHash()) })
}

func registrationRace(s *scene) {
	for range 5 {
		p := s.newPerson()
		c := s.registering(p)
		s.oneWins(s.race(50, func(int) account.Change { return c }), account.ErrCeremonySpent)
		s.isStored(p)
		s.same("number of events", len(s.eventsOf(p)), 1)
	}
}

func nameRace(s *scene) {
	name := newName()
	people := make([]person, 30)
	won := s.oneWins(s.race(len(people), func(i int) account.Change {
		people[i] = s.newPerson()
		people[i].account.Name = name
		if i%2 == 1 {
			people[i].account.Name = strings.ToLower(name)
		}
		return s.registering(people[i])
	}), account.ErrNameTaken)
	s.isStored(people[won])
}

func invitation(s *scene) {
	inv := s.newInvitation()
	inv.Name = newName()
	s.invite(inv)
	got, err := s.store.Invitation(s.ctx, inv.TokenHash)
	s.ok("invitation", err)
	s.same("invitation", got, inv)
	_, err = s.store.Invitation(s.ctx, newHash())
	s.refused("unknown invitation", err, account.ErrNotFound)

	p := s.newPerson()
	c := s.registering(p)
	c.Invitation = &inv.TokenHash
	s.refuses("another name", c, account.ErrInvitationUsed)
	c.Account.Name = strings.ToLower(inv.Name)
	c.Account.Administrator = true
	s.refuses("more rights", c, account.ErrInvitationUsed)
	c.Account.Administrator = false
	late := c
	late.Event.At = inv.ExpiresAt
	s.refuses("too late", late, account.ErrInvitationUsed)
	taken := c
	taken.Credential = s.admin.credential
	s.refuses("credential exists", taken, account.ErrCredentialExists)
	s.apply("register", c)
	p.account.Name = c.Account.Name
	s.isStored(p)
	_, err = s.store.Invitation(s.ctx, inv.TokenHash)
	s.refused("invitation afterwards", err, account.ErrNotFound)
}

func invitationRace(s *scene) {
	for range 5 {
		inv := s.invite(s.newInvitation())
		people := make([]person, 20)
		won := s.oneWins(s.race(len(people), func(i int) account.Change {
			people[i] = s.newPerson()
			c := s.registering(people[i])
			c.Invitation = &inv.TokenHash
			return c
		}), account.ErrInvitationUsed)
		for i, p := range people {
			if i == won {
				s.isStored(p)
			} else {
				s.noAccount("account of a loser", p.account.Name)
			}
		}
	}
}

func refuse(s *scene) {
	p := s.register()
	c := account.Refuse{Spend: s.spend(), Event: s.event(account.EventAuthenticationFail, p)}
	c.Event.Check, c.Event.Detail = "signature", "detail"
	s.apply("refuse", c)
	s.refuses("refuse again", c, account.ErrCeremonySpent)
	in := s.signingIn(p)
	in.Spend = c.Spend
	s.refuses("sign in with a ceremony that was refused", in, account.ErrCeremonySpent)
	s.same("last event", s.eventsOf(p)[1:], []account.StoredEvent{stored(c.Event)})
	s.isStored(p)
}
