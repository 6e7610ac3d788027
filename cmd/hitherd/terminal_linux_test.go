package main

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// openTerminal makes a pseudo-terminal of a width: what is written to slave can
// be read from master.
func openTerminal(t *testing.T, columns uint16) (master, slave *os.File) {
	t.Helper()
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = master.Close() })
	fd := int(master.Fd())
	n, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	if err == nil {
		err = errors.Join(unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0),
			unix.IoctlSetWinsize(fd, unix.TIOCSWINSZ, &unix.Winsize{Row: 50, Col: columns}))
	}
	if err != nil {
		t.Fatal(err)
	}
	slave, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	return master, slave
}

// onTerminal starts hitherd with its standard output on a terminal and returns
// what people see until the greeting is over.
func onTerminal(t *testing.T, columns uint16, environ ...string) string {
	t.Helper()
	master, slave := openTerminal(t, columns)
	cmd := exec.CommandContext(t.Context(), "hitherd", "serve")
	cmd.Env = append(append(os.Environ(), "HITHER_LISTEN=127.0.0.1:0", "HITHER_DATA_DIR="+t.TempDir()), environ...)
	cmd.Stdout = slave
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if err := slave.Close(); err != nil {
		t.Fatal(err)
	}
	var seen strings.Builder
	for lines := bufio.NewScanner(master); lines.Scan(); {
		fmt.Fprintln(&seen, strings.TrimSuffix(lines.Text(), "\r"))
		if strings.Contains(lines.Text(), "Ctrl-C") {
			break
		}
	}
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Error(err)
	}
	return seen.String()
}

func TestTerminalGreeting(t *testing.T) {
	t.Parallel()
	const escape, block = "\x1b[", "█"
	for name, row := range map[string]struct {
		columns        uint16
		environ        []string
		coloured, code bool
	}{
		"wide":     {columns: 80, coloured: true, code: true},
		"no_color": {columns: 80, environ: []string{"NO_COLOR=1"}, code: true},
		"narrow":   {columns: 30},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			seen := onTerminal(t, row.columns, row.environ...)
			if !strings.HasPrefix(seen, "listening http://localhost:") || !strings.Contains(seen, "\nsetup http://localhost:") ||
				!strings.Contains(seen, "Welcome.") {
				t.Errorf("the greeting is\n%s", seen)
			}
			if strings.Contains(seen, escape) != row.coloured || strings.Contains(seen, block) != row.code {
				t.Errorf("want colours %v and a code %v, got\n%s", row.coloured, row.code, seen)
			}
		})
	}
}
