package main

import (
	"errors"
	"fmt"
	"io"
	"os/exec"
)

// warden clears up after a bed whose process was killed: a shell that waits for that
// process to end, and does nothing if it has ended well. The kernel ends the programs
// that the process has started itself; what those have started, and files, it leaves.
type warden struct {
	cmd  *exec.Cmd
	told io.WriteCloser
}

// Without a word at the end, the one who should have said it was killed.
const wardenScript = `
group=
while read -r word; do
	case $word in
	well) exit 0 ;;
	*) group=$word ;;
	esac
done
[ -z "$group" ] || kill -s KILL -- "-$group" 2>/dev/null
rm -rf -- "$1" || { sleep 1; rm -rf -- "$1"; }
`

// newWarden appoints one for a folder.
func newWarden(dir string) (*warden, error) {
	cmd := exec.Command("/bin/sh", "-c", wardenScript, "sh", dir) //nolint:gosec,noctx // G204: our own script; it ends after this process
	detach(cmd)                                                   // no Ctrl-C is for it
	told, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	return &warden{cmd: cmd, told: told}, nil
}

// watch gives it a process group, too.
func (w *warden) watch(group int) error {
	_, err := fmt.Fprintln(w.told, group)
	return err
}

// dismiss tells it that all is well.
func (w *warden) dismiss() error {
	_, err := fmt.Fprintln(w.told, "well")
	return errors.Join(err, w.told.Close(), w.cmd.Wait())
}
