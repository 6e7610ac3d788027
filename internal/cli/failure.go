package cli

import (
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode"
)

// Exit codes. They are documented in docs/operators.md and docs/hither.md.
const (
	ExitOK          = 0
	ExitFailure     = 1   // what was asked for did not happen
	ExitUsage       = 2   // the command line is wrong
	ExitUnavailable = 69  // something that is needed is not there: Bluetooth, a phone, a service
	ExitBusy        = 75  // another process is in the way: later may be better
	ExitDenied      = 77  // somebody who was asked said no, or has nothing to say yes with
	ExitRefused     = 78  // configuration, key or data directory must be put right first
	ExitInterrupted = 130 // Ctrl-C
)

// ExitError is an error with the exit code that it leads to and hints for the
// person at the terminal.
type ExitError struct {
	Code  int
	Err   error // nil: whoever knows more has said it, and nothing is printed
	Hints []string
}

// Error is the text of Err.
func (f *ExitError) Error() string {
	if f.Err == nil {
		return "exit code " + strconv.Itoa(f.Code)
	}
	return f.Err.Error()
}

// Unwrap gives Err.
func (f *ExitError) Unwrap() error { return f.Err }

// Hint adds a line that is printed under the error.
func (f *ExitError) Hint(text string) *ExitError {
	f.Hints = append(f.Hints, text)
	return f
}

// Usage is a failure of the command line.
func Usage(text string) *ExitError { return &ExitError{Code: ExitUsage, Err: errors.New(text)} }

// Exit is err with the exit code that it leads to.
func Exit(code int, err error) *ExitError { return &ExitError{Code: code, Err: err} }

// Failed is a failure of what was asked for.
func Failed(err error) *ExitError { return &ExitError{Code: ExitFailure, Err: err} }

// Report prints err in the one form that errors have, after the program's name,
// and returns the exit code. An error that is no ExitError has code 1.
func Report(w io.Writer, program string, err error) int {
	if err == nil {
		return ExitOK
	}
	f, ok := errors.AsType[*ExitError](err)
	if ok && f.Err == nil {
		return f.Code
	}
	_, _ = fmt.Fprintf(w, "%s: %s\n", program, Printable(strings.ReplaceAll(err.Error(), "\n", "; ")))
	if !ok {
		return ExitFailure
	}
	for _, h := range f.Hints {
		_, _ = fmt.Fprintf(w, "%s: hint: %s\n", program, Printable(h))
	}
	return f.Code
}

// Printable replaces what could move a terminal's cursor or turn its writing
// round: an error may repeat what somebody else has said.
func Printable(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return unicode.ReplacementChar
	}, s)
}
