package load_test

import (
	"bytes"
	"testing"

	"github.com/hitherauth/hither/internal/load"
)

func TestPopulation(t *testing.T) {
	t.Parallel()
	person := func(p load.Population, n int64) load.Seeded {
		t.Helper()
		s, err := p.Person(n)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	p := load.Population{Seed: "a", RPID: "localhost"}
	first := person(p, 1)
	if again := person(p, 1); again.Name != first.Name || again.AccountID != first.AccountID ||
		!bytes.Equal(again.Credential.PublicKey, first.Credential.PublicKey) || !bytes.Equal(again.Credential.ID, first.Credential.ID) ||
		!bytes.Equal(again.Credential.UserHandle, first.Credential.UserHandle) {
		t.Error("the same seed and number made another person")
	}
	for name, other := range map[string]load.Seeded{
		"number": person(p, 2),
		"seed":   person(load.Population{Seed: "b", RPID: "localhost"}, 1),
	} {
		if other.Name == first.Name || other.AccountID == first.AccountID ||
			bytes.Equal(other.Credential.PublicKey, first.Credential.PublicKey) || bytes.Equal(other.Credential.ID, first.Credential.ID) {
			t.Errorf("another %s made the same person", name)
		}
	}
}

func BenchmarkPopulation(b *testing.B) {
	p := load.Population{Seed: "a", RPID: "localhost"}
	for n := int64(0); b.Loop(); n++ {
		if _, err := p.Person(n); err != nil {
			b.Fatal(err)
		}
	}
}
