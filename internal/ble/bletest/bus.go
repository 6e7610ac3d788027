package bletest

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"html"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
)

// BusConfig describes a private bus.
type BusConfig struct {
	// Program is the dbus-daemon to run. Empty: the one in PATH.
	Program string
	// Policy is XML for the bus's configuration, after a policy that allows
	// everything to everybody. Empty: everything stays allowed.
	Policy string
}

// Bus is a private D-Bus bus: a dbus-daemon with a socket in a directory of its own.
type Bus struct {
	dir    string
	cancel context.CancelFunc
	ended  chan struct{} // closed when the daemon is gone and the directory too
	err    error         // of removing the directory; read after ended
}

// StartBus starts a bus that lives until ctx is done or it is closed. It accepts
// connections when StartBus returns. It ends with this process, too, on Linux.
func StartBus(ctx context.Context, c BusConfig) (*Bus, error) {
	if c.Program == "" {
		c.Program = "dbus-daemon"
	}
	program, err := exec.LookPath(c.Program)
	if err != nil {
		return nil, fmt.Errorf("bletest: %w", err)
	}
	// Not below a test's directory: the path of a unix socket has room for 107 bytes.
	dir, err := os.MkdirTemp("", "hither-bus-")
	if err != nil {
		return nil, fmt.Errorf("bletest: %w", err)
	}
	b := &Bus{dir: dir, ended: make(chan struct{})}
	ctx, b.cancel = context.WithCancel(ctx)
	if err := b.start(ctx, program, c.Policy); err != nil {
		b.cancel()
		return nil, errors.Join(fmt.Errorf("bletest: starting %s: %w", program, err), os.RemoveAll(dir))
	}
	return b, nil
}

// Address is the bus's address, for DBUS_SYSTEM_BUS_ADDRESS.
func (b *Bus) Address() string { return "unix:path=" + filepath.Join(b.dir, "bus") }

// Close ends the bus, as a crash would, and returns when nothing is left of it.
func (b *Bus) Close() error {
	b.cancel()
	<-b.ended
	return b.err
}

func (b *Bus) start(ctx context.Context, program, policy string) error {
	config := filepath.Join(b.dir, "bus.conf")
	if err := os.WriteFile(config, []byte(configuration(b.Address(), policy)), 0o600); err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, program, //nolint:gosec // the caller says which program to run
		"--nofork", "--nopidfile", "--nosyslog", "--print-address=1", "--config-file="+config)
	cmd.Env = []string{"PATH=/usr/bin:/bin"} // no DBUS_ variables of ours
	endWithUs(cmd)
	var complaints strings.Builder
	cmd.Stderr = &limited{to: &complaints, left: 4096}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	started := make(chan error, 1)
	go b.run(cmd, started)
	if err := <-started; err != nil {
		return err
	}
	// It prints its address once it listens.
	if _, err := bufio.NewReader(io.LimitReader(out, 4096)).ReadString('\n'); err != nil {
		b.cancel()
		<-b.ended
		return fmt.Errorf("it ended: %s", strings.TrimSpace(complaints.String()))
	}
	return nil
}

// run starts the daemon and waits for its end, on a thread of its own: where the
// daemon ends with its parent, the parent is the thread.
func (b *Bus) run(cmd *exec.Cmd, started chan<- error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if err := cmd.Start(); err != nil {
		started <- err
		return
	}
	defer close(b.ended)
	started <- nil
	_ = cmd.Wait() // it was killed
	b.cancel()
	b.err = os.RemoveAll(b.dir)
}

// configuration is a bus on which everybody may do everything, in the words of
// dbus-daemon(1). The type session lets it run without privileges.
func configuration(address, policy string) string {
	return `<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN" "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>session</type>
  <listen>` + html.EscapeString(address) + `</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/>
    <allow receive_sender="*"/>
    <allow own="*"/>
    <allow user="*"/>
  </policy>
  ` + policy + `
</busconfig>
`
}

// limited keeps the beginning of what one goroutine writes.
type limited struct {
	to   io.Writer
	left int
}

func (l *limited) Write(b []byte) (int, error) {
	keep := b[:min(len(b), l.left)]
	l.left -= len(keep)
	if _, err := l.to.Write(keep); err != nil {
		return 0, err
	}
	return len(b), nil
}
