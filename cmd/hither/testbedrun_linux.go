package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"syscall"

	"github.com/hitherauth/hither/internal/child"
	"github.com/hitherauth/hither/internal/cli"
)

// passedOn are the signals that are the command's.
func passedOn() []os.Signal {
	return []os.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGQUIT, syscall.SIGUSR1, syscall.SIGUSR2}
}

// signalGroup sends a signal to a process group, as a terminal does.
func signalGroup(group int, s os.Signal) {
	if n, ok := s.(syscall.Signal); ok {
		_ = syscall.Kill(-group, n) // it may be gone
	}
}

// inBed runs a command in a bed, to its end or that of the bed.
func (p program) inBed(ctx context.Context, s *stage, c *courier, args []string) error {
	name := args[0]
	if name == wrapperName {
		name = s.wrapper // it is in the PATH of the command, not in ours
	}
	cmd := exec.CommandContext(ctx, name, args[1:]...) //nolint:gosec // G204: to run it is what was asked for
	cmd.Stdin, cmd.Stdout, cmd.Stderr = p.stdin, p.stdout, p.stderr
	cmd.Env = s.environ(os.Environ())
	warden, err := child.Appoint("")
	if err != nil {
		return err
	}
	defer warden.Dismiss()
	job := newJob(cmd)
	process, err := c.start(ctx, cmd)
	if err != nil {
		return cannotRun(args[0], err)
	}
	defer job.follow()()
	warden.Watch(cmd.Process.Pid)
	select {
	case <-process.Ended():
	case <-s.bed.Ended():
	}
	if err := process.Close(); err != nil {
		return err
	}
	status, ok := cmd.ProcessState.Sys().(syscall.WaitStatus)
	switch {
	case ok && status.Signaled():
		return &cli.ExitError{Code: exitSignal + int(status.Signal())}
	case cmd.ProcessState.Success():
		return nil
	default:
		return &cli.ExitError{Code: cmd.ProcessState.ExitCode()}
	}
}

func cannotRun(name string, err error) error {
	code := exitCannotRun
	if errors.Is(err, exec.ErrNotFound) || errors.Is(err, fs.ErrNotExist) {
		code = exitNotFound
	}
	return cli.Exit(code, fmt.Errorf("cannot run %s: %w", name, err))
}
