package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"sync"

	"github.com/hitherauth/hither/tools/faultfs"
	"github.com/hitherauth/hither/tools/ledger"
)

// rig tries things side by side and adds up what came of them.
type rig struct {
	program  string // the hitherd to run
	parallel int
	verbose  bool
	lying    bool      // disks acknowledge fsync and do nothing: everything must fail
	out      io.Writer // gets progress and failures

	mu       sync.Mutex
	lastPort int
	tried, healed, wrong, stops, cuts, kills, between,
	lost, resurrected, integrity, failures int
	struck map[string]int // what ordinals were, by request and file
}

// say prints something for whoever waits.
func (r *rig) say(format string, args ...any) {
	_, _ = fmt.Fprintf(r.out, format, args...) // nobody listens any more: the exit code will tell
}

// outcome is what came of one ordinal.
type outcome struct {
	trial   trial
	strike  faultfs.Strike
	failure error // it did not heal
	found   []ledger.Finding
	repeat  string
}

func (r *rig) report(o outcome) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.tried++
	if o.failure == nil {
		r.healed++
	}
	r.wrong += len(o.found)
	if o.strike.Ordinal != 0 {
		r.struck[string(o.strike.Op)+" "+o.strike.Name]++
	}
	if o.failure != nil || len(o.found) > 0 {
		r.fail(o.trial.String()+" ("+describe(o.strike)+")", o.failure, o.found, o.repeat)
	} else if r.verbose {
		r.say("faults: %s: %s of %s\n", o.trial, o.strike.Op, o.strike.Name)
	} else if r.tried%50 == 0 {
		r.say("faults: %d ordinals tried\n", r.tried)
	}
}

// reportStop takes what came of one failure of a stop.
func (r *rig) reportStop(t trial, strike faultfs.Strike, failure error, found []ledger.Finding) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.stops++
	if failure != nil || len(found) > 0 {
		r.fail("stop: "+t.String()+" ("+describe(strike)+")", failure, found, "make faults ORDINALS=0 CUTS=0 KILLS=0")
	} else if r.verbose {
		r.say("faults: stop: %s: %s of %s\n", t, strike.Op, strike.Name)
	}
}

// reportCut takes what came of one power cut.
func (r *rig) reportCut(failure error, found []ledger.Finding, repeat string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.cuts++
	for _, f := range found {
		switch f.Kind {
		case ledger.Lost:
			r.lost++
		case ledger.Resurrected:
			r.resurrected++
		case ledger.Integrity:
			r.integrity++
		}
	}
	if failure != nil || len(found) > 0 {
		r.fail("power cut", failure, found, repeat)
	} else if r.cuts%20 == 0 {
		r.say("faults: %d power cuts\n", r.cuts)
	}
}

// reportKill takes what came of one killed migration.
func (r *rig) reportKill(what string, failure error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.kills++
	if failure != nil {
		r.between++
		r.fail(what, failure, nil, "make faults TRIALS= CUTS=0")
	}
}

// fail tells of one failure. The lock is held.
func (r *rig) fail(what string, failure error, found []ledger.Finding, repeat string) {
	r.failures++
	r.say("faults: %s FAILED\n", what)
	if failure != nil {
		r.say("  %v\n", failure)
	}
	for _, f := range found {
		r.say("  %s\n", f)
	}
	if repeat != "" {
		r.say("  again: %s\n", repeat)
	}
}

// keep counts an error of clearing up.
func (r *rig) keep(err error) {
	if err != nil {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.fail("clearing up", err, nil, "")
	}
}

// port finds one that is free on the loopback address and that no other site of
// this rig has, below those that systems take for outgoing connections: nobody
// gets it while its server is down.
func (r *rig) port(ctx context.Context) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	const lowest, number = 20_000, 10_000
	var lc net.ListenConfig
	for range number {
		r.lastPort++
		port := lowest + r.lastPort%number
		l, err := lc.Listen(ctx, "tcp", net.JoinHostPort("localhost", strconv.Itoa(port)))
		if err != nil {
			continue
		}
		return port, l.Close()
	}
	return 0, errors.New("no port is free")
}
