package bench

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/binary"
	"sync/atomic"

	"golang.org/x/sync/errgroup"

	"github.com/hitherauth/hither/internal/api"
	"github.com/hitherauth/hither/internal/load"
)

// registrars make accounts at the same time.
const registrars = 8

// Register makes accounts, and counts them in done. An invitation that fixes a
// name overrides the registration's. The first failure ends it.
func Register(ctx context.Context, c *api.Client, all []api.Registration, done *atomic.Int64) ([]*load.Person, error) {
	people := make([]*load.Person, len(all))
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(registrars)
	for i, r := range all {
		g.Go(func() error {
			if err := ctx.Err(); err != nil {
				return err
			}
			if r.Token != "" {
				fixed, err := c.Invitation(ctx, r.Token)
				if err != nil {
					return err
				}
				r.Name = cmp.Or(fixed, r.Name)
			}
			people[i] = load.NewPerson(c)
			_, err := people[i].Register(ctx, r)
			done.Add(1)
			return err
		})
	}
	return people, g.Wait()
}

// Among picks from people who are registered, each as likely as the others.
func Among(people []*load.Person) func() (*load.Person, error) {
	return func() (*load.Person, error) { return people[random(len(people))], nil }
}

// AmongSeeded picks from the first n people of a population, each as likely as
// the others: those who sign in twice are few, and no cache knows them.
func AmongSeeded(c *api.Client, p load.Population, n int) func() (*load.Person, error) {
	return func() (*load.Person, error) {
		s, err := p.Person(int64(random(n)))
		return load.NewPerson(c).With(s.Authenticator), err
	}
}

// random is a number below n. That 2⁶⁴ is no multiple of n makes no difference
// that anybody could measure.
func random(n int) int {
	var b [8]byte
	_, _ = rand.Read(b[:])                                   // never fails
	return int(binary.LittleEndian.Uint64(b[:]) % uint64(n)) //nolint:gosec // G115: below n
}
