// Package ownfile reads and replaces files that are their owner's alone: keys,
// links, credentials. It is the one place that knows how a file is locked and how
// its name is made durable.
package ownfile

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"syscall"
)

// ErrTooLong is wrapped by [Read].
var ErrTooLong = errors.New("too long")

// Open opens a file for its owner alone, mode 0600, whatever the umask and whatever
// mode it had.
func Open(path string, flag int) (*os.File, error) {
	return private(os.OpenFile(path, flag, 0o600)) //nolint:gosec // G304: the path is the program's
}

func private(f *os.File, err error) (*os.File, error) {
	if err != nil {
		return nil, err
	}
	if err := f.Chmod(0o600); err != nil && runtime.GOOS != "windows" {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

// Read returns what is in a file of at most limit bytes. A longer one is
// [ErrTooLong]; one that others may read or write, a symbolic link, and what is no
// regular file are errors that say so; one that is not there is fs.ErrNotExist.
func Read(path string, limit int64) ([]byte, error) {
	// As a root, because a file that is opened so can be replaced on Windows too.
	root, err := os.OpenRoot(filepath.Dir(path))
	if err != nil {
		return nil, err
	}
	defer root.Close() //nolint:errcheck // read only
	named, err := root.Lstat(filepath.Base(path))
	if err != nil {
		return nil, err
	}
	if err := judge(path, named); err != nil {
		return nil, err
	}
	f, err := root.Open(filepath.Base(path))
	if err != nil {
		return nil, err
	}
	defer f.Close() //nolint:errcheck // read only
	// Another may have taken the name in between, by right of Replace or without.
	opened, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if err := judge(path, opened); err != nil {
		return nil, err
	}
	b, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err != nil {
		return nil, err
	}
	if int64(len(b)) > limit {
		return nil, fmt.Errorf("%w: %s has more than %d bytes", ErrTooLong, path, limit)
	}
	return b, nil
}

func judge(path string, info fs.FileInfo) error {
	switch {
	case info.Mode()&fs.ModeSymlink != 0:
		return fmt.Errorf("%s is a symbolic link: name the file itself", path)
	case !info.Mode().IsRegular():
		return fmt.Errorf("%s is not a regular file", path)
	case runtime.GOOS != "windows" && info.Mode().Perm()&0o077 != 0:
		return fmt.Errorf("%s is open to others (mode %04o): chmod 600 it", path, info.Mode().Perm())
	}
	return nil
}

// Replace makes b the contents of a file, mode 0600, in one step. It is written
// beside it, as "<path>.new", and synced before it takes the name; then the name is
// synced. A crash leaves what was there or b, and perhaps a ".new", which is never
// read and goes with the next Replace. The caller has the [Lock].
//
// With an error the file is as it was. Only if the directory cannot be synced once
// the name is taken, b is there and may not outlive a loss of power.
func Replace(path string, b []byte) error {
	// Whatever can fail about the directory fails before anything is changed.
	root, err := os.OpenRoot(filepath.Dir(path))
	if err != nil {
		return err
	}
	defer root.Close() //nolint:errcheck // it is a directory
	base := filepath.Base(path)
	fresh := base + ".new"
	if err := root.Remove(fresh); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	f, err := private(root.OpenFile(fresh, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600))
	if err != nil {
		return err
	}
	_, err = f.Write(b)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err == nil {
		err = root.Rename(fresh, base)
	}
	if err != nil {
		return errors.Join(err, root.Remove(fresh))
	}
	return SyncDirectory(filepath.Dir(path))
}

// SyncDirectory makes the names in a directory durable, where that is possible: on
// Windows, and on some volumes of a network, there is no such request.
func SyncDirectory(path string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	d, err := os.Open(path) //nolint:gosec // G304: the path is the program's
	if err != nil {
		return err
	}
	err = d.Sync()
	if errors.Is(err, syscall.EINVAL) || errors.Is(err, errors.ErrUnsupported) {
		err = nil
	}
	return errors.Join(err, d.Close())
}
