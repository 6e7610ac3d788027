package cli

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"
)

// Root makes cmd, with its commands below it, the whole of a program: errors
// are left to Report, and a wrong flag is a failure of the command line.
func Root(cmd *cobra.Command, children ...*cobra.Command) *cobra.Command {
	cmd.SilenceUsage, cmd.SilenceErrors = true, true
	cmd.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return Usage(err.Error()).Hint(cmd.CommandPath() + " --help")
	})
	return Group(cmd, children...)
}

// Group is a command that only has commands below it.
func Group(cmd *cobra.Command, children ...*cobra.Command) *cobra.Command {
	cmd.AddCommand(children...)
	cmd.Args = cobra.ArbitraryArgs
	cmd.SuggestionsMinimumDistance = 2
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if len(args) == 0 {
			return cmd.Help()
		}
		f := Usage(cmd.CommandPath() + " has no command " + args[0])
		if near := cmd.SuggestionsFor(args[0]); len(near) > 0 {
			return f.Hint("did you mean " + cmd.CommandPath() + " " + near[0] + "?")
		}
		return f.Hint(cmd.CommandPath() + " --help")
	}
	return cmd
}

// Between is cobra.RangeArgs with an exit code.
func Between(low, high int) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) < low || len(args) > high {
			return Usage("the arguments do not fit").Hint("usage: " + cmd.UseLine())
		}
		return nil
	}
}

// UntilSignal gives a context that ends with the first SIGINT or SIGTERM. After
// that a second one ends the process at once.
func UntilSignal(parent context.Context) (context.Context, context.CancelFunc) {
	ctx, stop := signal.NotifyContext(parent, os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop)
	return ctx, stop
}
