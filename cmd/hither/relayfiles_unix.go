//go:build unix

package main

import "syscall"

// openFiles is how many files this process may have open.
func openFiles() (limit uint64, limited bool) {
	var r syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &r); err != nil {
		return 0, false
	}
	return uint64(r.Cur), true //nolint:unconvert // it is signed on FreeBSD
}
