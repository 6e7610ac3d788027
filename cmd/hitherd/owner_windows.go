package main

import "io/fs"

// foreign is not asked here: access is a matter of lists.
func foreign(fs.FileInfo, int) string { return "" }

func sameOwner(_, _ fs.FileInfo) bool { return true }
