package child

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// prepare gives the program a group of its own and an end with this process.
func (p *Process) prepare() error {
	attr := syscall.SysProcAttr{}
	if p.cmd.SysProcAttr != nil {
		attr = *p.cmd.SysProcAttr
	}
	attr.Setpgid = true
	if attr.Pdeathsig == 0 {
		attr.Pdeathsig = syscall.SIGKILL
	}
	p.cmd.SysProcAttr = &attr
	return nil
}

// Gently has a program asked to end (SIGTERM), and not killed, when this process
// ends without closing it: for one that has to clean up.
func Gently(cmd *exec.Cmd) {
	if cmd.SysProcAttr == nil {
		cmd.SysProcAttr = &syscall.SysProcAttr{}
	}
	cmd.SysProcAttr.Pdeathsig = syscall.SIGTERM
}

// detach gives a program a process group of its own.
func detach(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }

// run starts the program and waits for its end, on a thread of its own: the parent
// with which a program ends is the thread that has started it.
func (p *Process) run(started chan<- error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if err := p.cmd.Start(); err != nil {
		started <- err
		return
	}
	defer close(p.ended)
	started <- nil
	// As long as its end is not taken, nobody else can have its id, nor the group's.
	for {
		err := unix.Waitid(unix.P_PID, p.cmd.Process.Pid, nil, unix.WEXITED|unix.WNOWAIT, nil)
		if !errors.Is(err, unix.EINTR) {
			break
		}
	}
	p.reap()
	p.err = p.vanish()
}

func (p *Process) ask()  { _ = syscall.Kill(-p.cmd.Process.Pid, syscall.SIGTERM) } // it may be gone
func (p *Process) kill() { _ = syscall.Kill(-p.cmd.Process.Pid, syscall.SIGKILL) }

// vanish waits until nothing of the group runs any more. All of it has been killed.
func (p *Process) vanish() error {
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(grace); time.Now().Before(deadline); <-tick.C {
		if !runs(p.cmd.Process.Pid) {
			return nil
		}
	}
	return errors.New("child: processes are left that do not end")
}

// runs says whether there is a process in the group that is not a zombie. Of those
// there may be any number until the system's first process takes their end, which
// that of a container may never do.
func runs(group int) bool {
	if err := syscall.Kill(-group, 0); errors.Is(err, syscall.ESRCH) {
		return false
	}
	stats, _ := filepath.Glob("/proc/[0-9]*/stat") // the pattern is right
	for _, name := range stats {
		stat, err := os.ReadFile(name) //nolint:gosec // of the kernel's
		if err != nil {
			continue // it has just ended
		}
		// pid (name) state parent group …, and a name may hold anything.
		fields := bytes.Fields(stat[bytes.LastIndexByte(stat, ')')+1:])
		if len(fields) > 2 && string(fields[2]) == strconv.Itoa(group) && !bytes.ContainsAny(fields[0], "ZX") {
			return true
		}
	}
	return false
}
