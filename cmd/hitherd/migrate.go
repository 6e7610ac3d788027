package main

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/hitherauth/hither/internal/cli"
	"github.com/hitherauth/hither/internal/store/sqlite"
)

func (p program) migrateCommand() *cobra.Command {
	return configured(&cobra.Command{
		Use:   "migrate",
		Short: "Bring the database up to this version, without serving",
		Long:  "Bring the database up to this version, without serving. serve does the same when it starts.",
		Args:  cli.Between(0, 0),
		RunE: func(cmd *cobra.Command, _ []string) (err error) {
			_, c, err := p.resolve(cmd)
			if err != nil {
				return err
			}
			d, err := c.existingDirectory()
			if err != nil {
				return err
			}
			defer func() { err = errors.Join(err, d.Close()) }()
			m, err := sqlite.Migrate(cmd.Context(), d)
			if err != nil {
				return refused("%w", err)
			}
			_, err = fmt.Fprintf(p.stdout, "database version %d (was %d)\n", m.To, m.From)
			return err
		},
	}, "data_dir")
}
