package main

import (
	"context"
	"log/slog"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/spf13/cobra"
)

// root is the tree of commands.
func (p program) root() *cobra.Command {
	root := group(&cobra.Command{
		Use:   "hitherd",
		Short: "Passkey sign-in from one binary",
		Long: "hitherd lets people sign in on the device in front of them with a passkey.\n" +
			"Without any configuration, hitherd serve starts at http://localhost:8080 and prints where to go.",
		SilenceUsage:  true,
		SilenceErrors: true,
	},
		p.serveCommand(), p.migrateCommand(), p.configCommand(), p.adminCommand(), p.auditCommand(), p.backupCommand(), p.restoreCommand(),
		p.healthcheckCommand(), p.versionCommand())
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return usage(err.Error()).hint(cmd.CommandPath() + " --help")
	})
	return root
}

// group is a command that only has commands below it.
func group(cmd *cobra.Command, children ...*cobra.Command) *cobra.Command {
	cmd.AddCommand(children...)
	cmd.Args = cobra.ArbitraryArgs
	cmd.SuggestionsMinimumDistance = 2
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if len(args) == 0 {
			return cmd.Help()
		}
		f := usage(cmd.CommandPath() + " has no command " + args[0])
		if near := cmd.SuggestionsFor(args[0]); len(near) > 0 {
			return f.hint("did you mean " + cmd.CommandPath() + " " + near[0] + "?")
		}
		return f.hint(cmd.CommandPath() + " --help")
	}
	return cmd
}

// between is cobra.RangeArgs with an exit code.
func between(low, high int) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) < low || len(args) > high {
			return usage("the arguments do not fit").hint("usage: " + cmd.UseLine())
		}
		return nil
	}
}

// configured adds the configuration flags to a command. Only those named in
// shown are listed in its help; nil lists all.
func configured(cmd *cobra.Command, shown ...string) *cobra.Command {
	addConfigFlags(cmd.Flags())
	if shown != nil {
		for _, s := range settings() {
			cmd.Flags().Lookup(flagName(s.key)).Hidden = true
		}
		for _, key := range shown {
			cmd.Flags().Lookup(flagName(key)).Hidden = false
		}
	}
	return cmd
}

// resolve reads the configuration of a command.
func (p program) resolve(cmd *cobra.Command) (resolved, config, error) {
	l := layers{settings: settings(), environ: p.environ, flags: cmd.Flags()}
	l.file, _ = cmd.Flags().GetString("config")
	if l.file == "" {
		l.file = p.getenv("HITHER_CONFIG")
	}
	r, err := l.resolve()
	if err != nil {
		return resolved{}, config{}, err
	}
	c, err := r.decode()
	return r, c, err
}

func (p program) getenv(name string) string {
	for _, variable := range p.environ {
		if value, ok := strings.CutPrefix(variable, name+"="); ok {
			return value
		}
	}
	return ""
}

// logger writes to standard error.
func (p program) logger(c config) *slog.Logger {
	options := &slog.HandlerOptions{Level: c.LogLevel}
	if c.LogFormat == "json" {
		return slog.New(slog.NewJSONHandler(p.stderr, options))
	}
	return slog.New(slog.NewTextHandler(p.stderr, options))
}

// untilSignal gives a context that ends with the first SIGINT or SIGTERM. After
// that a second one ends the process at once.
func untilSignal(parent context.Context) (context.Context, context.CancelFunc) {
	ctx, stop := signal.NotifyContext(parent, os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop)
	return ctx, stop
}
