//go:build !linux

package child

import "errors"

func (*Process) prepare() error { return errors.ErrUnsupported }

func (*Process) run(started chan<- error) { started <- errors.ErrUnsupported } // never: prepare fails

func (*Process) ask() {}

func (*Process) kill() {}
