package main

import (
	"log/slog"
	"strings"

	"github.com/spf13/cobra"

	"github.com/hitherauth/hither/internal/cli"
)

// root is the tree of commands.
func (p program) root() *cobra.Command {
	return cli.Root(&cobra.Command{
		Use:   "hitherd",
		Short: "Passkey sign-in from one binary",
		Long: "hitherd lets people sign in on the device in front of them with a passkey.\n" +
			"Without any configuration, hitherd serve starts at http://localhost:8080 and prints where to go.",
	},
		p.serveCommand(), p.migrateCommand(), p.configCommand(), p.adminCommand(), p.auditCommand(), p.backupCommand(), p.restoreCommand(),
		p.doctorCommand(), p.healthcheckCommand(), cli.VersionCommand(p.stdout, "hitherd"))
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
