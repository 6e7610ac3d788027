// Command hither is what people and programs use beside a Hither server. So far
// it measures one: hither bench.
//
// Terminal manners are those of hitherd: standard output carries results, in a
// form that programs can read; errors are one line "hither: …" on standard error,
// with hint lines under it; progress is shown on standard error when that is a
// terminal. Nothing is coloured. Exit codes are in docs/operators.md.
package main

import (
	"io"
	"os"

	"github.com/spf13/cobra"

	"github.com/hitherauth/hither/internal/cli"
)

func main() {
	os.Exit(run(os.Args[1:], program{stdin: os.Stdin, stdout: os.Stdout, stderr: os.Stderr}))
}

// program is what hither has of the world around it.
type program struct {
	stdin          io.Reader
	stdout, stderr io.Writer
}

// run executes one command line and returns the exit code.
func run(args []string, p program) int {
	root := cli.Root(&cobra.Command{
		Use:   "hither",
		Short: "Tools beside a Hither server",
	}, p.benchCommand(), cli.VersionCommand(p.stdout, "hither"))
	root.SetArgs(args)
	root.SetOut(p.stdout)
	root.SetErr(p.stderr)
	return cli.Report(p.stderr, "hither", root.Execute())
}
