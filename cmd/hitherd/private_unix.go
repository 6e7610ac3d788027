//go:build unix

package main

import "golang.org/x/sys/unix"

// keepPrivate makes every file that the process creates unreadable for others,
// whatever the umask it was started with, including those that the database
// library makes.
func keepPrivate() { unix.Umask(0o077) }
