//go:build !unix

package main

// openFiles is how many files this process may have open.
func openFiles() (limit uint64, limited bool) { return 0, false }
