package main

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"filippo.io/age"
	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/hitherauth/hither/internal/account"
	"github.com/hitherauth/hither/internal/backup"
	"github.com/hitherauth/hither/internal/cli"
	"github.com/hitherauth/hither/internal/ownfile"
	"github.com/hitherauth/hither/internal/server"
)

// backupKey is what the root key is asked for to authenticate backups.
const backupKey = "backup manifest"

func (p program) backupCommand() *cobra.Command {
	var recipients, files []string
	var overwrite bool
	cmd := configured(&cobra.Command{
		Use:   "backup FILE",
		Short: "Write a backup of the database, with or without a running server",
		Long: "Write a backup of the database to FILE, or to standard output for -. A running server goes on meanwhile.\n" +
			"It holds everything but the root key, without which it is of no use. With --recipient it is encrypted (age).",
		Args: cli.Between(1, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			_, c, err := p.resolve(cmd)
			if err != nil {
				return err
			}
			to, err := parseRecipients(recipients, files)
			if err != nil {
				return err
			}
			ctx, stop := cli.UntilSignal(cmd.Context())
			defer stop()
			return p.backup(ctx, c, args[0], to, overwrite)
		},
	}, "data_dir", "key_file")
	cmd.Flags().StringArrayVar(&recipients, "recipient", nil, "encrypt for this age recipient, age1… (repeatable)")
	cmd.Flags().StringArrayVar(&files, "recipients-file", nil, "encrypt for the age recipients in this file, one to a line (repeatable)")
	cmd.Flags().BoolVar(&overwrite, "overwrite", false, "replace FILE if it exists")
	return cmd
}

func (p program) backup(ctx context.Context, c config, name string, to []age.Recipient, overwrite bool) error {
	out, err := p.openOutput(name, c.DataDir, overwrite)
	if err != nil {
		return err
	}
	var b backup.Backup
	err = c.operate(ctx, func(ctx context.Context, o operator) error {
		w, err := encrypt(out, to)
		if err != nil {
			return err
		}
		if b, err = o.backup(ctx, w); err != nil {
			return err
		}
		return w.Close()
	})
	if err := out.finish(err); err != nil {
		return err
	}
	key, err := filepath.Abs(keyPath(c.DataDir, c.KeyFile))
	if err != nil {
		return err
	}
	_, _ = fmt.Fprintf(p.stderr, "the root key is not in the backup, which is of no use without it: keep a copy of %s in another place\n", key)
	if name == "-" {
		return nil
	}
	_, err = fmt.Fprintf(p.stdout, "wrote %s: %s\n", name, contents(b.Manifest))
	return err
}

// contents says what a backup is of, in half a line.
func contents(m backup.Manifest) string {
	return fmt.Sprintf("accounts %d, passkeys %d, database version %d, epoch %d, RP ID %s, %s",
		m.Accounts, m.Credentials, m.SchemaVersion, m.Epoch, m.RPID, m.CreatedAt.Format(time.RFC3339))
}

// backup makes a backup of this house.
func (h *house) backup(ctx context.Context, s site) (server.Backup, error) {
	now := time.Now().UTC().Truncate(time.Second)
	c, err := h.store.Copy(ctx, account.Event{At: now, Type: account.EventBackupCreated, Actor: account.ActorOperator})
	if err != nil {
		return server.Backup{}, err
	}
	hash := sha256.New()
	if _, err := io.Copy(hash, io.NewSectionReader(c, 0, c.Size)); err != nil {
		return server.Backup{}, errors.Join(err, c.Close())
	}
	m := backup.Manifest{
		Program: cli.Version(), CreatedAt: now, PublicURL: s.origin, RPID: c.Facts.RPID,
		SchemaVersion: c.Facts.Version, Epoch: c.Facts.Epoch, Accounts: c.Facts.Accounts, Credentials: c.Facts.Credentials,
		Database: backup.Database{Size: c.Size, SHA256: backup.Sum(hash.Sum(nil))},
	}
	copy(m.KeyCheck[:], c.Facts.KeyCheck)
	archive, size, err := backup.NewReader(m, h.key.Derive(backupKey), c)
	if err != nil {
		return server.Backup{}, errors.Join(err, c.Close())
	}
	return server.Backup{ReadCloser: struct {
		io.Reader
		io.Closer
	}{archive, c}, Size: size}, nil
}

// output is where a backup goes: standard output, or a file that gets its name
// when it is whole and on the disk.
type output struct {
	io.Writer
	file      *os.File // nil: standard output
	path      string
	overwrite bool
}

func (p program) openOutput(name, dataDir string, overwrite bool) (*output, error) {
	if name == "-" {
		if f, ok := p.stdout.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
			return nil, cli.Usage("a backup is no text for a terminal: name a file, or pipe it somewhere")
		}
		return &output{Writer: p.stdout}, nil
	}
	path, err := filepath.Abs(name)
	if err != nil {
		return nil, err
	}
	switch info, err := os.Lstat(path); {
	case errors.Is(err, os.ErrNotExist):
	case err != nil:
		return nil, err
	case !info.Mode().IsRegular():
		return nil, fmt.Errorf("%s is there and is no regular file: name another", name)
	case !overwrite:
		return nil, fmt.Errorf("%s exists already: name another, or say --overwrite", name)
	}
	if sameDirectory(filepath.Dir(path), dataDir) {
		return nil, fmt.Errorf("%s would lie in the data directory and be lost with it: name another place", name)
	}
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*")
	if err != nil {
		return nil, fmt.Errorf("writing %s: %w", name, err)
	}
	return &output{Writer: f, file: f, path: path, overwrite: overwrite}, nil
}

// sameDirectory says whether two names lead to one directory.
func sameDirectory(a, b string) bool {
	one, errOne := os.Stat(a)
	other, errOther := os.Stat(b)
	return errOne == nil && errOther == nil && os.SameFile(one, other)
}

// finish gives the file its name if err is nil, and otherwise removes it.
func (o *output) finish(err error) error {
	if o.file == nil {
		return err
	}
	if err == nil {
		err = o.file.Sync()
	}
	err = errors.Join(err, o.file.Close())
	if err == nil && !o.overwrite {
		if _, there := os.Lstat(o.path); there == nil {
			err = fmt.Errorf("%s has come meanwhile: name another, or say --overwrite", o.path)
		}
	}
	if err == nil {
		err = os.Rename(o.file.Name(), o.path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(o.file.Name()))
	}
	return ownfile.SyncDirectory(filepath.Dir(o.path))
}
