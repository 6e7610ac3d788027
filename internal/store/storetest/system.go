package storetest

import (
	"time"

	"github.com/hitherauth/hither/internal/account"
)

func newDatabase(s *scene) {
	s.same("system", s.system(), account.System{})
	list, err := s.store.Accounts(s.ctx, "", 10)
	s.ok("accounts", err)
	s.same("number of accounts", len(list), 0)
}

func claimSystem(s *scene) {
	claim := account.ClaimSystem{RPID: "id.example", KeyCheck: random(32)}
	s.apply("first claim", claim)
	s.apply("same claim", claim)
	s.refuses("claim with another RP ID", account.ClaimSystem{RPID: "id.example.org", KeyCheck: claim.KeyCheck}, account.ErrSystemDiffers)
	s.refuses("claim with another key", account.ClaimSystem{RPID: claim.RPID, KeyCheck: random(32)}, account.ErrSystemDiffers)
	s.same("system", s.system(), account.System{RPID: claim.RPID, KeyCheck: claim.KeyCheck})
}

func keys(s *scene) {
	var keys []account.Key
	for i := range 3 {
		keys = append(keys, account.Key{
			ID: [8]byte(random(8)), Purpose: "ceremony", Wrapped: random(72),
			CreatedAt: s.now.Add(time.Duration(i) * time.Second),
			NotBefore: s.now.Add(time.Minute),
		})
	}
	s.apply("add", account.PutKeys{Add: keys[:2]})
	s.same("keys", s.system().Keys, keys[:2])
	s.apply("add one, drop one", account.PutKeys{Add: keys[2:], Drop: [][8]byte{keys[0].ID, [8]byte(random(8))}})
	s.same("keys", s.system().Keys, keys[1:])
	if err := s.store.Apply(s.ctx, account.PutKeys{Add: keys[1:2], Drop: [][8]byte{keys[2].ID}}); err == nil {
		s.failf("a key was added twice")
	}
	s.same("keys after a change that failed halfway", s.system().Keys, keys[1:])
	s.apply("drop", account.PutKeys{Drop: [][8]byte{keys[1].ID, keys[2].ID}})
	s.same("number of keys", len(s.system().Keys), 0)
}

// settingUp is a registration by a setup link.
func (s *scene) settingUp(link account.TokenHash) account.CreateAccount {
	p := s.newPerson()
	p.account.Administrator = true
	c := s.registering(p)
	c.Invitation = &link
	return c
}

func (s *scene) newSetup() account.Invitation {
	inv := s.newInvitation()
	inv.Administrator, inv.Setup = true, true
	return inv
}

func setupRefusals(s *scene) {
	s.refuses("unknown link", s.settingUp(newHash()), account.ErrInvitationUsed)
	old := s.newSetup()
	old.ExpiresAt = s.now
	s.invite(old)
	s.refuses("expired link", s.settingUp(old.TokenHash), account.ErrInvitationUsed)
	without := s.settingUp(newHash())
	without.Invitation = nil
	s.refuses("administrator without a link", without, account.ErrInvitationUsed)
	link := s.invite(s.newSetup())
	plain := s.settingUp(link.TokenHash)
	plain.Account.Administrator = false
	s.refuses("link for an administrator, used for none", plain, account.ErrInvitationUsed)
	s.same("an administrator exists", s.system().HasAdministrator, false)
	got, err := s.store.Invitation(s.ctx, link.TokenHash)
	s.ok("link after refusals", err)
	s.same("link after refusals", got, link)
}

func setupRace(s *scene) {
	links := []account.Invitation{s.invite(s.newSetup()), s.invite(s.newSetup()), s.invite(s.newSetup())}
	visitors := make([]account.CreateAccount, 30)
	errs := s.race(len(visitors), func(i int) account.Change {
		visitors[i] = s.settingUp(links[i%2].TokenHash)
		return visitors[i]
	})
	winner := visitors[s.oneWins(errs, account.ErrInvitationUsed)]
	s.admin = person{winner.Account, winner.Credential, winner.Session}
	list, err := s.store.Accounts(s.ctx, "", 10)
	s.ok("accounts", err)
	s.same("accounts", list, []account.Account{winner.Account})
	s.same("an administrator exists", s.system().HasAdministrator, true)
	for _, l := range links {
		_, err := s.store.Invitation(s.ctx, l.TokenHash)
		s.refused("link after setup", err, account.ErrNotFound)
		s.refuses("registration by a link after setup", s.settingUp(l.TokenHash), account.ErrInvitationUsed)
	}
	s.refuses("new link after setup", account.CreateInvitation{Invitation: s.newSetup()}, account.ErrNotFound)
}

// registerAdministrator makes another administrator by invitation.
func (s *scene) registerAdministrator() person {
	inv := s.newInvitation()
	inv.Administrator = true
	s.invite(inv)
	p := s.newPerson()
	p.account.Administrator = true
	c := s.registering(p)
	c.Invitation = &inv.TokenHash
	s.apply("register an administrator", c)
	return p
}

func lastAdministrator(s *scene) {
	s.refuses("disable the last", s.settingState(s.admin, account.StateDisabled), account.ErrLastAdministrator)
	s.refuses("remove the last", account.RemoveAccount{AccountID: s.admin.account.ID}, account.ErrLastAdministrator)
	s.findSession(s.admin.session.TokenHash)
	other := s.registerAdministrator()
	s.apply("disable one of two", s.settingState(s.admin, account.StateDisabled))
	s.refuses("disable the last active", s.settingState(other, account.StateDisabled), account.ErrLastAdministrator)
	s.refuses("remove the last active", account.RemoveAccount{AccountID: other.account.ID}, account.ErrLastAdministrator)
	s.same("an administrator exists", s.system().HasAdministrator, true)
	s.apply("enable", s.settingState(s.admin, account.StateActive))
	s.apply("remove one of two", account.RemoveAccount{AccountID: other.account.ID})
}

func lastAdministratorRace(s *scene) {
	for range 10 {
		other := s.registerAdministrator()
		errs := s.race(2, func(i int) account.Change {
			if i == 0 {
				return s.settingState(s.admin, account.StateDisabled)
			}
			return account.RemoveAccount{AccountID: other.account.ID}
		})
		if s.oneWins(errs, account.ErrLastAdministrator) == 0 {
			s.apply("enable", s.settingState(s.admin, account.StateActive))
			s.apply("remove", account.RemoveAccount{AccountID: other.account.ID})
		}
	}
}
