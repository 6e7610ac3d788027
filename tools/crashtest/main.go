// Crashtest finds out what hitherd's promises are worth. It runs a hitherd, has
// people in software use it, ends it in one of several ways, starts it again on
// the same data directory, and compares with a ledger that it keeps itself.
//
//	crashtest kill -bin bin/hitherd -cycles 300
//	crashtest restart -bin bin/hitherd -restarts 100
//	crashtest doublespend -bin bin/hitherd -rounds 1000
//
// The last line on standard output says what has come of it. The program fails
// when anything acknowledged was lost, anything over is back, or anything was
// spent twice; the data directory, the server's log and the ledger are kept then.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	if err != nil {
		fmt.Fprintf(os.Stderr, "crashtest: %v\n", err)
		os.Exit(1)
	}
}

const usage = "usage: crashtest kill|restart|doublespend -bin HITHERD [flags]"

// run runs one of the trials.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	if len(args) == 0 {
		return errors.New(usage)
	}
	trial := args[0]
	o := options{stdout: stdout, stderr: stderr}
	flags := flag.NewFlagSet("crashtest "+trial, flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.StringVar(&o.bin, "bin", "", "the hitherd to run")
	flags.StringVar(&o.folder, "folder", "", "a short path for the data directory, the log and the ledger, which are kept there; without it they are made in a temporary place and removed if nothing was found")
	flags.Uint64Var(&o.seed, "seed", uint64(time.Now().UnixNano()), "decides who does what, and when the server is ended")
	flags.IntVar(&o.workers, "workers", 16, "people who are busy at the same time")
	flags.IntVar(&o.people, "people", 48, "accounts at any time")
	switch trial {
	case "kill":
		flags.IntVar(&o.number, "cycles", 300, "how often the server is killed")
	case "restart":
		flags.IntVar(&o.number, "restarts", 100, "how often the server is restarted")
	case "doublespend":
		flags.IntVar(&o.number, "rounds", 1000, "how many ceremonies and links of each kind")
		flags.IntVar(&o.parallel, "parallel", 200, "how often each is finished at the same time")
	default:
		return errors.New(usage)
	}
	if err := flags.Parse(args[1:]); err != nil {
		return err
	}
	if o.bin == "" || flags.NArg() > 0 || o.number < 1 {
		return errors.New(usage)
	}
	return o.try(ctx, trial)
}

// try makes a rig, runs the trial, and tidies up after one that found nothing.
func (o options) try(ctx context.Context, trial string) error {
	r, err := newRig(ctx, o)
	if err != nil {
		return err
	}
	switch trial {
	case "kill":
		err = r.kills(ctx)
	case "restart":
		err = r.restarts(ctx)
	default:
		err = r.doubleSpends(ctx)
	}
	if r.server != nil {
		r.server.Kill()
	}
	switch {
	case err == nil || ctx.Err() != nil:
		return errors.Join(context.Cause(ctx), r.tidy())
	default:
		return errors.Join(fmt.Errorf("%w; -seed %d", err, o.seed), r.keep())
	}
}
