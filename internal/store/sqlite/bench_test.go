//go:build unix

package sqlite_test

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/hitherauth/hither/internal/account"
	"github.com/hitherauth/hither/webauthn"
)

func BenchmarkSignIn1(b *testing.B)  { benchmarkSignIn(b, 1) }
func BenchmarkSignIn8(b *testing.B)  { benchmarkSignIn(b, 8) }
func BenchmarkSignIn64(b *testing.B) { benchmarkSignIn(b, 64) }

// benchmarkSignIn is what the store has to do for a sign-in (one read, one
// durable change), by so many workers at once. cpu-ms/op is the whole process's.
func benchmarkSignIn(b *testing.B, workers int) {
	store := open(b)
	ids := make([]webauthn.Bytes, 1000)
	for i := range ids {
		ids[i] = register(b, store, fmt.Sprintf("person%d@example.org", i)).Credential.ID
	}
	before := cpu(b)
	b.ReportAllocs()
	b.ResetTimer()
	var next atomic.Int64
	var wg sync.WaitGroup
	for range workers {
		wg.Go(func() {
			for n := next.Add(1); n <= int64(b.N); n = next.Add(1) {
				if err := signInOnce(b.Context(), store, ids[n%int64(len(ids))]); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	b.StopTimer()
	b.ReportMetric((cpu(b)-before).Seconds()*1000/float64(b.N), "cpu-ms/op")
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "sign-ins/s")
}

func signInOnce(ctx context.Context, store account.Store, id webauthn.Bytes) error {
	_, acc, err := store.Credential(ctx, id)
	if err != nil {
		return err
	}
	return store.Apply(ctx, signingIn(acc.ID, id))
}

func cpu(b *testing.B) time.Duration {
	b.Helper()
	var u unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
