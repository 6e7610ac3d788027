//go:build linux || darwin

package main

import "golang.org/x/sys/unix"

// freeSpace is how many bytes may still be written in a directory.
func freeSpace(dir string) (free uint64, known bool, err error) {
	var s unix.Statfs_t
	if err := unix.Statfs(dir, &s); err != nil {
		return 0, false, err
	}
	return s.Bavail * uint64(s.Bsize), true, nil //nolint:gosec,nolintlint // G115: a block has a size
}
