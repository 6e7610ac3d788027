package audit

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/hitherauth/hither/internal/account"
	"github.com/hitherauth/hither/internal/rootkey"
)

const (
	sealEvery  = time.Second
	thinEvery  = time.Minute
	tellEvery  = time.Hour   // the newest checkpoint in the log of the process
	remindEach = time.Minute // of what keeps the sealer from sealing
	// leaseFor is how long nobody else seals. It saves work; that nobody can
	// write behind another's back is made sure of inside the transaction.
	leaseFor = 5 * time.Second
	// pageRows bounds what is read at once, maxRows what one checkpoint adds: a
	// log that was never sealed is caught up with in pieces.
	pageRows  = 1000
	maxRows   = 20_000
	thinMarks = 500
)

// What a sealer does not sign over. Signing on would vouch for it.
var (
	// ErrRolledBack: the newest checkpoint is behind one that was seen before.
	ErrRolledBack = errors.New("audit: the log has gone back behind its newest checkpoint")
	// ErrBroken: the newest checkpoint does not fit the key or its own tree.
	ErrBroken = errors.New("audit: the newest checkpoint is not what was signed")
)

// SealerConfig configures [NewSealer].
type SealerConfig struct {
	Store   Store            // required
	Keys    account.Store    // required: where the signing key is; a first one is made by Prepare, or when it is needed
	RootKey rootkey.Key      // wraps the signing key
	Origin  string           // required: see [Origin]
	Epoch   int64            // of the installation; 0: not known
	Logger  *slog.Logger     // nil: nowhere
	Now     func() time.Time // nil: time.Now
}

// Sealer follows the event rows of a store and signs checkpoints over them. Its
// methods are not for concurrent use.
type Sealer struct {
	c      SealerConfig
	log    *slog.Logger
	holder Holder

	keys   []signingKey // as last read; the first signs
	newest Checkpoint   // the newest that was sealed or seen
	tree   Tree         // of newest

	told, thinned, reminded time.Time
	toldSize                int64
}

// NewSealer makes a Sealer. It reads nothing yet.
func NewSealer(c SealerConfig) *Sealer {
	if c.Now == nil {
		c.Now = time.Now
	}
	s := &Sealer{c: c, log: c.Logger}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	rand.Read(s.holder[:])
	return s
}

// Prepare makes the signing key of a new log, so that every backup has it: a log
// that goes on from a backup goes on with the same key.
func (s *Sealer) Prepare(ctx context.Context) {
	err := s.follow(ctx)
	if err == nil {
		_, err = s.signer(ctx, s.c.Now())
	}
	s.report(ctx, err)
}

// Run seals each second what is new, until ctx ends.
func (s *Sealer) Run(ctx context.Context) {
	tick := time.NewTicker(sealEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			s.step(ctx)
		}
	}
}

func (s *Sealer) step(ctx context.Context) {
	now := s.c.Now()
	added, err := s.Seal(ctx)
	// Behind a step that has taken the lease: an idle sealer does not hold it.
	if added > 0 && since(s.thinned, now) >= thinEvery {
		s.thinned = now
		err = s.Thin(ctx)
	}
	s.report(ctx, err)
	if since(s.told, now) >= tellEvery {
		s.told = now
		s.tell(ctx)
	}
}

// since is how long ago then was; very long when the clock has gone back.
func since(then, now time.Time) time.Duration {
	if d := now.Sub(then); d >= 0 {
		return d
	}
	return tellEvery
}

// report logs what an operator has to see. That the store cannot answer it says itself.
func (s *Sealer) report(ctx context.Context, err error) {
	switch {
	case err == nil, errors.Is(err, ErrLeased), errors.Is(err, ErrOvertaken), errors.Is(err, account.ErrUnavailable):
		return
	}
	if now := s.c.Now(); since(s.reminded, now) >= remindEach {
		s.reminded = now
		s.log.ErrorContext(ctx, "audit log is not sealed", "err", err)
	}
}

// tell puts the newest checkpoint into the log of the process, which is often
// kept somewhere else: a copy outside, for nothing.
func (s *Sealer) tell(ctx context.Context) {
	if s.newest.Size > s.toldSize {
		s.toldSize = s.newest.Size
		s.log.InfoContext(ctx, "audit checkpoint", "checkpoint", s.newest.Note)
	}
}

// Finish seals what is there, and gives the lease up.
func (s *Sealer) Finish(ctx context.Context) {
	for more := true; more; {
		n, err := s.Seal(ctx)
		s.report(ctx, err)
		more = n > 0 && err == nil
	}
	s.tell(ctx)
	if err := s.c.Store.Release(ctx, s.holder); err != nil && !errors.Is(err, account.ErrUnavailable) {
		s.log.WarnContext(ctx, "audit lease not released", "err", err)
	}
}

// Seal covers what is settled with at most one checkpoint and returns how many
// rows it has added. With nothing new it writes nothing. ErrLeased and
// ErrOvertaken say that another sealer is at work.
func (s *Sealer) Seal(ctx context.Context) (int64, error) {
	if err := s.follow(ctx); err != nil {
		return 0, err
	}
	now := s.c.Now()
	tree, last, over, err := s.grow(ctx, now)
	if err != nil {
		return 0, err
	}
	added := tree.Size() - s.tree.Size()
	if added == 0 && !over {
		return 0, nil
	}
	step := Seal{Holder: s.holder, Now: now, Until: now.Add(leaseFor), From: s.newest.Size}
	if added > 0 {
		key, err := s.signer(ctx, now)
		if err != nil {
			return 0, err
		}
		c, err := key.checkpoint(&tree, last, now, s.c.Epoch)
		if err != nil {
			return 0, err
		}
		step.Checkpoint = &c
	}
	if err := s.c.Store.Seal(ctx, step); err != nil {
		return 0, fmt.Errorf("audit: sealing: %w", err)
	}
	if added > 0 {
		s.newest, s.tree = *step.Checkpoint, tree
	}
	return added, nil
}

// grow reads the settled rows behind the newest checkpoint into its tree.
func (s *Sealer) grow(ctx context.Context, now time.Time) (tree Tree, last int64, over bool, err error) {
	tree, last = s.tree.clone(), s.newest.Last
	var leaf []byte
	for tree.Size()-s.tree.Size() < maxRows {
		page, err := s.c.Store.Settled(ctx, last, pageRows, now)
		if err != nil {
			return Tree{}, 0, false, fmt.Errorf("audit: reading rows: %w", err)
		}
		for _, r := range page.Rows {
			leaf = r.AppendLeaf(leaf[:0])
			if err := tree.Append(leaf); err != nil {
				return Tree{}, 0, false, fmt.Errorf("audit: %w", err)
			}
			last = r.No
		}
		if over = page.Over; len(page.Rows) < pageRows {
			break
		}
	}
	return tree, last, over, nil
}

// follow makes sure that the store's newest checkpoint is the one that is known,
// or one that is signed and goes further.
func (s *Sealer) follow(ctx context.Context) error {
	got, err := s.c.Store.Newest(ctx)
	if err != nil {
		return fmt.Errorf("audit: reading the newest checkpoint: %w", err)
	}
	switch {
	case got.Size == s.newest.Size && got.Last == s.newest.Last && got.Note == s.newest.Note:
		return nil
	case got.Size <= s.newest.Size:
		return fmt.Errorf("%w: it covers %d rows, and %d were covered before", ErrRolledBack, got.Size, s.newest.Size)
	}
	if err := s.readKeys(ctx); err != nil {
		return err
	}
	head, err := got.check(s.c.Origin, public(s.keys))
	if err != nil {
		return fmt.Errorf("%w: %w", ErrBroken, err)
	}
	tree, err := got.tree(head)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrBroken, err)
	}
	s.newest, s.tree = got, tree
	return nil
}

func (s *Sealer) readKeys(ctx context.Context) error {
	system, err := s.c.Keys.System(ctx)
	if err != nil {
		return fmt.Errorf("audit: reading the signing key: %w", err)
	}
	s.keys, err = signingKeys(s.c.Origin, s.c.RootKey, system.Keys)
	return err
}

// signer is the signing key, which is made when there is none and nothing was
// signed yet.
func (s *Sealer) signer(ctx context.Context, now time.Time) (signingKey, error) {
	if len(s.keys) > 0 {
		return s.keys[0], nil
	}
	if err := s.readKeys(ctx); err != nil || len(s.keys) > 0 {
		return s.first(), err
	}
	key, err := newKey(s.c.RootKey, now)
	if err != nil {
		return signingKey{}, err
	}
	if err := s.c.Keys.Apply(ctx, account.PutKeys{Add: []account.Key{key}}); err != nil {
		return signingKey{}, fmt.Errorf("audit: storing the signing key: %w", err)
	}
	s.log.InfoContext(ctx, "audit key made", "key_id", fmt.Sprintf("%x", key.ID))
	// Another node may have been first.
	err = s.readKeys(ctx)
	return s.first(), err
}

func (s *Sealer) first() signingKey {
	if len(s.keys) == 0 {
		return signingKey{}
	}
	return s.keys[0]
}

// Thin removes checkpoints that are not needed any more: see thin.
func (s *Sealer) Thin(ctx context.Context) error {
	for {
		marks, err := s.c.Store.Marks(ctx, thinMarks)
		if err != nil {
			return fmt.Errorf("audit: reading checkpoints: %w", err)
		}
		now := s.c.Now()
		drop, upto := thin(marks, now)
		if len(marks) == 0 || len(drop) == 0 && upto == marks[0].Size {
			return nil
		}
		if err := s.c.Store.Thin(ctx, Thin{Holder: s.holder, Now: now, Drop: drop, Upto: upto}); err != nil {
			return fmt.Errorf("audit: thinning checkpoints: %w", err)
		}
	}
}
