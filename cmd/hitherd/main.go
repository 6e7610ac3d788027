// Command hitherd is the Hither server: passkey sign-in from one binary.
//
// Terminal manners: standard output carries results, one to a line, in a form
// that programs can read. Everything else goes to standard error: the log while
// serving, and errors as one line "hitherd: …" in small letters without a full
// stop, with hint lines under it. Words for people and the QR code of the setup
// link are added only when standard output is a terminal. Exit codes are in
// docs/operators.md.
package main

import (
	"io"
	"os"

	"github.com/hitherauth/hither/internal/cli"
)

func main() {
	keepPrivate()
	os.Exit(run(os.Args[1:], program{stdout: os.Stdout, stderr: os.Stderr, environ: os.Environ()}))
}

// program is what hitherd has of the world around it.
type program struct {
	stdout, stderr io.Writer
	environ        []string
}

// run executes one command line and returns the exit code.
func run(args []string, p program) int {
	root := p.root()
	root.SetArgs(args)
	root.SetOut(p.stdout)
	root.SetErr(p.stderr)
	return cli.Report(p.stderr, "hitherd", root.Execute())
}
