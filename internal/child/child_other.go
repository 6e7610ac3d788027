//go:build !linux

package child

import (
	"errors"
	"os/exec"
)

// Gently has a program asked to end, and not killed, when this process ends without
// closing it.
func Gently(*exec.Cmd) {}

func detach(*exec.Cmd) {}

func (*Process) prepare() error { return errors.ErrUnsupported }

func (*Process) run(started chan<- error) { started <- errors.ErrUnsupported } // never: prepare fails

func (*Process) ask() {}

func (*Process) kill() {}
