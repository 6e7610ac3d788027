package server

import (
	"runtime"
	"time"
)

const (
	// evenStep is the step in which answers come that must not tell what was found.
	evenStep = 5 * time.Millisecond
	// sleepSlack is how much longer than asked time.Sleep may take. On Linux it
	// takes whole milliseconds from when it begins, which would pass on the very
	// difference that is to be hidden.
	sleepSlack = time.Millisecond
)

// evenOut waits until a whole number of steps has passed since a request
// arrived. What was found makes a difference of some hundredths of a
// millisecond; of it remains the small chance that it reaches into the next
// step. Doing equal work cannot achieve as much: rows are read or not, keys have
// different kinds and sizes.
func evenOut(arrived time.Time) {
	passed := time.Since(arrived)
	steps := passed - passed%evenStep + evenStep
	time.Sleep(steps - passed - sleepSlack)
	for time.Since(arrived) < steps {
		runtime.Gosched() // whoever has work to do goes first
	}
}
