package rootkey

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/hitherauth/hither/internal/ownfile"
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
		err = ownfile.SyncDirectory(dir)
	}
	if err != nil {
		return Key{}, fmt.Errorf("rootkey: creating %s: %w", path, err)
	}
	return Key{secret.Hide(b)}, nil
}

// Load reads a key file. Every reason to refuse is one sentence with the path
// and what to do about it; a missing file is fs.ErrNotExist.
func Load(path string) (Key, error) {
	const limit = 1 << 10 // so that what is a little longer is told by its length
	b, err := ownfile.Read(path, limit)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return Key{}, fmt.Errorf("rootkey: %s does not exist: put the key file back, or choose another with HITHER_KEY_FILE: %w", path, fs.ErrNotExist)
	case err != nil:
		return Key{}, fmt.Errorf("rootkey: %w", err)
	case len(b) != Size:
		return Key{}, fmt.Errorf("rootkey: %s has %d bytes and must have exactly %d: restore the key file from a backup", path, len(b), Size)
	// What a file system shows of a file whose data never reached the disk.
	case [Size]byte(b) == [Size]byte{}:
		return Key{}, fmt.Errorf("rootkey: %s holds only zeros: restore the key file from a backup", path)
	}
	return Key{secret.Hide([Size]byte(b))}, nil
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
