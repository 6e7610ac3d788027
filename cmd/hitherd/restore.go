package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/hitherauth/hither/internal/account"
	"github.com/hitherauth/hither/internal/backup"
	"github.com/hitherauth/hither/internal/cli"
	"github.com/hitherauth/hither/internal/rootkey"
	"github.com/hitherauth/hither/internal/store/sqlite"
)

func (p program) restoreCommand() *cobra.Command {
	var identities []string
	var verify bool
	cmd := configured(&cobra.Command{
		Use:   "restore FILE",
		Short: "Make the database of a backup, in a data directory without one",
		Long: "Make the database of a backup, in a data directory without one, with the root key that it was made with.\n" +
			"Everything is checked before. Sessions, invitations and setup links from before are void afterwards.\n" +
			"--verify checks a backup and writes nothing.",
		Args: cli.Between(1, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			_, c, err := p.resolve(cmd)
			if err != nil {
				return err
			}
			ctx, stop := cli.UntilSignal(cmd.Context())
			defer stop()
			a, err := openArchive(args[0], identities)
			if err != nil {
				return err
			}
			if verify {
				err = p.verify(ctx, c, a)
			} else {
				err = p.restore(ctx, c, a)
			}
			return errors.Join(err, a.file.Close())
		},
	}, "data_dir", "key_file", "public_url", "rp_id")
	cmd.Flags().StringArrayVar(&identities, "identity", nil, "file of an age identity that opens the backup (repeatable)")
	cmd.Flags().BoolVar(&verify, "verify", false, "check the backup and write nothing")
	return cmd
}

// archive is a backup in a file.
type archive struct {
	name    string
	file    *os.File
	content io.ReaderAt // decrypted
	size    int64
}

func openArchive(name string, identityFiles []string) (_ *archive, err error) {
	identities, err := parseIdentities(identityFiles)
	if err != nil {
		return nil, err
	}
	f, err := os.Open(name) //nolint:gosec // G304: the path is the operator's
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, f.Close())
		}
	}()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is no regular file: a backup is read more than once", name)
	}
	a := &archive{name: name, file: f}
	if a.content, a.size, err = decrypt(f, info.Size(), identities); err != nil {
		return nil, a.bad(err)
	}
	return a, nil
}

// bad is why the archive is refused.
func (a *archive) bad(err error) error {
	text := err.Error()
	for _, room := range []string{"backup: ", "sqlite: "} {
		text = strings.TrimPrefix(text, room)
	}
	if errors.Is(err, backup.ErrNewer) || errors.Is(err, sqlite.ErrNewer) {
		return refused("%s: %s", a.name, text)
	}
	return fmt.Errorf("%s: %s", a.name, text)
}

// check reads the whole archive and writes its database to database.
func (a *archive) check(database io.Writer) (backup.Backup, error) {
	b, err := backup.Check(io.NewSectionReader(a.content, 0, a.size), database)
	if err != nil {
		return backup.Backup{}, a.bad(err)
	}
	return b, nil
}

// judge checks the archive and the database in it, and writes nothing anywhere.
// vouch says whose it is, before anything looks into the database.
func (a *archive) judge(ctx context.Context, vouch func(backup.Backup) error) (backup.Backup, error) {
	b, err := a.check(io.Discard)
	if err != nil {
		return backup.Backup{}, err
	}
	if err := vouch(b); err != nil {
		return backup.Backup{}, err
	}
	m := b.Manifest
	facts, err := sqlite.Inspect(ctx, io.NewSectionReader(a.content, b.Offset, m.Database.Size), m.Database.Size)
	if err != nil {
		return backup.Backup{}, a.bad(err)
	}
	if facts.Version != m.SchemaVersion || facts.RPID != m.RPID || facts.Epoch != m.Epoch || facts.Accounts != m.Accounts ||
		facts.Credentials != m.Credentials || !bytes.Equal(facts.KeyCheck, m.KeyCheck[:]) {
		return backup.Backup{}, a.bad(errors.New("its manifest is not that of its database"))
	}
	return b, nil
}

// judgeKey wants the key that the backup was made with.
func (a *archive) judgeKey(b backup.Backup, key rootkey.Key, path string) error {
	if !key.Matches(b.Manifest.KeyCheck[:]) {
		return refused("the root key %s is not the one that the database in %s was made with: put the right key file back", path, a.name)
	}
	if !b.Authentic(key.Derive(backupKey)) {
		return a.bad(errors.New("it was changed by somebody who does not have the root key"))
	}
	return nil
}

// verify says whether the archive could be restored.
func (p program) verify(ctx context.Context, c config, a *archive) error {
	b, err := a.judge(ctx, func(b backup.Backup) error {
		path := keyPath(c.DataDir, c.KeyFile)
		switch key, err := rootkey.Load(path); {
		case errors.Is(err, fs.ErrNotExist):
			_, _ = fmt.Fprintf(p.stderr, "not checked: who made it, which takes the root key (%s)\n", path)
			return nil
		case err != nil:
			return refused("%w", err)
		default:
			return a.judgeKey(b, key, path)
		}
	})
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(p.stdout, "%s is good: %s\n", a.name, contents(b.Manifest))
	return err
}

func (p program) restore(ctx context.Context, c config, a *archive) (err error) {
	s, err := c.judgeSite()
	if err != nil {
		return err
	}
	// A directory that has to be made is made when the backup is known to be good.
	var d *sqlite.Directory
	if _, err := os.Stat(c.DataDir); err == nil {
		if d, err = c.restorableDirectory(); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, d.Close()) }()
	}
	path := keyPath(c.DataDir, c.KeyFile)
	b, err := a.judge(ctx, func(b backup.Backup) error {
		if m := b.Manifest; m.RPID != s.rpID {
			return refused("%s belongs to RP ID %q and the configuration says %q, where none of its passkeys would work: set rp_id to %q", a.name, m.RPID, s.rpID, m.RPID)
		}
		key, found, err := findKey(c.DataDir, c.KeyFile)
		if err != nil {
			return err
		}
		if !found {
			return refused("%s is missing, and a backup is of no use without the root key: put the key file back first", path)
		}
		return a.judgeKey(b, key, path)
	})
	if err != nil {
		return err
	}
	if d == nil {
		if d, err = c.restorableDirectory(); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, d.Close()) }()
	}
	if err := p.restoreInto(ctx, d, a, b); err != nil {
		return err
	}
	_, err = fmt.Fprintf(p.stderr, "the root key was not in the backup, it is %s: keep a copy of it in another place\n", path)
	return err
}

// restorableDirectory takes a data directory that has no database.
func (c config) restorableDirectory() (*sqlite.Directory, error) {
	d, err := ownDirectory(c.DataDir)
	if err != nil {
		return nil, err
	}
	if err := d.Restorable(); err != nil {
		return nil, errors.Join(refused("%s holds a database, or files of one, and nothing is overwritten: move hither.db and what is beside it away, or choose another directory with HITHER_DATA_DIR", c.DataDir), d.Close())
	}
	return d, nil
}

func (p program) restoreInto(ctx context.Context, d *sqlite.Directory, a *archive, judged backup.Backup) error {
	m := judged.Manifest
	write := func(w io.Writer) error {
		b, err := a.check(w)
		if err == nil && b.Manifest != m {
			err = a.bad(errors.New("it was replaced while it was being restored"))
		}
		return err
	}
	event := account.Event{
		At: time.Now(), Type: account.EventBackupRestored, Actor: account.ActorOperator,
		Detail: "backup of " + m.CreatedAt.Format(time.RFC3339),
	}
	facts, err := sqlite.Restore(ctx, d, write, event)
	if err != nil {
		return err
	}
	_, _ = fmt.Fprintf(p.stderr, "back with it: what was removed or disabled after %s, passkeys and accounts; go through them before people come (docs/backup.md)\n", m.CreatedAt.Format(time.RFC3339))
	_, _ = fmt.Fprintln(p.stderr, "void: every session, invitation and setup link from before; everybody signs in anew")
	_, err = fmt.Fprintf(p.stdout, "restored %s: accounts %d, passkeys %d, database version %d, epoch %d\n", a.name, facts.Accounts, facts.Credentials, facts.Version, facts.Epoch)
	return err
}
