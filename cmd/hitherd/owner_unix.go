//go:build unix

package main

import (
	"io/fs"
	"strconv"
	"syscall"
)

// foreign is the user that a file belongs to, if that is not the one asked for.
func foreign(info fs.FileInfo, user int) string {
	s, ok := info.Sys().(*syscall.Stat_t)
	if !ok || int64(s.Uid) == int64(user) {
		return ""
	}
	return strconv.FormatUint(uint64(s.Uid), 10)
}

// sameOwner says whether two files belong to the same user.
func sameOwner(a, b fs.FileInfo) bool {
	s, ok := a.Sys().(*syscall.Stat_t)
	return !ok || foreign(b, int(s.Uid)) == ""
}
