package authenticator

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"time"
)

// Names beside a vault.
const (
	// newSuffix is behind the name of a vault that is being written. One that a
	// crash has left is never read, and goes with the next change.
	newSuffix  = ".new"
	lockSuffix = ".lock"
)

// A change takes milliseconds, and with a passphrase some seconds at most.
const (
	lockPatience = 30 * time.Second
	lockPause    = 10 * time.Millisecond
)

// errLocked says that another open file has the lock.
var errLocked = errors.New("locked")

// lock takes the vault for changes, from other processes too, and waits for it.
func (v *Vault) lock(ctx context.Context) (unlock func(), err error) {
	f, err := openPrivate(v.path+lockSuffix, os.O_RDWR|os.O_CREATE)
	if err != nil {
		return nil, fmt.Errorf("authenticator: lock of vault: %w", err)
	}
	patience := time.NewTimer(lockPatience)
	defer patience.Stop()
	pause := time.NewTicker(lockPause)
	defer pause.Stop()
	for {
		err := tryLock(f)
		if err == nil {
			return func() { _ = f.Close() }, nil // closing gives it up; nothing was written
		}
		if !errors.Is(err, errLocked) {
			return nil, errors.Join(fmt.Errorf("authenticator: lock of vault: %w", err), f.Close())
		}
		select {
		case <-pause.C:
		case <-patience.C:
			return nil, errors.Join(fmt.Errorf("%w: %s", ErrVaultBusy, v.path), f.Close())
		case <-ctx.Done():
			return nil, errors.Join(fmt.Errorf("authenticator: waiting for the vault: %w", ctx.Err()), f.Close())
		}
	}
}

// readPrivate reads a file that must be its owner's alone.
func readPrivate(path string, limit int64) (b []byte, err error) {
	named, err := os.Lstat(path)
	if err != nil {
		return nil, fmt.Errorf("authenticator: vault: %w", err)
	}
	if err := judge(path, named); err != nil {
		return nil, err
	}
	f, err := os.Open(path) //nolint:gosec // G304: the path is the program's
	if err != nil {
		return nil, fmt.Errorf("authenticator: vault: %w", err)
	}
	defer f.Close() //nolint:errcheck // read only
	// Between the two another change may have taken the name. It is the same
	// owner's, or the directory is not theirs to begin with.
	opened, err := f.Stat()
	if err != nil {
		return nil, fmt.Errorf("authenticator: vault: %w", err)
	}
	if err := judge(path, opened); err != nil {
		return nil, err
	}
	b, err = io.ReadAll(io.LimitReader(f, limit+1))
	if err != nil {
		return nil, fmt.Errorf("authenticator: reading vault: %w", err)
	}
	if int64(len(b)) > limit {
		return nil, fmt.Errorf("%w: %s is longer than %d bytes", ErrVaultDamaged, path, limit)
	}
	return b, nil
}

func judge(path string, info fs.FileInfo) error {
	switch {
	case info.Mode()&fs.ModeSymlink != 0:
		return fmt.Errorf("authenticator: vault %s is a symbolic link: name the file itself", path)
	case !info.Mode().IsRegular():
		return fmt.Errorf("authenticator: vault %s is not a regular file", path)
	case runtime.GOOS != "windows" && info.Mode().Perm()&0o077 != 0:
		return fmt.Errorf("authenticator: vault %s is open to others (mode %04o): chmod 600 it", path, info.Mode().Perm())
	}
	return nil
}

// replacePrivate makes b the contents of a file, mode 0600, in one step: it is
// written beside it and synced before it takes the name, and the name is synced.
// The caller has the lock.
func replacePrivate(path string, b []byte) error {
	name := path + newSuffix
	if err := os.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	f, err := openPrivate(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL)
	if err != nil {
		return err
	}
	_, err = f.Write(b)
	if err == nil {
		err = f.Sync()
	}
	if err := errors.Join(err, f.Close()); err != nil {
		return errors.Join(err, os.Remove(name))
	}
	if err := os.Rename(name, path); err != nil {
		return errors.Join(err, os.Remove(name))
	}
	return syncDirectory(filepath.Dir(path))
}

// openPrivate opens a file for its owner alone, whatever the umask.
func openPrivate(path string, flag int) (*os.File, error) {
	f, err := os.OpenFile(path, flag, 0o600) //nolint:gosec // G304: the path is the program's
	if err != nil {
		return nil, err
	}
	if err := f.Chmod(0o600); err != nil && runtime.GOOS != "windows" {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

// syncDirectory makes a name durable.
func syncDirectory(path string) error {
	if runtime.GOOS == "windows" {
		return nil // directories cannot be synced there
	}
	f, err := os.Open(path) //nolint:gosec // G304: the path is the program's
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}
