//go:build unix

package term

import (
	"os"

	"golang.org/x/sys/unix"
)

func openTerminal() (in, out *os.File, err error) {
	tty, err := os.OpenFile("/dev/tty", os.O_RDWR, 0)
	return tty, tty, err
}

// hide shows nothing of what is typed but the end of the line.
func hide(fd int) (show func() error, err error) {
	before, err := unix.IoctlGetTermios(fd, getTermios)
	if err != nil {
		return nil, err
	}
	hidden := *before
	hidden.Lflag &^= unix.ECHO
	hidden.Lflag |= unix.ECHONL | unix.ICANON | unix.ISIG
	show = func() error { return unix.IoctlSetTermios(fd, setTermios, before) }
	return show, unix.IoctlSetTermios(fd, setTermios, &hidden)
}
