package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/hitherauth/hither/internal/account"
	"github.com/hitherauth/hither/internal/audit"
	"github.com/hitherauth/hither/internal/cli"
	"github.com/hitherauth/hither/internal/store/sqlite"
)

// largestCheckpoint is more than a copy of a checkpoint has, in bytes.
const largestCheckpoint = 64 << 10

func (p program) auditCommand() *cobra.Command {
	return cli.Group(
		&cobra.Command{
			Use:   "audit",
			Short: "Read and verify what was recorded",
			Long: "Read and verify what was recorded.\n" +
				"These commands read the database themselves, beside a running server or without one: the server does not vouch for itself.",
		},
		p.auditListCommand(), p.auditVerifyCommand(),
		p.auditReadCommand(&cobra.Command{
			Use:   "checkpoint",
			Short: "Print the newest signed checkpoint, to keep it elsewhere",
		}, p.printCheckpoint),
		p.auditReadCommand(&cobra.Command{
			Use:   "key",
			Short: "Print the public key that checkpoints are verified with",
		}, p.printAuditKey),
	)
}

// auditReadCommand is a command without arguments that reads the log.
func (p program) auditReadCommand(cmd *cobra.Command, do func(context.Context, auditLog) error) *cobra.Command {
	cmd.Args = cli.Between(0, 0)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		_, c, err := p.resolve(cmd)
		if err != nil {
			return err
		}
		ctx, stop := cli.UntilSignal(cmd.Context())
		defer stop()
		return c.readAudit(ctx, func(l auditLog) error { return do(ctx, l) })
	}
	return configured(cmd, "data_dir", "key_file")
}

// auditLog is an opened database and what it says about itself.
type auditLog struct {
	*sqlite.Reader
	config config
	system account.System
}

// readAudit opens the database for reading, does something with it and closes it.
func (c config) readAudit(ctx context.Context, do func(auditLog) error) (err error) {
	r, err := sqlite.OpenReader(ctx, c.DataDir)
	switch {
	case errors.Is(err, sqlite.ErrNoDatabase):
		return refused("%s holds no database: name the data directory of your installation with HITHER_DATA_DIR", c.DataDir)
	case err != nil:
		return refused("%w", err)
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	system, err := r.System()
	if err != nil {
		return err
	}
	return do(auditLog{Reader: r, config: c, system: system})
}

func (l auditLog) origin() string { return audit.Origin(l.system.RPID) }

// keys are the public keys of this log, as the root key vouches for them.
func (l auditLog) keys() ([]audit.VerifierKey, error) {
	key, found, err := findKey(l.config.DataDir, l.config.KeyFile)
	if err != nil {
		return nil, err
	}
	if !found {
		return nil, refused("%s is missing, and without it nothing says which key is this log's: put the key file back, or name the key with --key",
			filepath.Join(l.config.DataDir, keyName))
	}
	keys, err := audit.VerifierKeys(l.origin(), key, l.system.Keys)
	if err != nil {
		return nil, fmt.Errorf("%w: it was put there by somebody else, or the key file is another installation's", err)
	}
	return keys, nil
}

func (p program) printAuditKey(_ context.Context, l auditLog) error {
	keys, err := l.keys()
	if err != nil {
		return err
	}
	if len(keys) == 0 {
		return errors.New("there is no key yet: the server makes it when it starts")
	}
	for _, k := range keys {
		if _, err := fmt.Fprintln(p.stdout, k); err != nil {
			return err
		}
	}
	return nil
}

func (p program) printCheckpoint(_ context.Context, l auditLog) error {
	newest, _, err := l.Newest()
	if err != nil {
		return err
	}
	if newest.Size == 0 {
		return errors.New("there is no checkpoint yet: the running server writes one a second after something was recorded")
	}
	if text := strings.ReplaceAll(newest.Note, "\n", ""); cli.Printable(text) != text {
		return errors.New("the newest checkpoint is not what was signed: hitherd audit verify says more")
	}
	_, err = io.WriteString(p.stdout, newest.Note)
	return err
}

func (p program) auditVerifyCommand() *cobra.Command {
	var asJSON bool
	var key string
	var files []string
	cmd := p.auditReadCommand(&cobra.Command{
		Use:   "verify",
		Short: "Verify that nothing recorded was changed",
		Long: "Verify that nothing recorded was changed: every row against every checkpoint that was kept, and against copies kept elsewhere.\n" +
			"One line for each problem, then a summary; exit code 1 if there is a problem. Rows behind the newest checkpoint are not covered yet.",
	}, func(ctx context.Context, l auditLog) error {
		if err := l.Whole(ctx); err != nil {
			return err
		}
		report, err := l.verify(key, files)
		if err != nil {
			return err
		}
		return p.printReport(report, asJSON)
	})
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	cmd.Flags().StringVar(&key, "key", "", "public key to verify with, as hitherd audit key printed it; without it, the root key says which")
	cmd.Flags().StringArrayVar(&files, "checkpoint", nil, "file with a checkpoint that was kept elsewhere (repeatable); - is standard input")
	return cmd
}

func (l auditLog) verify(key string, files []string) (audit.Report, error) {
	var keys []audit.VerifierKey
	if key == "" {
		var err error
		if keys, err = l.keys(); err != nil {
			return audit.Report{}, err
		}
	} else {
		k, err := audit.ParseVerifierKey(key)
		if err != nil {
			return audit.Report{}, cli.Usage(err.Error())
		}
		keys = []audit.VerifierKey{k}
	}
	outside := make([]audit.Outside, len(files))
	for i, name := range files {
		note, err := readCheckpoint(name)
		if err != nil {
			return audit.Report{}, err
		}
		outside[i] = audit.Outside{Name: name, Note: note}
	}
	// The end is fixed before the beginning is read: a running server goes on.
	newest, sealed, err := l.Newest()
	if err != nil {
		return audit.Report{}, err
	}
	last, err := l.LastRow()
	if err != nil {
		return audit.Report{}, err
	}
	return audit.Verify(audit.Log{
		Origin: l.origin(), Keys: keys, Sealed: sealed,
		Rows: l.Rows(last), Checkpoints: l.Checkpoints(newest.Size),
		Restored: string(account.EventBackupRestored),
	}, outside...)
}

func readCheckpoint(name string) (string, error) {
	f := os.Stdin
	if name != "-" {
		var err error
		if f, err = os.Open(name); err != nil { //nolint:gosec // G304: the path is the operator's
			return "", err
		}
		defer f.Close() //nolint:errcheck // read only
	}
	b, err := io.ReadAll(io.LimitReader(f, largestCheckpoint))
	return string(b), err
}

func (p program) printReport(r audit.Report, asJSON bool) error {
	if asJSON {
		if err := json.NewEncoder(p.stdout).Encode(r); err != nil {
			return err
		}
	} else {
		for _, problem := range r.Problems {
			if _, err := fmt.Fprintln(p.stdout, cli.Printable(problem.Text)); err != nil {
				return err
			}
		}
		if _, err := fmt.Fprintln(p.stdout, r.Summary()); err != nil {
			return err
		}
	}
	switch len(r.Problems) {
	case 0:
		return nil
	case 1:
		return errors.New("the audit log has a problem")
	default:
		return fmt.Errorf("the audit log has %d problems", len(r.Problems))
	}
}
