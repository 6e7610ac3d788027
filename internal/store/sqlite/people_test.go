package sqlite_test

import (
	"context"
	"crypto/rand"
	"net/netip"
	"testing"
	"time"

	"github.com/hitherauth/hither/internal/account"
	"github.com/hitherauth/hither/webauthn"
)

func random(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.Read(b) // never fails
	return b
}

func spend() account.Spend {
	return account.Spend{Ceremony: account.CeremonyID(random(16)), ExpiresAt: time.Now().Add(5 * time.Minute)}
}

// registering is a registration of ordinary size: a passkey of a phone or of a
// password manager, in a browser that is known.
func registering(name string) account.CreateAccount {
	now := time.Now()
	id := account.ID(random(16))
	client := account.Client{Address: netip.MustParseAddr("192.0.2.7"), Browser: "Firefox on Linux"}
	cred := account.Credential{
		ID: random(20), AccountID: id, PublicKey: random(77), Transports: []webauthn.Transport{"hybrid", "internal"},
		Attachment: "platform", AAGUID: webauthn.AAGUID(random(16)), BackupEligible: new(true), BackupState: true,
		Discoverable: new(true), AttestationFormat: "none", Name: "Firefox on Linux", CreatedAt: now,
	}
	return account.CreateAccount{
		Spend: spend(),
		Account: account.Account{
			ID: id, UserHandle: random(32), Name: name, DisplayName: "Ada Lovelace", State: account.StateActive, CreatedAt: now,
		},
		Credential: cred,
		Session: account.Session{
			ID: account.ID(random(16)), TokenHash: account.TokenHash(random(32)), AccountID: id, CredentialID: cred.ID,
			UserVerified: true, AuthenticatedAt: now, LastSeenAt: now, ExpiresAt: now.Add(time.Hour), Client: client,
		},
		Event: account.Event{
			At: now, Type: account.EventAccountCreated, AccountID: &id, CredentialID: cred.ID, Actor: account.ActorPerson, Client: client,
		},
	}
}

func signingIn(acc account.ID, credential webauthn.Bytes) account.SignIn {
	now := time.Now()
	client := account.Client{Address: netip.MustParseAddr("192.0.2.7"), Browser: "Firefox on Linux"}
	return account.SignIn{
		Spend: spend(), CredentialID: credential, AccountID: acc, BackupEligible: true, BackupState: true,
		Session: account.Session{
			ID: account.ID(random(16)), TokenHash: account.TokenHash(random(32)), AccountID: acc, CredentialID: credential,
			UserVerified: true, AuthenticatedAt: now, LastSeenAt: now, ExpiresAt: now.Add(time.Hour), Client: client,
		},
		Event: account.Event{
			At: now, Type: account.EventSignedIn, AccountID: &acc, CredentialID: credential, Actor: account.ActorPerson, Client: client,
		},
	}
}

// register makes an account that is there when it returns.
func register(tb testing.TB, store account.Store, name string) account.CreateAccount {
	tb.Helper()
	c := registering(name)
	if err := store.Apply(context.WithoutCancel(tb.Context()), c); err != nil {
		tb.Fatal(err)
	}
	return c
}
