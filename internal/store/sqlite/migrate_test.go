//go:build unix

package sqlite_test

import (
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/pressly/goose/v3"

	"github.com/hitherauth/hither/internal/account"
	"github.com/hitherauth/hither/internal/store/sqlite"
	"github.com/hitherauth/hither/webauthn"
)

func TestMigrate(t *testing.T) {
	t.Parallel()
	dir := own(t, t.TempDir())
	first, err := sqlite.Migrate(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	if first.From != 0 || first.To == 0 {
		t.Errorf("new database: got %+v", first)
	}
	second, err := sqlite.Migrate(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	if second.From != first.To || second.To != first.To {
		t.Errorf("the same again: got %+v, want %d and %d", second, first.To, first.To)
	}
	register(t, openIn(t, dir), "ada")
}

// Every version that was ever released must come up to today's with everything
// in it. testdata has a database of each, as SQL.
func TestMigrateFromEachVersion(t *testing.T) {
	t.Parallel()
	steps, err := filepath.Glob("migrations/*.sql")
	if err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob("testdata/*.sql")
	if err != nil {
		t.Fatal(err)
	}
	if len(files) != len(steps) {
		t.Errorf("there are %d versions and %d databases in testdata", len(steps), len(files))
	}
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".sql")
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			version, err := strconv.ParseInt(name, 10, 64)
			if err != nil {
				t.Fatal(err)
			}
			path := t.TempDir()
			makeVersion(t, filepath.Join(path, "hither.db"), version, file)
			holdsAda(t, openIn(t, own(t, path)))
		})
	}
}

func makeVersion(t *testing.T, database string, version int64, file string) {
	t.Helper()
	db := foreign(t, database)
	p, err := goose.NewProvider(goose.DialectSQLite3, db, os.DirFS("migrations"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.UpTo(t.Context(), version); err != nil {
		t.Fatal(err)
	}
	rows, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.ExecContext(t.Context(), string(rows)); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
}

// holdsAda wants what every file in testdata says.
func holdsAda(t *testing.T, store *sqlite.Store) {
	t.Helper()
	run := func(from byte, n int) []byte {
		b := make([]byte, n)
		for i := range b {
			b[i] = from + byte(i%16)
		}
		return b
	}
	at := func(ms int64) time.Time { return time.UnixMilli(1764000000000 + ms).UTC() }
	far := time.UnixMilli(4102444800000).UTC()
	ada := account.Account{
		ID: account.ID(run(0, 16)), UserHandle: webauthn.Bytes{0xaa, 0xaa}, Name: "Ada", DisplayName: "Ada Lovelace",
		Administrator: true, State: account.StateActive, CreatedAt: at(123),
	}
	cred := account.Credential{
		ID: webauthn.Bytes{0xc0, 0xff, 0xee}, AccountID: ada.ID, PublicKey: []byte{0xa1}, SignCount: 5,
		Transports: []webauthn.Transport{"hybrid", "internal"}, Attachment: "platform", AAGUID: webauthn.AAGUID(run(0x10, 16)),
		BackupEligible: new(true), BackupState: true, AttestationFormat: "none", Name: "Phone", CreatedAt: at(124),
		LastUse: &account.Use{At: at(125), Address: netip.MustParseAddr("192.0.2.7"), Browser: "Firefox on Linux"},
	}
	session := account.Session{
		ID: account.ID(run(0x20, 16)), TokenHash: account.TokenHash(run(0x30, 32)), AccountID: ada.ID, CredentialID: cred.ID,
		UserVerified: true, AuthenticatedAt: at(125), LastSeenAt: at(126), ExpiresAt: far,
		Client: account.Client{Address: netip.MustParseAddr("2001:db8::1"), Browser: "Firefox on Linux"},
	}
	inv := account.Invitation{
		ID: account.ID(run(0x60, 16)), TokenHash: account.TokenHash(run(0x50, 32)), Name: "bob", CreatedAt: at(127), ExpiresAt: far,
	}
	event := account.StoredEvent{
		Event: account.Event{
			At: at(125), Type: account.EventSignedIn, AccountID: &ada.ID, Actor: account.ActorPerson,
			Client: account.Client{Address: netip.MustParseAddr("192.0.2.7"), Browser: "Firefox on Linux"},
		},
		No: 1, CredentialHash: new([16]byte(run(0x70, 16))), Count: 1,
	}
	system := account.System{
		RPID: "id.example", KeyCheck: []byte{0xa0, 0xa1}, HasAdministrator: true,
		Keys: []account.Key{{ID: [8]byte(run(0x80, 8)), Purpose: "ceremony", Wrapped: []byte{0x90}, CreatedAt: at(128), NotBefore: at(60128)}},
	}

	ctx := t.Context()
	same(t, "account", ada)(store.AccountByName(ctx, "ADA"))
	same(t, "credentials", []account.Credential{cred})(store.Credentials(ctx, ada.ID))
	same(t, "sessions", []account.Session{session})(store.Sessions(ctx, ada.ID))
	same(t, "invitation", inv)(store.Invitation(ctx, inv.TokenHash))
	same(t, "events", []account.StoredEvent{event})(store.Events(ctx, 0, 10))
	same(t, "system", system)(store.System(ctx))
}

func same[T any](t *testing.T, what string, want T) func(T, error) {
	return func(got T, err error) {
		t.Helper()
		if err != nil {
			t.Errorf("%s: %v", what, err)
			return
		}
		if diff := cmp.Diff(want, got, cmpopts.EquateComparable(netip.Addr{})); diff != "" {
			t.Errorf("%s differs (-want +got):\n%s", what, diff)
		}
	}
}
