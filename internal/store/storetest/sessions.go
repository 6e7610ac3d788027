package storetest

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/hitherauth/hither/internal/account"
)

func touchSession(s *scene) {
	p := s.register()
	hash := p.session.TokenHash
	later := s.now.Add(time.Hour)
	s.apply("touch", account.TouchSession{TokenHash: hash, At: later})
	s.same("last seen", s.findSession(hash).LastSeenAt, later)
	s.apply("touch earlier", account.TouchSession{TokenHash: hash, At: s.now})
	s.same("last seen after a touch from the past", s.findSession(hash).LastSeenAt, later)
	s.refuses("touch an unknown one", account.TouchSession{TokenHash: newHash(), At: later}, account.ErrSessionEnded)
	s.apply("end", account.EndSessions{AccountID: p.account.ID, Only: &p.session.ID})
	s.refuses("touch one that has ended", account.TouchSession{TokenHash: hash, At: later}, account.ErrSessionEnded)
}

func endSessions(s *scene) {
	p, other := s.register(), s.register()
	open := []account.Session{p.session}
	for i := range 3 {
		in := s.signingIn(p)
		in.SignCount += uint32(i)
		in.Session.LastSeenAt = s.now.Add(time.Duration(i+1) * time.Second)
		s.apply("sign in", in)
		open = append(open, in.Session)
	}
	left := func(what string, want ...account.Session) {
		slices.Reverse(want)
		got := s.sessions(p)
		s.same(what+": number of sessions", len(got), len(want))
		if len(want) > 0 {
			s.same(what, got, want)
		}
		s.same(what+": sessions of another", s.sessions(other), []account.Session{other.session})
	}
	left("at first", slices.Clone(open)...)
	end := account.EndSessions{AccountID: p.account.ID, Event: s.event(account.EventSessionEnded, p)}

	end.Only = &other.session.ID
	s.refuses("end somebody else's", end, account.ErrNotFound)
	end.Only = new(newID())
	s.refuses("end an unknown one", end, account.ErrNotFound)
	s.same("number of events", len(s.eventsOf(p)), 4)
	end.Only = &open[1].ID
	s.apply("end one", end)
	left("one ended", open[0], open[2], open[3])
	s.refuses("end it again", end, account.ErrNotFound)
	end.Only, end.Except = nil, &open[2].ID
	s.apply("end all but one", end)
	left("all but one ended", open[2])
	end.Except = nil
	s.apply("end all", end)
	left("all ended")
	s.same("number of events", len(s.eventsOf(p)), 7)
	end.AccountID = newID()
	s.refuses("end an unknown account's", end, account.ErrNotFound)
}

func sessionLimit(s *scene) {
	p, other := s.newPerson(), s.register()
	p.credential.SignCount = 0
	s.apply("register", s.registering(p))
	signingIn := func() account.SignIn {
		in := s.signingIn(p)
		in.SignCount = 0
		return in
	}
	for _, err := range s.race(account.MaxSessions-1, func(int) account.Change { return signingIn() }) {
		s.ok("sign in", err)
	}
	s.same("number of sessions", len(s.sessions(p)), account.MaxSessions)
	again := signingIn()
	again.Replaces = new(s.sessions(p)[0].TokenHash)
	s.apply("sign in in place of another", again)
	s.same("number of sessions, one replaced", len(s.sessions(p)), account.MaxSessions)
	events := len(s.eventsOf(p))

	seen := s.sessions(p)[account.MaxSessions-1].TokenHash
	s.apply("touch the oldest", account.TouchSession{TokenHash: seen, At: s.now.Add(time.Hour)})
	past := signingIn()
	past.Session.LastSeenAt = s.now.Add(-time.Hour)
	s.apply("sign in once more, with a clock that went back", past)
	s.same("number of sessions, one more", len(s.sessions(p)), account.MaxSessions)
	s.findSession(seen)
	s.findSession(past.Session.TokenHash)
	ended := past.Event
	ended.Type, ended.Detail = account.EventSessionEnded, "too many sessions"
	s.same("last events", s.eventsOf(p)[events:], []account.StoredEvent{stored(ended), stored(past.Event)})
	s.same("sessions of another", s.sessions(other), []account.Session{other.session})
}

func setState(s *scene) {
	p := s.register()
	disable := s.settingState(p, account.StateDisabled)
	s.apply("disable", disable)
	s.noSession("session of a disabled account", p.session.TokenHash)
	acc, err := s.store.AccountByName(s.ctx, p.account.Name)
	s.ok("account", err)
	want := p.account
	want.State = account.StateDisabled
	s.same("account", acc, want)
	s.same("credentials stay", s.credentials(p), []account.Credential{p.credential})
	s.same("last event", s.eventsOf(p)[1:], []account.StoredEvent{stored(disable.Event)})
	s.apply("disable again", disable)
	s.apply("enable", s.settingState(p, account.StateActive))
	s.apply("sign in", s.signingIn(p))
	unknown := s.newPerson()
	s.refuses("disable an unknown account", s.settingState(unknown, account.StateDisabled), account.ErrNotFound)
	s.same("number of events", len(s.eventsOf(unknown)), 0)
}

func removeAccount(s *scene) {
	p, other := s.register(), s.register()
	s.apply("sign in", s.signingIn(p))
	s.apply("add", s.adding(p))
	remove := account.RemoveAccount{AccountID: p.account.ID, Event: s.event(account.EventAccountRemoved, p)}
	s.apply("remove", remove)
	s.noAccount("account", p.account.Name)
	s.noSession("session", p.session.TokenHash)
	_, _, err := s.store.Credential(s.ctx, p.credential.ID)
	s.refused("credential", err, account.ErrNotFound)
	s.same("number of credentials", len(s.credentials(p)), 0)
	s.same("number of sessions", len(s.sessions(p)), 0)
	s.same("events stay", s.eventsOf(p)[3:], []account.StoredEvent{stored(remove.Event)})
	s.refuses("remove again", remove, account.ErrNotFound)
	s.isStored(other)
	next := s.newPerson()
	next.account.Name = p.account.Name
	s.apply("register with the name, which is free", s.registering(next))
	s.isStored(next)
}

func listAccounts(s *scene) {
	stem := newName()
	var want []account.Account
	for i := range 7 {
		p := s.newPerson()
		p.account.Name = fmt.Sprintf("%s%d", stem, i)
		if i%2 == 1 {
			p.account.Name = strings.ToUpper(p.account.Name)
		}
		s.apply("register", s.registering(p))
		want = append(want, p.account)
	}
	var got []account.Account
	for after := stem; ; {
		page, err := s.store.Accounts(s.ctx, after, 3)
		s.ok("accounts", err)
		if len(page) == 0 {
			break
		}
		if len(page) > 3 {
			s.failf("page of %d accounts, at most 3 were asked for", len(page))
		}
		for _, a := range page {
			if strings.HasPrefix(strings.ToLower(a.Name), strings.ToLower(stem)) {
				got = append(got, a)
			}
		}
		after = page[len(page)-1].Name
	}
	s.same("accounts", got, want)
	acc, err := s.store.AccountByName(s.ctx, strings.ToUpper(stem)+"4")
	s.ok("account by name in another case", err)
	s.same("account by name in another case", acc, want[4])
}
