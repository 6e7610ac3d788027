package main

import (
	"context"
	"os"
	"os/exec"
	"os/signal"
	"slices"
	"sync"
	"syscall"

	"github.com/hitherauth/hither/internal/child"
	"github.com/hitherauth/hither/internal/cli"
)

// Exit codes of what runs another program, as shells, env and timeout have them.
const (
	exitCannotRun = 126
	exitNotFound  = 127
	exitSignal    = 128 // and the number of the signal
)

// courier passes signals on to the command, once there is one.
type courier struct {
	giveUp context.CancelFunc // ends a bed that has no command yet

	mu    sync.Mutex
	to    int       // the command's process group; 0: there is none yet
	early os.Signal // came before there was one
}

func (c *courier) pass(s os.Signal) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.to == 0 {
		c.early = s
		c.giveUp()
		return
	}
	signalGroup(c.to, s)
}

// start starts the command. A signal comes either before that, and then there is no
// command, or it is the command's.
func (c *courier) start(ctx context.Context, command *exec.Cmd) (*child.Process, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	process, err := child.Start(ctx, command)
	if err == nil {
		c.to = command.Process.Pid
	}
	return process, err
}

// tooEarly is the exit code if there was a signal before there was a command.
func (c *courier) tooEarly() (code int, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	s, ok := c.early.(syscall.Signal)
	return exitSignal + int(s), ok
}

// testbedRun runs a command in a bed and returns with its exit code.
func (p program) testbedRun(ctx context.Context, f testbedFlags, args []string) (err error) {
	ctx, giveUp := context.WithCancel(ctx)
	defer giveUp()
	c := &courier{giveUp: giveUp}
	signals := make(chan os.Signal, 16)
	// What nohup, or a shell for its background, has us ignore the command ignores, too.
	if heard := slices.DeleteFunc(passedOn(), signal.Ignored); len(heard) > 0 {
		signal.Notify(signals, heard...)
		defer signal.Stop(signals)
	}
	go func() {
		for {
			select {
			case s := <-signals:
				c.pass(s)
			case <-ctx.Done():
				return
			}
		}
	}()
	stage, err := openStage(ctx, f.config())
	if err == nil {
		err = p.inBed(ctx, stage, c, args)
		if e := stage.close(); e != nil {
			err = e // the command's code is that of a command without a bed
		}
	} else {
		err = explainTestbed(ctx, err)
	}
	if code, ok := c.tooEarly(); ok {
		return &cli.ExitError{Code: code}
	}
	return err
}
