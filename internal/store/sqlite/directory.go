package sqlite

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"sync/atomic"

	"github.com/hitherauth/hither/internal/ownfile"
)

// Files in a data directory. SQLite adds hither.db-wal and hither.db-shm.
const (
	databaseFile = "hither.db"
	lockFile     = "hither.lock"
	// newFile is a database that is being made; it gets its name when it is whole.
	newFile = "hither.db.new"
	// openFile is there from the first write after opening until the database
	// is closed in good order: see checkLog.
	openFile = "hither.db-open"
)

// ErrOwned is wrapped when another process owns a data directory.
var ErrOwned = errors.New("sqlite: data directory is in use")

// Directory is a data directory that this process owns: no other process has it
// until Close. Everything in it that this package makes is for the owner alone
// (0700, 0600), whatever the umask.
type Directory struct {
	path string
	lock *os.File
	used atomic.Bool // by an open Store
}

// OwnDirectory makes the data directory if it is missing and takes it for this
// process. It does not wait: an error that wraps ErrOwned says that another
// process has it. A directory in which everybody can make files is refused.
func OwnDirectory(path string) (*Directory, error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("sqlite: data directory: %w", err)
	}
	if err := makeDirectory(abs); err != nil {
		return nil, err
	}
	// The database, its log and the lock must be the same for everybody who
	// comes by another link.
	if abs, err = filepath.EvalSymlinks(abs); err != nil {
		return nil, fmt.Errorf("sqlite: data directory: %w", err)
	}
	lock, err := ownfile.Open(filepath.Join(abs, lockFile), os.O_RDWR|os.O_CREATE)
	if err != nil {
		return nil, fmt.Errorf("sqlite: lock file: %w", err)
	}
	if err := ownfile.TryLock(lock); err != nil {
		_ = lock.Close() // nothing was written
		if errors.Is(err, ownfile.ErrLocked) {
			return nil, fmt.Errorf("%w by another process: %s", ErrOwned, path)
		}
		return nil, fmt.Errorf("sqlite: locking data directory %s: %w", path, err)
	}
	return &Directory{path: abs, lock: lock}, nil
}

// Path is the directory's absolute path.
func (d *Directory) Path() string { return d.path }

// HasDatabase says whether the directory holds a database or traces of one. Open
// makes a new database only where it is false.
func (d *Directory) HasDatabase() bool {
	// The last is what a restore leaves that was cut off.
	return d.holds(databaseFile, databaseFile+"-wal", openFile, restoredFile)
}

func (d *Directory) holds(names ...string) bool {
	for _, name := range names {
		// Anything but a clear no is taken for a yes: Open will say what it is.
		if _, err := os.Lstat(d.file(name)); !errors.Is(err, fs.ErrNotExist) {
			return true
		}
	}
	return false
}

// Close gives the directory up. A Store in it must have been closed before.
func (d *Directory) Close() error {
	if d.used.Load() {
		return fmt.Errorf("sqlite: data directory %s has an open store", d.path)
	}
	if err := d.lock.Close(); err != nil {
		return fmt.Errorf("sqlite: lock file: %w", err)
	}
	return nil
}

func (d *Directory) file(name string) string { return filepath.Join(d.path, name) }

func makeDirectory(path string) error {
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		if err := os.MkdirAll(path, 0o700); err != nil {
			return fmt.Errorf("sqlite: data directory: %w", err)
		}
		// The umask may have taken bits away that the owner needs.
		if err := os.Chmod(path, 0o700); err != nil { //nolint:gosec // G302 is about files; a directory needs x
			return fmt.Errorf("sqlite: data directory: %w", err)
		}
		return nil
	}
	if err != nil {
		return fmt.Errorf("sqlite: data directory: %w", err)
	}
	if !info.IsDir() {
		return fmt.Errorf("sqlite: data directory %s is not a directory", path)
	}
	if runtime.GOOS != "windows" && info.Mode().Perm()&0o002 != 0 {
		return fmt.Errorf("sqlite: data directory %s can be written by everybody; take that away (chmod o-w) or choose another", path)
	}
	return nil
}

// remove removes a database that is not the one of the directory, with what
// SQLite may have left beside it. One that is not there is no error.
func (d *Directory) remove(name string) error {
	for _, suffix := range []string{"", "-wal", "-shm", "-journal"} {
		if err := os.Remove(d.file(name + suffix)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("sqlite: %w", err)
		}
	}
	return nil
}

// sync makes names in the directory durable.
func (d *Directory) sync() error { return ownfile.SyncDirectory(d.path) }

// markOpen notes durably that the database is open and its log holds something.
func (d *Directory) markOpen() error {
	f, err := ownfile.Open(d.file(openFile), os.O_RDWR|os.O_CREATE)
	if err != nil {
		return err
	}
	if err := errors.Join(f.Sync(), f.Close()); err != nil {
		return err
	}
	return d.sync()
}

// markClosed takes the note back.
func (d *Directory) markClosed() error {
	if err := os.Remove(d.file(openFile)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return d.sync()
}
