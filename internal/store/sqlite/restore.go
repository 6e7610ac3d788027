package sqlite

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/hitherauth/hither/internal/ownfile"

	"github.com/hitherauth/hither/internal/account"
)

// restoredFile is a database that is being restored. It gets its name when it is
// whole, of this program's version and in its new epoch, so there is never an
// old epoch that could be served.
const restoredFile = "hither.db.restored"

// ErrHasDatabase is wrapped when a restore would overwrite something.
var ErrHasDatabase = errors.New("sqlite: the data directory holds a database, or files of one")

// Restorable says whether Restore may write into the directory: nil, or an error
// that wraps ErrHasDatabase.
func (d *Directory) Restorable() error {
	if d.holds(databaseFile, databaseFile+"-wal", databaseFile+"-shm", databaseFile+"-journal", openFile) {
		return fmt.Errorf("%w: %s", ErrHasDatabase, d.path)
	}
	return nil
}

// Restore makes a database that write writes the one of a directory that has
// none, and begins a new epoch in it: ceremony keys, sessions, invitations and
// spent ceremonies are gone, and e is recorded. Like Open it brings an older
// database up to this program's version and refuses one that is newer, damaged or
// another program's. Whatever interrupts it, the directory then holds either no
// database or the new epoch.
func Restore(ctx context.Context, d *Directory, write func(io.Writer) error, e account.Event) (_ Facts, err error) {
	if !d.used.CompareAndSwap(false, true) {
		return Facts{}, fmt.Errorf("%w by this process: %s", ErrOwned, d.path)
	}
	defer d.used.Store(false)
	if err := d.Restorable(); err != nil {
		return Facts{}, err
	}
	if err := d.remove(restoredFile); err != nil {
		return Facts{}, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, d.remove(restoredFile))
		}
	}()
	path := d.file(restoredFile)
	if err := writeSynced(path, write); err != nil {
		return Facts{}, err
	}
	if _, err := inspectFile(ctx, path); err != nil {
		return Facts{}, err
	}
	// As with a new database: without a log, so that the file is whole alone.
	if _, err := migrateFile(ctx, path, "DELETE"); err != nil {
		return Facts{}, err
	}
	if err := beginEpoch(ctx, path, e); err != nil {
		return Facts{}, err
	}
	f, err := factsOf(ctx, path)
	if err != nil {
		return Facts{}, err
	}
	return f, d.adopt(restoredFile)
}

func writeSynced(path string, write func(io.Writer) error) error {
	f, err := ownfile.Open(path, os.O_RDWR|os.O_CREATE|os.O_EXCL)
	if err != nil {
		return fmt.Errorf("sqlite: %w", err)
	}
	if err := write(f); err != nil {
		return errors.Join(err, f.Close())
	}
	if err := errors.Join(f.Sync(), f.Close()); err != nil {
		return fmt.Errorf("sqlite: %w", err)
	}
	return nil
}

// inspectFile is Inspect for a file that nobody has open.
func inspectFile(ctx context.Context, path string) (_ Facts, err error) {
	f, err := os.Open(path) //nolint:gosec // G304: a name of ours in the data directory
	if err != nil {
		return Facts{}, fmt.Errorf("sqlite: %w", err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	info, err := f.Stat()
	if err != nil {
		return Facts{}, fmt.Errorf("sqlite: %w", err)
	}
	return Inspect(ctx, f, info.Size())
}

// beginEpoch makes everything void that was one-time or signed somebody in.
func beginEpoch(ctx context.Context, path string, e account.Event) (err error) {
	c, err := openConn(ctx, path, "rw", "journal_mode(DELETE)", "synchronous(FULL)", "fullfsync(1)", "foreign_keys(1)")
	if err != nil {
		return fmt.Errorf("sqlite: %w", err)
	}
	defer func() { err = errors.Join(err, c.close()) }()
	for _, statement := range []string{
		"BEGIN IMMEDIATE",
		// What is sealed by a key that is gone cannot be opened: ceremonies that
		// were begun before the backup, and after it.
		"DELETE FROM key WHERE purpose = 'ceremony'",
		"DELETE FROM spent",
		"DELETE FROM session",
		"DELETE FROM invitation",
		// Nothing has been swept of what the next key will seal.
		"UPDATE system SET epoch = epoch + 1, swept_until = 0 WHERE only = 1",
		// Whoever held the lease is of the old epoch.
		"UPDATE sealer SET holder = NULL, until = 0 WHERE only = 1",
	} {
		if _, err := c.exec(statement); err != nil {
			return fmt.Errorf("sqlite: beginning a new epoch: %w", err)
		}
	}
	if err := c.record(e); err != nil {
		return fmt.Errorf("sqlite: beginning a new epoch: %w", err)
	}
	if _, err := c.exec("COMMIT"); err != nil {
		return fmt.Errorf("sqlite: beginning a new epoch: %w", err)
	}
	return nil
}
