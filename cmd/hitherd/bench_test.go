package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hitherauth/hither/internal/load"
)

// BenchmarkSignIn signs people in over HTTP, begin and finish, against a hitherd
// in a process of its own with its database on disk, by so many workers at once.
// Whatever else the machine does, it does to the limit too: rounds of sign-ins
// take turns with rounds of two empty requests to the same server and of bare
// verifications.
//
// server-cpu-ms is what the server's process spends on a sign-in; limit-cpu-ms
// what it spends on two empty requests, and the time of a verification (the
// median: there is nothing to wait for in it); x-limit how often the one holds
// the other. The load comes from the same machine: rates and times are not what
// a server alone can do.
func BenchmarkSignIn(b *testing.B) {
	s := startServer(b, "HITHER_SIGNUP=open", "HITHER_RATE_LIMITS=off")
	client := newClient(b, s.origin, 64)
	people := make([]*load.Person, 256)
	for i := range people {
		people[i] = load.NewPerson(client)
		if _, err := people[i].Register(b.Context(), load.Registration{Name: fmt.Sprintf("person-%d", i)}); err != nil {
			b.Fatal(err)
		}
	}
	verify := verification(b)
	for _, workers := range []int{1, 8, 64} {
		b.Run(fmt.Sprintf("workers=%d", workers), func(b *testing.B) {
			var signIns, empties, verifications rounds
			const turns = 8
			for i := range turns {
				// Division that leaves nothing over: b.N in all.
				n := b.N*(i+1)/turns - b.N*i/turns
				signIns.run(b, s, n, workers, func(ctx context.Context, i int64) error {
					_, err := people[i%int64(len(people))].SignIn(ctx)
					return err
				})
				empties.run(b, s, n, workers, func(ctx context.Context, _ int64) error { return emptyRequests(ctx, client) })
				verifications.run(b, s, n, 1, verify)
			}
			spent := milliseconds(signIns.cpu) / float64(b.N)
			limit := milliseconds(empties.cpu)/float64(b.N) + verifications.percentile(50)
			b.ReportMetric(0, "ns/op") // would be that of all three
			b.ReportMetric(signIns.rate(), "sign-ins/s")
			b.ReportMetric(signIns.percentile(50), "p50-ms")
			b.ReportMetric(signIns.percentile(99), "p99-ms")
			b.ReportMetric(spent, "server-cpu-ms")
			b.ReportMetric(limit, "limit-cpu-ms")
			b.ReportMetric(spent/limit, "x-limit")
			b.ReportMetric(empties.rate(), "empty-pairs/s")
			b.ReportMetric(empties.percentile(99), "empty-p99-ms")
		})
	}
	s.stop(b)
}

// rounds is some work, done in rounds.
type rounds struct {
	elapsed time.Duration
	cpu     time.Duration   // of the server
	took    []time.Duration // each piece
}

// run does n more pieces of work with a number of workers.
func (l *rounds) run(b *testing.B, s *process, n, workers int, work func(context.Context, int64) error) {
	b.Helper()
	took := make([]time.Duration, n)
	done := int64(len(l.took))
	spent, start := s.cpu(b), time.Now()
	var next atomic.Int64
	var wg sync.WaitGroup
	for range workers {
		wg.Go(func() {
			for i := next.Add(1) - 1; i < int64(n); i = next.Add(1) - 1 {
				begun := time.Now()
				if err := work(b.Context(), done+i); err != nil {
					b.Error(err)
					return
				}
				took[i] = time.Since(begun)
			}
		})
	}
	wg.Wait()
	l.elapsed += time.Since(start)
	l.cpu += s.cpu(b) - spent
	l.took = append(l.took, took...)
}

func (l *rounds) rate() float64 { return float64(len(l.took)) / l.elapsed.Seconds() }

// percentile is how long, in milliseconds, p in a hundred pieces took at most.
func (l *rounds) percentile(p int) float64 {
	sorted := slices.Sorted(slices.Values(l.took))
	return milliseconds(sorted[(len(sorted)-1)*p/100])
}

func milliseconds(d time.Duration) float64 { return d.Seconds() * 1000 }

// emptyRequests are the two requests of a sign-in without anything in them.
func emptyRequests(ctx context.Context, client *load.Client) error {
	return errors.Join(client.Get(ctx, "/livez"), client.Get(ctx, "/livez"))
}

// verification is that of one ES256 signature by the standard library.
func verification(b *testing.B) func(context.Context, int64) error {
	b.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		b.Fatal(err)
	}
	digest := sha256.Sum256([]byte("what an authenticator signs"))
	signature, err := ecdsa.SignASN1(rand.Reader, key, digest[:])
	if err != nil {
		b.Fatal(err)
	}
	return func(context.Context, int64) error {
		if !ecdsa.VerifyASN1(&key.PublicKey, digest[:], signature) {
			return fmt.Errorf("a signature of %d bytes does not verify", len(signature))
		}
		return nil
	}
}
