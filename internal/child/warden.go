package child

import (
	"fmt"
	"io"
	"os/exec"
)

// Warden clears up after this process if it is killed: a shell that waits for its end,
// and does nothing if it was dismissed. The kernel ends the programs that this process
// has started itself; what those have started, and files, it leaves.
type Warden struct {
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
[ -z "$1" ] || rm -rf -- "$1" || { sleep 1; rm -rf -- "$1"; }
`

// Appoint appoints a warden for a folder, which it removes with all that is in it;
// "": for none.
func Appoint(dir string) (*Warden, error) {
	cmd := exec.Command("/bin/sh", "-c", wardenScript, "sh", dir) //nolint:gosec,noctx // G204: our own script; it ends after this process
	detach(cmd)                                                   // no Ctrl-C is for it
	told, err := cmd.StdinPipe()
	if err != nil {
		return nil, fmt.Errorf("child: %w", err)
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("child: %w", err)
	}
	return &Warden{cmd: cmd, told: told}, nil
}

// Watch gives the warden a process group, which it kills, in place of one before.
func (w *Warden) Watch(group int) {
	_, _ = fmt.Fprintln(w.told, group) // who has killed it has a reason
}

// Dismiss tells the warden that all is well, and returns when it is gone.
func (w *Warden) Dismiss() {
	_, _ = fmt.Fprintln(w.told, "well")
	_ = w.told.Close()
	_ = w.cmd.Wait()
}
