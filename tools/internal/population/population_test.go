package population

import (
	"bytes"
	"testing"

	"github.com/hitherauth/hither/internal/account"
	"github.com/hitherauth/hither/internal/load"
	"github.com/hitherauth/hither/internal/store/sqlite"
)

// What was filled in is what the store itself would have stored: it finds
// everybody, by name and by credential.
func TestFill(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	p := load.Population{Seed: "test", RPID: "localhost"}
	const people = 2*batch + 3
	told := 0
	filled, err := Fill(t.Context(), dir, p, people, func(n int) { told = n })
	if err != nil {
		t.Fatal(err)
	}
	if filled.People != people || told != people || filled.PersonBytes < 200 || filled.PersonBytes > 2000 {
		t.Errorf("%+v, told %d", filled, told)
	}
	if _, err := Fill(t.Context(), dir, p, 1, nil); err == nil {
		t.Error("a directory was filled twice")
	}

	d, err := sqlite.OwnDirectory(dir)
	if err != nil {
		t.Fatal(err)
	}
	store, err := sqlite.Open(t.Context(), sqlite.Config{Directory: d})
	if err != nil {
		t.Fatal(err)
	}
	for i := range int64(people) {
		s, err := p.Person(i)
		if err != nil {
			t.Fatal(err)
		}
		c, a, err := store.Credential(t.Context(), s.Credential.ID)
		if err != nil {
			t.Fatalf("person %d: %v", i, err)
		}
		if a.ID != account.ID(s.AccountID) || a.Name != s.Name || a.State != account.StateActive || a.Administrator ||
			!bytes.Equal(a.UserHandle, s.Credential.UserHandle) || !bytes.Equal(c.PublicKey, s.Credential.PublicKey) {
			t.Errorf("person %d: got %+v, %+v", i, a, c)
		}
		named, err := store.AccountByName(t.Context(), s.Name)
		if err != nil || named.ID != a.ID {
			t.Errorf("person %d by name: %+v, %v", i, named, err)
		}
	}
	if err := store.Close(); err != nil {
		t.Error(err)
	}
	if err := d.Close(); err != nil {
		t.Error(err)
	}
}
