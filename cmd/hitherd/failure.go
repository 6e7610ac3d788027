package main

import (
	"fmt"

	"github.com/hitherauth/hither/internal/cli"
)

// refused is a failure that starting again will not cure.
func refused(format string, args ...any) *cli.ExitError {
	return &cli.ExitError{Code: cli.ExitRefused, Err: fmt.Errorf(format, args...)}
}

// busy is a failure that another process causes.
func busy(format string, args ...any) *cli.ExitError {
	return &cli.ExitError{Code: cli.ExitBusy, Err: fmt.Errorf(format, args...)}
}
