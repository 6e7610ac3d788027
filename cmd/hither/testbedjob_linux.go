package main

import (
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"syscall"

	"golang.org/x/sys/unix"
)

// job is a command whose process group is its own, at a terminal or not. The terminal
// listens to one group. If that is ours it becomes the command's: what is typed, Ctrl-C
// and Ctrl-Z included, is for the command.
type job struct {
	cmd      *exec.Cmd
	terminal int // a descriptor; -1: there is none, or others have it
}

// newJob prepares a command that has not started.
func newJob(cmd *exec.Cmd) *job {
	j := &job{cmd: cmd, terminal: -1}
	if input, ok := cmd.Stdin.(*os.File); ok && listensTo(int(input.Fd()), unix.Getpgrp()) {
		j.terminal = int(input.Fd())
		cmd.SysProcAttr = &syscall.SysProcAttr{Foreground: true, Ctty: j.terminal}
	}
	return j
}

// listensTo says whether a descriptor is a terminal that listens to a process group.
func listensTo(fd, group int) bool {
	listens, err := unix.IoctlGetInt(fd, unix.TIOCGPGRP)
	return err == nil && listens == group
}

// lend has the terminal listen to another process group, from whichever it is.
func (j *job) lend(group int) {
	signal.Ignore(syscall.SIGTTOU) // who is in the background would be stopped for it
	_ = unix.IoctlSetPointerInt(j.terminal, unix.TIOCSPGRP, group)
	signal.Reset(syscall.SIGTTOU)
}

// follow stops this process when the command stops, so that the shell which waits for
// it has the terminal, and has the command go on when it does. When the command has
// ended, the function that it returns takes the terminal back.
func (j *job) follow() (end func()) {
	if j.terminal < 0 {
		return func() {}
	}
	changed, over, gone := make(chan os.Signal, 1), make(chan struct{}), make(chan struct{})
	signal.Notify(changed, syscall.SIGCHLD)
	go func() {
		defer close(gone)
		for {
			j.stopWith() // the first time without a signal, which may have come before
			select {
			case <-changed:
			case <-over:
				return
			}
		}
	}()
	return func() {
		signal.Stop(changed)
		close(over)
		<-gone
		j.lend(unix.Getpgrp())
	}
}

// stopWith stops with the command, if it has stopped.
func (j *job) stopWith() {
	runtime.LockOSThread() // which is to have stopped when kill returns
	defer runtime.UnlockOSThread()
	var info unix.Siginfo
	group := j.cmd.Process.Pid
	if err := unix.Waitid(unix.P_PID, group, &info, unix.WSTOPPED|unix.WNOHANG, nil); err != nil || info.Signo == 0 {
		return
	}
	j.lend(unix.Getpgrp())
	_ = unix.Tgkill(unix.Getpid(), unix.Gettid(), unix.SIGSTOP)
	// Somebody has us go on, at the terminal or in the background.
	if listensTo(j.terminal, unix.Getpgrp()) {
		j.lend(group)
	}
	_ = unix.Kill(-group, unix.SIGCONT) // it may be gone
}
