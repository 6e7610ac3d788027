package rootkey

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"

	"github.com/hitherauth/hither/internal/secret"
)

// Create makes a new random key in a file of its own, mode 0600, and refuses
// when path exists already, whatever it is. When it returns, key and directory
// entry have been synced; after a crash the file is either whole or absent.
func Create(path string) (Key, error) {
	var b [Size]byte
	rand.Read(b[:])

	// The key is written beside its place and then linked there: a link, unlike
	// a rename, fails when something is there, and unlike an exclusive create it
	// never shows half a key.
	dir := filepath.Dir(path)
	name, err := writeTemporary(dir, filepath.Base(path), b[:])
	if err != nil {
		return Key{}, fmt.Errorf("rootkey: creating %s: %w", path, err)
	}
	err = os.Link(name, path)
	if rmErr := os.Remove(name); err == nil {
		err = rmErr
	}
	if errors.Is(err, fs.ErrExist) {
		return Key{}, fmt.Errorf("rootkey: %s exists already and is not overwritten: %w", path, fs.ErrExist)
	}
	if err == nil {
		err = syncDir(dir)
	}
	if err != nil {
		return Key{}, fmt.Errorf("rootkey: creating %s: %w", path, err)
	}
	return Key{secret.Hide(b)}, nil
}

// Load reads a key file. Every reason to refuse is one sentence with the path
// and what to do about it; a missing file is fs.ErrNotExist.
func Load(path string) (Key, error) {
	named, err := os.Lstat(path)
	if err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return Key{}, fmt.Errorf("rootkey: %s does not exist: put the key file back, or choose another with HITHER_KEY_FILE: %w", path, fs.ErrNotExist)
		}
		return Key{}, fmt.Errorf("rootkey: %w", err)
	}
	if err := judge(path, named); err != nil {
		return Key{}, err
	}
	f, err := os.Open(path) //nolint:gosec // G304: the path is the operator's
	if err != nil {
		return Key{}, fmt.Errorf("rootkey: %w", err)
	}
	defer f.Close() //nolint:errcheck // read only
	return read(path, named, f)
}

// read takes the key from f after making sure that f is what named judged.
func read(path string, named fs.FileInfo, f *os.File) (Key, error) {
	opened, err := f.Stat()
	if err != nil {
		return Key{}, fmt.Errorf("rootkey: %w", err)
	}
	if !os.SameFile(named, opened) {
		return Key{}, fmt.Errorf("rootkey: %s was replaced while it was being opened: start again", path)
	}
	if err := judge(path, opened); err != nil {
		return Key{}, err
	}
	var b [Size]byte
	if _, err := io.ReadFull(f, b[:]); err != nil {
		return Key{}, fmt.Errorf("rootkey: reading %s: %w", path, err)
	}
	// What a file system shows of a file whose data never reached the disk.
	if b == ([Size]byte{}) {
		return Key{}, fmt.Errorf("rootkey: %s holds only zeros: restore the key file from a backup", path)
	}
	return Key{secret.Hide(b)}, nil
}

func judge(path string, info fs.FileInfo) error {
	switch {
	case info.Mode()&fs.ModeSymlink != 0:
		return fmt.Errorf("rootkey: %s is a symbolic link: name the file itself", path)
	case !info.Mode().IsRegular():
		return fmt.Errorf("rootkey: %s is not a regular file", path)
	case runtime.GOOS != "windows" && info.Mode().Perm()&0o077 != 0:
		return fmt.Errorf("rootkey: %s is open to others (mode %04o): chmod 600 it", path, info.Mode().Perm())
	case info.Size() != Size:
		return fmt.Errorf("rootkey: %s has %d bytes and must have exactly %d: restore the key file from a backup", path, info.Size(), Size)
	}
	return nil
}

// writeTemporary makes a file of mode 0600 in dir that holds b, synced.
func writeTemporary(dir, base string, b []byte) (name string, err error) {
	f, err := os.CreateTemp(dir, "."+base+".*")
	if err != nil {
		return "", err
	}
	defer func() {
		if err != nil {
			_ = f.Close()
			_ = os.Remove(f.Name())
		}
	}()
	if _, err := f.Write(b); err != nil {
		return "", err
	}
	if err := f.Sync(); err != nil {
		return "", err
	}
	return f.Name(), f.Close()
}

// syncDir makes a new directory entry durable.
func syncDir(dir string) error {
	if runtime.GOOS == "windows" {
		return nil // a directory cannot be opened for syncing there
	}
	d, err := os.Open(dir) //nolint:gosec // G304: the path is the operator's
	if err != nil {
		return err
	}
	err = d.Sync()
	if closeErr := d.Close(); err == nil {
		err = closeErr
	}
	return err
}
