package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"syscall"
	"time"

	"github.com/hitherauth/hither/tools/daemon"
	"github.com/hitherauth/hither/tools/faultfs"
)

// left is what is looked at after a server was killed.
type left int

const (
	leftDurable left = iota // the power failed: only what was synced
	leftTorn                // the power failed, and something more had arrived
	leftKilled              // only the process has ended
)

func (l left) String() string { return [...]string{"power cut", "torn power cut", "kill"}[l] }

// outage is how long a disk stays read-only.
const outage = 60 * time.Millisecond

// segment is one life of a server on a disk.
type segment struct {
	*site

	disk   *faultfs.Disk
	server *daemon.Process
	up     bool // the server has said that it listens
	struck chan faultfs.Strike
}

// live runs a server on a disk that holds the site's image until run returns,
// kills it and keeps what is left. A nil fault is none.
func (s *site) live(fault *faultfs.Fault, kind left, run func(*segment) error) (err error) {
	g := &segment{site: s, disk: faultfs.New(s.image, s.counted), struck: make(chan faultfs.Strike, 1)}
	g.arm(fault)
	if s.lying {
		g.disk.Lie()
	}
	mount, err := g.disk.Mount(s.config.DataDir)
	if err != nil {
		return err
	}
	err = run(g)
	if g.server != nil {
		g.server.Kill()
	}
	switch kind {
	case leftDurable:
		s.image = g.disk.Durable()
	case leftTorn:
		s.image = g.disk.Torn(s.random.IntN)
	case leftKilled:
		s.image = g.disk.Image()
	}
	s.counted = g.disk.Count()
	return errors.Join(err, mount.Unmount())
}

// arm sets a fault, whose strike comes to struck. Nil is none.
func (g *segment) arm(fault *faultfs.Fault) {
	if fault == nil {
		return
	}
	armed := *fault
	armed.Hook = func(strike faultfs.Strike) { g.struck <- strike }
	g.disk.Arm(&armed)
}

// suffer starts the server, works until the armed fault has struck, and wants it
// to heal by itself. A fault that meets the start may end it with a sentence.
// Before there is an administrator nobody works: the strike is zero then, if the
// start has not met it.
func (g *segment) suffer(ctx context.Context, lasting bool) (strike faultfs.Strike, err error) {
	size := g.loggedSize()
	hit := make(chan faultfs.Strike, 1)
	ctx, cancel := context.WithCancel(ctx)
	var healer sync.WaitGroup
	healer.Go(func() { g.heal(ctx, lasting, hit) })
	defer func() {
		cancel()
		healer.Wait()
		if strike.Ordinal == 0 { // it came as the last thing
			select {
			case strike = <-hit:
			default:
			}
		}
	}()
	if err := g.start(ctx); err != nil {
		select {
		case strike = <-hit:
			return strike, g.ended(size)
		case <-time.After(outage):
			return strike, fmt.Errorf("a start without a fault failed: %w\n%s", err, g.logged(size))
		}
	}
	if !g.claimed {
		return strike, g.ready(ctx)
	}
	if strike, err = g.work(ctx, hit); err != nil {
		return strike, fmt.Errorf("%w\n%s", err, g.logged(size))
	}
	if lasting { // it is still there
		g.books.Try(ctx)
	}
	if err := until(ctx, "a sign-in after "+describe(strike), func() bool { return g.books.Try(ctx) }); err != nil {
		return strike, fmt.Errorf("%w\n%s", err, g.logged(size))
	}
	return strike, g.ready(ctx)
}

// heal passes a strike on and ends a lasting fault.
func (g *segment) heal(ctx context.Context, lasting bool, hit chan<- faultfs.Strike) {
	select {
	case strike := <-g.struck:
		hit <- strike
	case <-ctx.Done():
		return
	}
	if lasting {
		time.Sleep(outage)
		g.disk.Heal()
	}
}

func (g *segment) start(ctx context.Context) (err error) {
	g.server, err = g.site.start(ctx)
	g.up = err == nil
	return err
}

func describe(s faultfs.Strike) string {
	return fmt.Sprintf("ordinal %d, %s of %s", s.Ordinal, s.Op, s.Name)
}

// ended wants a server that a fault kept from starting to have said so.
func (g *segment) ended(size int64) error {
	select {
	case <-g.server.Ended:
	case <-time.After(patience):
		return fmt.Errorf("a start that met a fault neither ends nor goes on\n%s", g.logged(size))
	}
	if said(g.logged(size)) == "" {
		return fmt.Errorf("a start ended without a sentence\n%s", g.logged(size))
	}
	return nil
}

// ready wants the server to say that it can write.
func (g *segment) ready(ctx context.Context) error {
	return until(ctx, "readyz", func() bool { return g.people.Get(ctx, "/readyz") == nil })
}

// work has people work until the fault strikes.
func (g *segment) work(ctx context.Context, hit <-chan faultfs.Strike) (strike faultfs.Strike, err error) {
	working, enough := context.WithTimeout(ctx, 4*patience)
	defer enough()
	var all sync.WaitGroup
	all.Go(func() { g.books.Work(working, workers) })
	select {
	case strike = <-hit:
	case <-g.server.Ended:
		err = errors.New("the server has ended by itself")
	case <-working.Done():
		err = fmt.Errorf("the ordinal was not reached: %d were counted", g.disk.Count())
	}
	enough()
	all.Wait()
	return strike, err
}

// busy has people work until so many more changes were acknowledged, and calls
// then in the middle of that.
func (g *segment) busy(ctx context.Context, changes int, then func()) error {
	working, enough := context.WithCancel(ctx)
	defer enough()
	more := g.books.Counts().Acknowledged + int64(changes)
	var all sync.WaitGroup
	all.Go(func() { g.books.Work(working, workers) })
	err := until(ctx, "work", func() bool { return g.books.Counts().Acknowledged >= more })
	then()
	enough()
	all.Wait()
	return err
}

// die has people work a little more and kills the server in the middle of that.
func (g *segment) die(ctx context.Context) error {
	return g.busy(ctx, g.random.IntN(4*workers), g.server.Kill)
}

// cut has people work until the disk is gone, and ends the server.
func (g *segment) cut(ctx context.Context) error {
	size := g.loggedSize()
	if err := g.start(ctx); err != nil {
		select {
		case <-g.struck:
			return nil
		default:
			return fmt.Errorf("a start without a fault failed: %w\n%s", err, g.logged(size))
		}
	}
	if !g.claimed {
		return nil
	}
	_, err := g.work(ctx, g.struck)
	g.server.Kill()
	return err
}

// errnos are the kinds of faults by their names on the command line.
func errnos() map[string]syscall.Errno {
	return map[string]syscall.Errno{"eio": syscall.EIO, "enospc": syscall.ENOSPC, "erofs": syscall.EROFS}
}
