package server

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/hitherauth/hither/internal/account"
	"github.com/hitherauth/hither/internal/rootkey"
	"github.com/hitherauth/hither/relyingparty"
)

// How ceremony keys are kept (decision 1).
const (
	keyPurpose   = "ceremony"
	keyReadEvery = 10 * time.Second
	// maxClockStep is how far the clock may go back before ceremonies that
	// were over could be thought to be open again.
	maxClockStep = account.ClockSlack
	// maxClockLeap is how far the clock may go forward between two looks before
	// an operator is told.
	maxClockLeap = 10 * time.Minute
)

// CeremonyKeysConfig configures [OpenCeremonyKeys].
type CeremonyKeysConfig struct {
	Store   account.Store    // required
	RootKey rootkey.Key      // wraps the keys in the store
	Logger  *slog.Logger     // nil: nowhere
	Now     func() time.Time // nil: time.Now
}

// CeremonyKeys keeps a keyring equal to the ceremony keys in the store, which
// all nodes share.
type CeremonyKeys struct {
	store  account.Store
	root   rootkey.Key
	logger *slog.Logger
	now    func() time.Time
	ring   *relyingparty.Keyring
	made   prometheus.Gauge   // when the newest key was
	back   prometheus.Counter // how often the clock went back
	looked time.Time          // what the clock showed at the last Refresh
	latest atomic.Int64       // the latest that the clock has been seen to show, in nanoseconds since 1970
}

// OpenCeremonyKeys reads the keys of the store, or makes the first. It fails
// when one of them was not wrapped by this root key. Call Run afterwards.
func OpenCeremonyKeys(ctx context.Context, c CeremonyKeysConfig) (*CeremonyKeys, error) {
	k := &CeremonyKeys{
		store: c.Store, root: c.RootKey, logger: c.Logger, now: c.Now,
		made: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "hither_ceremony_key_created_timestamp_seconds",
			Help: "When the newest key that ceremonies are sealed with was made, in seconds since 1970.",
		}),
		back: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "hither_clock_steps_back_total",
			Help: "Times that the clock was seen to have gone back so far that ceremonies begun before were ended.",
		}),
	}
	if k.logger == nil {
		k.logger = slog.New(slog.DiscardHandler)
	}
	if k.now == nil {
		k.now = time.Now
	}
	var err error
	// A ring of its own until the store's keys are there, a few lines below.
	if k.ring, err = relyingparty.NewKeyring(); err != nil {
		return nil, fmt.Errorf("server: %w", err)
	}
	if err := k.Refresh(ctx); err != nil {
		return nil, err
	}
	return k, nil
}

// Collectors are what /metrics shows of the keys. They are registered nowhere.
func (k *CeremonyKeys) Collectors() []prometheus.Collector {
	return []prometheus.Collector{k.made, k.back}
}

// Now is the clock to judge ceremonies by. From the moment when the clock is
// seen to have gone back by more than a minute until the keys have been replaced
// it stands still, so that no ceremony which was over is in time again.
func (k *CeremonyKeys) Now() time.Time {
	now := k.wallClock()
	if latest := k.see(now); latest.Sub(now) > maxClockStep {
		return latest
	}
	return now
}

// see remembers what the clock shows and gives the latest that it has shown.
func (k *CeremonyKeys) see(now time.Time) time.Time {
	for {
		latest := k.latest.Load()
		if now.UnixNano() <= latest {
			return time.Unix(0, latest)
		}
		if k.latest.CompareAndSwap(latest, now.UnixNano()) {
			return now
		}
	}
}

// Keyring is what ceremonies are sealed with. It follows the store.
func (k *CeremonyKeys) Keyring() *relyingparty.Keyring { return k.ring }

// Run reads the keys every ten seconds until ctx ends. A store that cannot be
// read leaves the keyring as it is.
func (k *CeremonyKeys) Run(ctx context.Context) {
	tick := time.NewTicker(keyReadEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			if err := k.Refresh(ctx); err != nil && ctx.Err() == nil {
				k.logger.WarnContext(ctx, "ceremony keys not read", "err", err)
			}
		}
	}
}

// Refresh reads the keys once, makes the first when there is none, and starts
// anew when the clock has gone back. It is not for concurrent use.
func (k *CeremonyKeys) Refresh(ctx context.Context) error {
	system, err := k.store.System(ctx)
	if err != nil {
		return fmt.Errorf("server: reading the ceremony keys: %w", err)
	}
	now := k.wallClock()
	keys := ceremonyKeys(system.Keys)
	back := k.wentBack(now, system.SweptUntil, keys)
	anew := back > maxClockStep || len(keys) == 0
	if anew {
		if len(keys) > 0 {
			k.back.Inc()
			k.logger.WarnContext(ctx, "clock went back", "back_ms", back.Milliseconds())
		}
		if keys, err = k.startAnew(ctx, now, keys); err != nil {
			return err
		}
	}
	if err := k.load(keys); err != nil {
		return err
	}
	if anew {
		k.latest.Store(now.UnixNano()) // not before the old keys are gone: see Now
	}
	if leap := now.Sub(k.looked); leap > maxClockLeap && !k.looked.IsZero() {
		k.logger.WarnContext(ctx, "clock went forward", "forward_ms", leap.Milliseconds())
	}
	k.looked = now
	k.see(now)
	return nil
}

// wallClock is now without the monotonic reading, which does not go back.
func (k *CeremonyKeys) wallClock() time.Time { return k.now().Round(0) }

// wentBack says how far the clock is behind what it has shown, to this process,
// to whoever made the newest key, or to whoever swept ceremonies last.
func (k *CeremonyKeys) wentBack(now, swept time.Time, keys []account.Key) time.Duration {
	latest := time.Unix(0, k.latest.Load())
	if swept.After(latest) {
		latest = swept
	}
	for _, key := range keys {
		if key.CreatedAt.After(latest) {
			latest = key.CreatedAt
		}
	}
	return latest.Sub(now)
}

// startAnew replaces all keys by one that is used at once: there is no other.
func (k *CeremonyKeys) startAnew(ctx context.Context, now time.Time, old []account.Key) ([]account.Key, error) {
	fresh, err := relyingparty.NewCeremonyKey(rand.Reader, now)
	if err != nil {
		return nil, fmt.Errorf("server: %w", err)
	}
	wrapped, err := k.root.Wrap(keyPurpose, fresh.Secret.Bytes())
	if err != nil {
		return nil, fmt.Errorf("server: %w", err)
	}
	change := account.PutKeys{Anew: true, Add: []account.Key{{ID: fresh.ID, Purpose: keyPurpose, Wrapped: wrapped, CreatedAt: now, NotBefore: now}}}
	for _, key := range old {
		change.Drop = append(change.Drop, key.ID)
	}
	if err := k.store.Apply(ctx, change); err != nil {
		return nil, fmt.Errorf("server: storing a ceremony key: %w", err)
	}
	k.logger.InfoContext(ctx, "ceremony key made", "key_id", fmt.Sprintf("%x", fresh.ID), "dropped", len(old))
	return change.Add, nil
}

// load gives the keyring the keys.
func (k *CeremonyKeys) load(keys []account.Key) error {
	opened := make([]relyingparty.CeremonyKey, len(keys))
	for i, key := range keys {
		plain, err := k.root.Unwrap(keyPurpose, key.Wrapped)
		if errors.Is(err, rootkey.ErrUnwrap) {
			return fmt.Errorf("server: ceremony key %x was not wrapped by this root key: put back the key file that belongs to this database", key.ID)
		}
		if err != nil {
			return fmt.Errorf("server: %w", err)
		}
		secret, err := relyingparty.SecretFromBytes(plain)
		if err != nil {
			return fmt.Errorf("server: ceremony key %x: %w", key.ID, err)
		}
		opened[i] = relyingparty.CeremonyKey{ID: key.ID, Secret: secret, NotBefore: key.NotBefore}
	}
	newest := slices.MaxFunc(keys, func(a, b account.Key) int { return a.CreatedAt.Compare(b.CreatedAt) })
	k.made.Set(float64(newest.CreatedAt.UnixMilli()) / 1000)
	useOne(opened, k.wallClock())
	if err := k.ring.Replace(opened); err != nil {
		return fmt.Errorf("server: %w", err)
	}
	return nil
}

// useOne lets the oldest key seal at once when none may yet: it was made by a
// node, or at a time, whose clock was a little ahead of this one.
func useOne(keys []relyingparty.CeremonyKey, now time.Time) {
	oldest := 0
	for i, key := range keys {
		if !key.NotBefore.After(now) {
			return
		}
		if key.NotBefore.Before(keys[oldest].NotBefore) {
			oldest = i
		}
	}
	keys[oldest].NotBefore = now
}

func ceremonyKeys(all []account.Key) []account.Key {
	var out []account.Key
	for _, key := range all {
		if key.Purpose == keyPurpose {
			out = append(out, key)
		}
	}
	return out
}
