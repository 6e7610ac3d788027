package storetest

import (
	"crypto/rand"
	"net/netip"
	"time"

	"github.com/hitherauth/hither/internal/account"
	"github.com/hitherauth/hither/webauthn"
)

// person is an account with its first credential and session.
type person struct {
	account    account.Account
	credential account.Credential
	session    account.Session
}

func (p person) id() *account.ID { return &p.account.ID }

func random(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.Read(b) // never fails
	return b
}

func newID() account.ID          { return account.ID(random(16)) }
func newHash() account.TokenHash { return account.TokenHash(random(32)) }
func newName() string            { return "p" + rand.Text() }
func home() account.Client       { return client("192.0.2.7", "Firefox on Linux") }
func elsewhere() account.Client  { return client("2001:db8:1:2ff:3::4", "Safari on iPhone") }
func client(a, browser string) account.Client {
	return account.Client{Address: netip.MustParseAddr(a), Browser: browser}
}

func (s *scene) spend() account.Spend {
	return account.Spend{Ceremony: account.CeremonyID(random(16)), ExpiresAt: s.now.Add(5 * time.Minute)}
}

func (s *scene) newCredential(owner account.ID) account.Credential {
	return account.Credential{
		ID:                random(20),
		AccountID:         owner,
		PublicKey:         random(77),
		SignCount:         7,
		Transports:        []webauthn.Transport{webauthn.TransportHybrid, webauthn.TransportInternal},
		Attachment:        "platform",
		AAGUID:            webauthn.AAGUID(random(16)),
		BackupEligible:    new(true),
		BackupState:       true,
		Discoverable:      new(true),
		AttestationFormat: "packed",
		AttestationType:   "basic_full",
		Name:              "Ünï ⚷",
		CreatedAt:         s.now,
	}
}

func (s *scene) newSession(owner account.ID, credential webauthn.Bytes) account.Session {
	return account.Session{
		ID:              newID(),
		TokenHash:       newHash(),
		AccountID:       owner,
		CredentialID:    credential,
		UserVerified:    true,
		AuthenticatedAt: s.now,
		LastSeenAt:      s.now,
		ExpiresAt:       s.now.Add(24 * time.Hour),
		Client:          home(),
	}
}

// newPerson is somebody who is not registered yet.
func (s *scene) newPerson() person {
	id := newID()
	cred := s.newCredential(id)
	return person{
		account: account.Account{
			ID:          id,
			UserHandle:  random(32),
			Name:        newName(),
			DisplayName: "Ada 愛 Lovelace",
			State:       account.StateActive,
			CreatedAt:   s.now,
		},
		credential: cred,
		session:    s.newSession(id, cred.ID),
	}
}

func (s *scene) registering(p person) account.CreateAccount {
	return account.CreateAccount{
		Spend:      s.spend(),
		Account:    p.account,
		Credential: p.credential,
		Session:    p.session,
		Event:      s.event(account.EventAccountCreated, p),
	}
}

func (s *scene) event(t account.EventType, p person) account.Event {
	return account.Event{
		At: s.now, Type: t, AccountID: p.id(), CredentialID: p.credential.ID, Actor: account.ActorPerson, Client: home(),
	}
}

// register makes a person.
func (s *scene) register() person {
	p := s.newPerson()
	s.apply("register", s.registering(p))
	return p
}

func (s *scene) signingIn(p person) account.SignIn {
	return account.SignIn{
		Spend:          s.spend(),
		CredentialID:   p.credential.ID,
		AccountID:      p.account.ID,
		SignCount:      p.credential.SignCount + 1,
		BackupEligible: true,
		BackupState:    true,
		Session:        s.newSession(p.account.ID, p.credential.ID),
		Event:          s.event(account.EventSignedIn, p),
	}
}

func (s *scene) adding(p person) account.AddCredential {
	c := s.newCredential(p.account.ID)
	return account.AddCredential{
		Spend: s.spend(), Credential: c, Session: p.session.TokenHash, Event: s.event(account.EventCredentialAdded, p),
	}
}

func (s *scene) removing(p person, id webauthn.Bytes) account.RemoveCredential {
	return account.RemoveCredential{
		AccountID: p.account.ID, CredentialID: id, Session: p.session.TokenHash, Event: s.event(account.EventCredentialRemoved, p),
	}
}

func (s *scene) settingState(p person, state account.State) account.SetState {
	return account.SetState{AccountID: p.account.ID, State: state, Event: s.event(account.EventAccountDisabled, p)}
}

// newInvitation is not stored yet.
func (s *scene) newInvitation() account.Invitation {
	return account.Invitation{ID: newID(), TokenHash: newHash(), CreatedAt: s.now, ExpiresAt: s.now.Add(time.Hour)}
}

func (s *scene) invite(inv account.Invitation) account.Invitation {
	s.apply("create invitation", account.CreateInvitation{
		Invitation: inv, Event: account.Event{At: s.now, Type: account.EventInvitationCreated, Actor: account.ActorOperator},
	})
	return inv
}

// What the store says now.

func (s *scene) findCredential(id webauthn.Bytes) account.Credential {
	c, _, err := s.store.Credential(s.ctx, id)
	s.ok("credential", err)
	return c
}

func (s *scene) credentials(p person) []account.Credential {
	list, err := s.store.Credentials(s.ctx, p.account.ID)
	s.ok("credentials", err)
	return list
}

func (s *scene) sessions(p person) []account.Session {
	list, err := s.store.Sessions(s.ctx, p.account.ID)
	s.ok("sessions", err)
	return list
}

func (s *scene) findSession(hash account.TokenHash) account.Session {
	session, _, err := s.store.Session(s.ctx, hash)
	s.ok("session", err)
	return session
}

func (s *scene) noSession(what string, hash account.TokenHash) {
	_, _, err := s.store.Session(s.ctx, hash)
	s.refused(what, err, account.ErrNotFound)
}

func (s *scene) noAccount(what, name string) {
	_, err := s.store.AccountByName(s.ctx, name)
	s.refused(what, err, account.ErrNotFound)
}

func (s *scene) system() account.System {
	sys, err := s.store.System(s.ctx)
	s.ok("system", err)
	return sys
}

// eventsOf lists what was recorded about a person, without row numbers.
func (s *scene) eventsOf(p person) []account.StoredEvent {
	var list []account.StoredEvent
	for after := int64(0); ; {
		page, err := s.store.Events(s.ctx, after, 500)
		s.ok("events", err)
		if len(page) == 0 {
			return list
		}
		for _, e := range page {
			if e.No <= after {
				s.failf("event %d came behind event %d", e.No, after)
			}
			after = e.No
			if e.AccountID != nil && *e.AccountID == p.account.ID {
				e.No = 0
				list = append(list, e)
			}
		}
	}
}

// stored is how an event comes back that has a row of its own.
func stored(e account.Event) account.StoredEvent {
	se := account.StoredEvent{Event: e, Count: 1}
	if e.CredentialID != nil {
		se.CredentialHash = new(account.CredentialHash(e.CredentialID))
		se.CredentialID = nil
	}
	return se
}
