package main

import (
	"runtime/debug"
	"slices"
	"strings"
)

// collectorPercent lets the heap grow to three times what is alive before the
// garbage collector runs. So little is alive here, some megabytes, that Go's
// default of twice makes it run all the time under load. Five times would buy
// little more, and a peak of about 95 MiB.
const collectorPercent = 200

// relaxCollector sets it, unless the environment says otherwise in Go's own way.
func (p program) relaxCollector() {
	set := func(v string) bool { return strings.HasPrefix(v, "GOGC=") || strings.HasPrefix(v, "GOMEMLIMIT=") }
	if !slices.ContainsFunc(p.environ, set) {
		debug.SetGCPercent(collectorPercent)
	}
}
