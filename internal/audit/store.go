package audit

import (
	"context"
	"errors"
	"time"
)

// Store is what a [Sealer] needs of an engine. Its writes are made like every
// other change of the engine: all of it or nothing, durable when nil is returned,
// and an error that wraps account.ErrUnavailable when the engine cannot answer.
//
// An engine numbers event rows from 1 without gaps, in the order in which they
// become visible.
type Store interface {
	// Newest is the checkpoint that covers most, zero without one. ErrBroken: it
	// is not the one that was sealed last.
	Newest(ctx context.Context) (Checkpoint, error)
	// Settled lists rows behind number after that will not change any more, in
	// the order of their numbers, at most limit: it ends before the first row
	// that still counts.
	Settled(ctx context.Context, after int64, limit int, now time.Time) (Settled, error)
	// Seal makes one step of the log durable.
	//
	// ErrOvertaken: the newest checkpoint does not cover From rows. ErrLeased:
	// another holder has the lease.
	Seal(ctx context.Context, s Seal) error
	// Marks lists what is kept, the smallest first, from where thinning has come
	// to, at most limit.
	Marks(ctx context.Context, limit int) ([]Mark, error)
	// Thin removes checkpoints, never the newest. ErrLeased: the lease is not Holder's.
	Thin(ctx context.Context, t Thin) error
	// Release ends the lease if holder has it.
	Release(ctx context.Context, holder Holder) error
}

// Holder names a sealer that holds the lease; random.
type Holder [16]byte

// Settled is an answer of [Store.Settled].
type Settled struct {
	Rows []Row
	// Over says that there are rows that still count and whose minute is over at
	// now. A Seal settles them, even one without a checkpoint.
	Over bool
}

// Seal is one step of the log.
type Seal struct {
	// Holder takes the lease until Until, or goes on holding it. Nobody else may
	// have it at Now. One that is held for longer than twice the time from Now to
	// Until is from a clock that was wrong, and does not count.
	Holder     Holder
	Now, Until time.Time
	// From is how many rows the newest checkpoint covers.
	From int64
	// Checkpoint is added; nil: none, only rows whose minute is over at Now are settled.
	Checkpoint *Checkpoint
}

// Mark is what thinning looks at.
type Mark struct {
	Size int64
	At   time.Time
}

// Thin removes the checkpoints of the sizes Drop. Upto is the size from which
// thinning goes on.
type Thin struct {
	Holder Holder
	Now    time.Time
	Drop   []int64
	Upto   int64
}

// Errors of a store.
var (
	ErrLeased    = errors.New("audit: another sealer holds the lease")
	ErrOvertaken = errors.New("audit: the log has another newest checkpoint")
)
