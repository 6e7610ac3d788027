//go:build unix

package sqlite_test

import (
	"crypto/rand"
	"errors"
	"fmt"
	"net/netip"
	"path/filepath"
	"testing"
	"time"

	"github.com/hitherauth/hither/internal/account"
	"github.com/hitherauth/hither/internal/store/sqlite"
)

// guessFrom applies a wrong guess and says whether it was judged.
func guessFrom(t *testing.T, store *sqlite.Store, address, about string, now time.Time) bool {
	t.Helper()
	var hash account.TokenHash
	_, _ = rand.Read(hash[:]) // never fails
	err := store.Apply(t.Context(), account.TryInvitation{
		TokenHash: hash, At: now,
		Guess: &account.Guess{Account: about, Address: netip.MustParseAddr(address), At: now},
	})
	if _, tooMany := errors.AsType[*account.GuessError](err); tooMany {
		return false
	}
	if !errors.Is(err, account.ErrInvitationUsed) {
		t.Fatalf("got error %v", err)
	}
	return true
}

// judged counts how many of a hundred guesses are.
func judged(t *testing.T, store *sqlite.Store, about string, now time.Time, address func(i int) string) int {
	t.Helper()
	n := 0
	for i := range 100 {
		if guessFrom(t, store, address(i), about, now) {
			n++
		}
	}
	return n
}

// A flood from very many networks takes a bounded number of rows, and limits
// the networks around it, not everybody.
func TestGuessesFromVeryManyNetworks(t *testing.T) {
	t.Parallel()
	const rows = 32_768
	path := t.TempDir()
	dir := own(t, path)
	now := time.Now().UTC().Truncate(time.Millisecond)
	store := openIn(t, dir)
	if !guessFrom(t, store, "192.0.2.1", "", now) {
		t.Fatal("the first guess is refused")
	}
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
	database := filepath.Join(path, "hither.db")
	execute(t, database, fmt.Sprintf(`
		WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %d)
		INSERT INTO guess (kind, subject, full_at) SELECT 'prefix', unhex(printf('2a00%%024x0000', i)), %d FROM n;
		UPDATE system SET guesses = (SELECT count(*) FROM guess);`, rows-1, now.Add(time.Hour).UnixMilli()))

	store = openIn(t, dir)
	for _, row := range []struct {
		what    string
		about   string
		want    int
		address func(i int) string
	}{
		{"networks of one provider", "", account.GuessesPerPrefix, func(i int) string { return fmt.Sprintf("2001:db8:0:%x00::1", i) }},
		{"networks of another", "", account.GuessesPerPrefix, func(i int) string { return fmt.Sprintf("2a02:%x::1", i) }},
		{"networks of a third", "", account.GuessesPerPrefix, func(i int) string { return fmt.Sprintf("198.51.%d.1", i) }},
		{"network that was known before", "", account.GuessesPerPrefix - 1, func(int) string { return "192.0.2.7" }},
		{"an account", "ada", account.GuessesPerAccount, func(i int) string { return fmt.Sprintf("%d.1.1.1", i+1) }},
	} {
		if got := judged(t, store, row.about, now, row.address); got != row.want {
			t.Errorf("%s: %d guesses were judged, want %d", row.what, got, row.want)
		}
	}
	if err := store.Sweep(t.Context(), now.Add(2*account.GuessWindow)); err != nil {
		t.Fatal(err)
	}
	later := now.Add(2 * account.GuessWindow)
	if got := judged(t, store, "", later, func(i int) string { return fmt.Sprintf("198.51.%d.1", i) }); got != 100 {
		t.Errorf("hours later: %d guesses of as many networks were judged", got)
	}
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
	// What is counted is what there is.
	db := foreign(t, database)
	var counted, there int
	if err := db.QueryRowContext(t.Context(), `SELECT guesses, (SELECT count(*) FROM guess) FROM system`).Scan(&counted, &there); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Error(err)
	}
	if counted != there || there != 100 {
		t.Errorf("%d rows are counted, and %d are there", counted, there)
	}
}
