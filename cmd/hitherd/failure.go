package main

import (
	"errors"
	"fmt"
	"io"
	"strings"
)

// Exit codes. They are documented in docs/operators.md.
const (
	exitOK      = 0
	exitFailure = 1  // what was asked for did not happen
	exitUsage   = 2  // the command line is wrong
	exitBusy    = 75 // another process is in the way: later may be better
	exitRefused = 78 // configuration, key or data directory must be put right first
)

// failure is an error with the exit code that it leads to and hints for the
// person at the terminal.
type failure struct {
	code  int
	err   error
	hints []string
}

func (f *failure) Error() string { return f.err.Error() }
func (f *failure) Unwrap() error { return f.err }

// hint adds a line that is printed under the error.
func (f *failure) hint(text string) *failure {
	f.hints = append(f.hints, text)
	return f
}

// refused is a failure that starting again will not cure.
func refused(format string, args ...any) *failure {
	return &failure{code: exitRefused, err: fmt.Errorf(format, args...)}
}

// busy is a failure that another process causes.
func busy(format string, args ...any) *failure {
	return &failure{code: exitBusy, err: fmt.Errorf(format, args...)}
}

// usage is a failure of the command line.
func usage(text string) *failure { return &failure{code: exitUsage, err: errors.New(text)} }

// report prints err in the one form that errors have, and returns the exit code.
func report(w io.Writer, err error) int {
	if err == nil {
		return exitOK
	}
	_, _ = fmt.Fprintf(w, "hitherd: %s\n", strings.ReplaceAll(err.Error(), "\n", "; "))
	f, ok := errors.AsType[*failure](err)
	if !ok {
		return exitFailure
	}
	for _, h := range f.hints {
		_, _ = fmt.Fprintf(w, "hitherd: hint: %s\n", h)
	}
	return f.code
}
