package child

import (
	"context"
	"fmt"
	"os/exec"
	"sync"
	"time"
)

// grace is how long a program that was asked to end may take.
const grace = 5 * time.Second

// Process is a program that runs, and all that it has started and that is still in
// its process group.
type Process struct {
	cmd   *exec.Cmd
	ended chan struct{} // closed when nothing is left
	err   error         // of making sure; read after ended

	mu      sync.Mutex
	reaped  bool        // its id may be another process's by now
	asked   bool        // to end
	patient *time.Timer // ends the patience with a program that was asked; nil before
}

// Start starts a program that was prepared with [exec.CommandContext]. It ends with
// ctx, and with the context of cmd, as if by [Process.Close].
//
// What cmd.SysProcAttr holds is kept. When this process ends without closing it, the
// program is killed, or see [Gently]. cmd.WaitDelay is how long
// the group may take to end; 0 means 5 seconds. cmd.Wait must not be called: after
// [Process.Ended], cmd.ProcessState says how the program ended.
func Start(ctx context.Context, cmd *exec.Cmd) (*Process, error) {
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("child: %w", context.Cause(ctx))
	}
	p := &Process{cmd: cmd, ended: make(chan struct{})}
	if err := p.prepare(); err != nil {
		return nil, fmt.Errorf("child: %w", err)
	}
	if cmd.Cancel != nil {
		cmd.Cancel = func() error { p.stop(); return nil }
	}
	if cmd.WaitDelay == 0 {
		cmd.WaitDelay = grace
	}
	started := make(chan error, 1)
	go p.run(started)
	if err := <-started; err != nil {
		return nil, fmt.Errorf("child: %w", err)
	}
	forget := context.AfterFunc(ctx, p.stop)
	go func() {
		<-p.ended
		forget()
	}()
	return p, nil
}

// Ended is closed when the program has ended and nothing of its group is left.
func (p *Process) Ended() <-chan struct{} { return p.ended }

// Close asks the whole group to end (SIGTERM), kills it when its time is over, and
// returns when nothing is left. An error says that something is: the kernel could
// not end it. How the program ended is no error. Close may be called several times.
func (p *Process) Close() error {
	p.stop()
	<-p.ended
	return p.err
}

// stop asks the group to end, and returns.
func (p *Process) stop() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.asked || p.reaped {
		return
	}
	p.asked = true
	p.ask()
	p.patient = time.AfterFunc(p.cmd.WaitDelay, func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		if !p.reaped {
			p.kill()
		}
	})
}

// reap kills what is left of the group and takes the program's end from the kernel,
// which gives its id to others from then on.
func (p *Process) reap() {
	p.mu.Lock()
	p.kill()
	p.reaped = true
	if p.patient != nil {
		p.patient.Stop()
	}
	p.mu.Unlock()
	_ = p.cmd.Wait() // how it ended is in ProcessState
}
