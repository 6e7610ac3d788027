// Command benchserver builds hitherd as it is released, measures it in processes
// of its own, at several numbers of workers and at several sizes, and writes what
// it has measured into docs/benchmarks.md, between two marks, with a picture
// beside it:
//
//	make bench-server
//
// Servers that are compared with each other run at the same time and take turns
// in short rounds, each after the others; so do sign-ins and what they are
// compared with. Load and server share the machine.
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
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	p := plan{log: os.Stderr}
	flag.StringVar(&p.source, "source", "..", "where hitherd is to be built")
	flag.StringVar(&p.docs, "docs", "../docs", "where benchmarks.md is")
	flag.StringVar(&p.scratch, "scratch", "", "where to put data directories, 600 MB in all; empty: where the system has temporary files")
	flag.DurationVar(&p.time, "time", 25*time.Second, "how long to sign in for each figure")
	flag.IntVar(&p.rounds, "rounds", 12, "in how many rounds")
	flag.Parse()
	p.workers, p.compared, p.sizes, p.idle = []int{1, 8, 64, 256}, []int{8, 64}, []int{1_000, 100_000, 1_000_000}, 2*time.Second
	if err := p.run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "benchserver:", err)
		os.Exit(1)
	}
}

// plan is what is to be measured.
type plan struct {
	source, docs, scratch string
	hitherd               string        // built from source
	time                  time.Duration // of sign-ins, for each figure
	rounds                int
	workers               []int         // each by a fresh server of sizes[0]
	compared              []int         // numbers of workers at which the sizes are compared
	sizes                 []int         // of credentials, the smallest first
	idle                  time.Duration // after which a server that did nothing is idle
	log                   io.Writer
}

// run measures everything and writes it down. It fails when anything failed,
// but has then written how often.
func (p *plan) run(ctx context.Context) (err error) {
	scratch, err := os.MkdirTemp(p.scratch, "benchserver")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(scratch)) }()
	p.scratch = scratch

	r := results{Began: time.Now(), Machine: describeMachine(scratch)}
	p.hitherd = filepath.Join(scratch, "hitherd")
	if err := build(ctx, p.source, p.hitherd); err != nil {
		return err
	}
	if r.Program, err = describeProgram(ctx, p.hitherd); err != nil {
		return err
	}
	if err := p.measure(ctx, &r); err != nil {
		return err
	}
	r.Took = time.Since(r.Began)
	page := filepath.Join(p.docs, "benchmarks.md")
	if err := replaceMeasured(page, r.markdown()); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(p.docs, picturePath), r.picture(), 0o644); err != nil {
		return err
	}
	p.say("%s and its picture are written", page)
	if n := r.failed(); n > 0 {
		return fmt.Errorf("%d requests failed: see %s", n, page)
	}
	return nil
}

func (p *plan) say(format string, args ...any) {
	_, _ = fmt.Fprintf(p.log, "%s  %s\n", time.Now().Format(time.TimeOnly), fmt.Sprintf(format, args...))
}
