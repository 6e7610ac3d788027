// Command faults finds out what hitherd's promise of durability is worth on a
// disk that fails and on one that loses its power.
//
// Each of the first requests that a data directory makes of its disk fails once.
// No change may have been acknowledged that is not there afterwards, the server
// must heal without a restart, and what it leaves when it is killed must be whole.
// Then the power is cut at random requests, and migrations are killed at each of
// many of theirs. Needs root and /dev/fuse.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/hitherauth/hither/tools/faultfs"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, os.Args[1:], os.Stdout)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "faults:", err)
		os.Exit(1)
	}
}

// options are those of the command line.
type options struct {
	program, kinds, trials string
	ordinals, every        int
	cuts, kills, parallel  int
	source                 string
	verbose, lying         bool
	seed                   uint64
}

func parse(args []string) (o options, err error) {
	f := flag.NewFlagSet("faults", flag.ContinueOnError)
	f.StringVar(&o.program, "program", "", "the hitherd to run")
	f.IntVar(&o.ordinals, "ordinals", 2000, "fail each of so many ordinals")
	f.IntVar(&o.every, "every", 1, "of those, only each of so many")
	f.StringVar(&o.kinds, "kinds", "", `"": eio, enospc and erofs in turn; "all": each of them for each ordinal; or one of them`)
	f.StringVar(&o.trials, "trials", "", "instead of all that, one data directory with these faults, such as 17:eio,217:erofs")
	f.IntVar(&o.cuts, "cuts", 200, "cut the power so often")
	f.IntVar(&o.kills, "kills", 50, "kill the migration from each version at so many requests")
	f.StringVar(&o.source, "source", "..", "the source tree, for its migrations")
	f.IntVar(&o.parallel, "parallel", 4, "so many servers at a time")
	f.BoolVar(&o.lying, "lie", false, "with a disk that acknowledges fsync and does nothing: this must fail")
	f.BoolVar(&o.verbose, "v", false, "say what each ordinal was")
	f.Uint64Var(&o.seed, "seed", 1, "decides the moments of power cuts")
	if err := f.Parse(args); err != nil {
		return o, err
	}
	if o.program == "" || f.NArg() > 0 {
		return o, errors.New("usage: faults -program FILE [options]")
	}
	if o.trials != "" {
		o.cuts, o.kills = 0, 0
	}
	o.program, err = filepath.Abs(o.program)
	return o, err
}

func run(ctx context.Context, args []string, out io.Writer) error {
	o, err := parse(args)
	if err != nil {
		return err
	}
	lists, err := o.lists()
	if err != nil {
		return err
	}
	if err := faultfs.Available(); err != nil {
		return err
	}
	r := newRig(o.program, o.parallel, out)
	r.verbose, r.lying = o.verbose, o.lying
	began := time.Now()
	if err := r.tryOrdinals(ctx, lists); err != nil {
		return err
	}
	if o.trials == "" {
		if err := r.tryStops(ctx, 1); err != nil {
			return err
		}
	}
	if err := r.cutPower(ctx, o.cuts, o.seed); err != nil {
		return err
	}
	if o.kills > 0 {
		if err := r.killMigrations(ctx, o.source, o.kills); err != nil {
			return err
		}
	}
	return r.conclude(time.Since(began))
}

func newRig(program string, parallel int, out io.Writer) *rig {
	return &rig{program: program, parallel: parallel, out: out, lastPort: os.Getpid() * 61, struck: map[string]int{}}
}

// lists are the chains of trials that the options ask for.
func (o options) lists() ([][]trial, error) {
	if o.trials != "" {
		var chain []trial
		for word := range strings.SplitSeq(o.trials, ",") {
			number, kind, _ := strings.Cut(word, ":")
			n, err := strconv.Atoi(number)
			if err != nil || errnos()[kind] == 0 {
				return nil, fmt.Errorf("%q is no trial", word)
			}
			chain = append(chain, trial{n, kind})
		}
		return [][]trial{chain}, nil
	}
	kinds := []string{"eio", "enospc", "erofs"}
	if errnos()[o.kinds] != 0 {
		kinds = []string{o.kinds}
	} else if o.kinds != "" && o.kinds != "all" {
		return nil, fmt.Errorf("%q is no kind of fault", o.kinds)
	}
	return chains(1, o.ordinals, o.every, kinds, o.kinds == "all"), nil
}

// conclude prints what came of everything.
func (r *rig) conclude(took time.Duration) error {
	r.say("took %s\n", took.Round(time.Second))
	if r.stops > 0 {
		r.say("requests of a stop failed %d\n", r.stops)
	}
	if r.cuts > 0 {
		r.say("power cuts %d, lost %d, resurrected %d, integrity errors %d\n", r.cuts, r.lost, r.resurrected, r.integrity)
	}
	if r.kills > 0 {
		r.say("migrations killed %d, between two versions or not completed %d\n", r.kills, r.between)
	}
	if r.tried > 0 {
		r.say("ordinals tried %d, false acknowledgements %d, healed %d of %d\n", r.tried, r.wrong, r.healed, r.tried)
	}
	if r.failures > 0 {
		return fmt.Errorf("%d failures, see above", r.failures)
	}
	return nil
}
