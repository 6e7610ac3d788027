package main

import (
	"os"
	"regexp"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/hitherauth/hither/internal/ble/bletest"
)

// airKey is what a script keeps its fake BlueZ under.
type airKey struct{}

// bluezOf is the fake BlueZ of a script that has said air.
func bluezOf(ts *testscript.TestScript) *bletest.BlueZ {
	b, ok := ts.Value(airKey{}).(**bletest.BlueZ)
	if !ok || *b == nil {
		ts.Fatalf("there is no air")
	}
	return *b
}

// says FILE PATTERN waits until a program has written that.
func says(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: says FILE PATTERN")
	}
	pattern := regexp.MustCompile("(?m)" + args[1])
	if !within(patience, func() bool {
		text, err := os.ReadFile(ts.MkAbs(args[0]))
		return err == nil && pattern.Match(text)
	}) {
		ts.Fatalf("%s never says %s:\n%s", args[0], args[1], ts.ReadFile(args[0]))
	}
}

// quiet waits until no program listens or advertises any more.
func quiet(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 0 {
		ts.Fatalf("usage: quiet")
	}
	bluez := bluezOf(ts)
	if !within(patience, func() bool { return bluez.Discovering() == 0 && len(bluez.Registered()) == 0 }) {
		ts.Fatalf("%d programs listen, adverts: %v", bluez.Discovering(), bluez.Registered())
	}
}

func within(limit time.Duration, is func() bool) bool {
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(limit); time.Now().Before(deadline); <-tick.C {
		if is() {
			return true
		}
	}
	return false
}
