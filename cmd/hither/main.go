// Command hither is what people and programs use beside a Hither server: it signs
// a person in at a terminal, with a passkey on a phone or in a vault on this machine
// (hither login), is a phone in software (hither phone), gives tests a browser and a
// phone (hither testbed), and measures a server (hither bench).
//
// Terminal manners: standard output carries results, in a form that programs can
// read; what is between the program and a person, QR codes and questions, is on the
// terminal itself and is taken away again; errors are one line "hither: …" on
// standard error, with hint lines under it. Exit codes are in docs/hither.md.
package main

import (
	"io"
	"os"

	"github.com/spf13/cobra"

	"github.com/hitherauth/hither/internal/cli"
)

func main() {
	os.Exit(run(os.Args[1:], program{stdin: os.Stdin, stdout: os.Stdout, stderr: os.Stderr, getenv: os.Getenv}))
}

// program is what hither has of the world around it.
type program struct {
	stdin          io.Reader
	stdout, stderr io.Writer
	getenv         func(string) string
}

// run executes one command line and returns the exit code.
func run(args []string, p program) int {
	root := cli.Root(&cobra.Command{
		Use:   "hither",
		Short: "Sign in from a terminal, and other tools beside a Hither server",
	},
		p.loginCommand(), p.logoutCommand(), p.whoamiCommand(), p.tokenCommand(), p.phoneCommand(), p.linksCommand(),
		p.doctorCommand(), p.relayCommand(), p.testbedCommand(), p.benchCommand(), cli.VersionCommand(p.stdout, "hither"))
	root.SetArgs(args)
	root.SetOut(p.stdout)
	root.SetErr(p.stderr)
	return cli.Report(p.stderr, "hither", root.Execute())
}
