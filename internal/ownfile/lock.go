package ownfile

import (
	"context"
	"errors"
	"os"
	"time"
)

// ErrLocked says that another open file has a lock.
var ErrLocked = errors.New("locked")

// lockPause is short beside what is done under a lock.
const lockPause = 5 * time.Millisecond

// Lock takes the lock of a file, "<path>.lock" beside it, from other processes too,
// and waits for it. When ctx ends, or has ended, the error is its cause. The lock's
// file stays.
func Lock(ctx context.Context, path string) (unlock func(), err error) {
	f, err := Open(path+".lock", os.O_RDWR|os.O_CREATE)
	if err != nil {
		return nil, err
	}
	pause := time.NewTicker(lockPause)
	defer pause.Stop()
	for ctx.Err() == nil {
		err := TryLock(f)
		if err == nil {
			return func() { _ = f.Close() }, nil // closing gives it up; nothing was written
		}
		if !errors.Is(err, ErrLocked) {
			return nil, errors.Join(err, f.Close())
		}
		select {
		case <-pause.C:
		case <-ctx.Done():
		}
	}
	return nil, errors.Join(context.Cause(ctx), f.Close())
}
