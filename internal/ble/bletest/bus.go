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
	"strings"

	"github.com/hitherauth/hither/internal/child"
)

// BusConfig describes a private bus.
type BusConfig struct {
	// Program is the dbus-daemon to run. Empty: the one in PATH.
	Program string
	// Dir is the directory that the bus's own is made in. Its path must be short: that
	// of a unix socket has room for 107 bytes. Empty: the one for temporary files.
	Dir string
	// Policy is XML for the bus's configuration, after a policy that allows
	// everything to everybody. Empty: everything stays allowed.
	Policy string
}

// Bus is a private D-Bus bus: a dbus-daemon with a socket in a directory of its own.
type Bus struct {
	dir    string
	daemon *child.Process
	ended  chan struct{} // closed when the daemon is gone and the directory too
	err    error         // of making sure; read after ended
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
	dir, err := os.MkdirTemp(c.Dir, "hither-bus-")
	if err != nil {
		return nil, fmt.Errorf("bletest: %w", err)
	}
	b := &Bus{dir: dir, ended: make(chan struct{})}
	if err := b.start(ctx, program, c.Policy); err != nil {
		return nil, errors.Join(fmt.Errorf("bletest: starting %s: %w", program, err), os.RemoveAll(dir))
	}
	go func() {
		defer close(b.ended)
		<-b.daemon.Ended()
		b.err = os.RemoveAll(dir)
	}()
	return b, nil
}

// Address is the bus's address, for DBUS_SYSTEM_BUS_ADDRESS.
func (b *Bus) Address() string { return "unix:path=" + escaped(filepath.Join(b.dir, "bus")) }

// escaped is a value of a D-Bus address (D-Bus specification, "Server Addresses").
func escaped(value string) string {
	var text strings.Builder
	for _, c := range []byte(value) {
		if 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || strings.IndexByte("-_/.*", c) >= 0 {
			text.WriteByte(c)
		} else {
			fmt.Fprintf(&text, "%%%02x", c)
		}
	}
	return text.String()
}

// Ended is closed when nothing is left of the bus, however it ended.
func (b *Bus) Ended() <-chan struct{} { return b.ended }

// Close ends the bus, as a crash would, and returns when nothing is left of it.
func (b *Bus) Close() error {
	err := b.daemon.Close()
	<-b.ended
	return errors.Join(err, b.err)
}

func (b *Bus) start(ctx context.Context, program, policy string) error {
	config := filepath.Join(b.dir, "bus.conf")
	if err := os.WriteFile(config, []byte(configuration(b.Address(), policy)), 0o600); err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, program, //nolint:gosec // the caller says which program to run
		"--nofork", "--nopidfile", "--nosyslog", "--print-address=1", "--config-file="+config)
	cmd.Env = []string{"PATH=/usr/bin:/bin"} // no DBUS_ variables of ours
	var complaints strings.Builder
	cmd.Stderr = &limited{to: &complaints, left: 4096}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if b.daemon, err = child.Start(ctx, cmd); err != nil {
		return err
	}
	// It prints its address once it listens.
	if _, err := bufio.NewReader(io.LimitReader(out, 4096)).ReadString('\n'); err != nil {
		err := b.daemon.Close()
		return errors.Join(fmt.Errorf("it ended: %s", strings.TrimSpace(complaints.String())), err)
	}
	return nil
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
