//go:build unix && !aix && !solaris

package ownfile

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// TryLock takes an exclusive lock that ends with f or with the process, or
// returns [ErrLocked]. It belongs to the open file, so a second open of the same
// process is refused too.
func TryLock(f *os.File) error {
	err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
	if errors.Is(err, unix.EWOULDBLOCK) {
		return ErrLocked
	}
	return err
}
