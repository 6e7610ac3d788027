package main

import (
	"errors"
	"io/fs"
	"path/filepath"

	"github.com/hitherauth/hither/internal/rootkey"
)

// keyName is the file of the root key in the data directory.
const keyName = "hither.key"

// findKey loads the root key: from keyFile, which must exist, or from the data
// directory, where it may be missing.
func findKey(directory, keyFile string) (key rootkey.Key, found bool, err error) {
	path := keyPath(directory, keyFile)
	key, err = rootkey.Load(path)
	switch {
	case err == nil:
		return key, true, nil
	case !errors.Is(err, fs.ErrNotExist):
		return rootkey.Key{}, false, refused("%w", err)
	case keyFile != "":
		return rootkey.Key{}, false, refused("key_file %s does not exist: put the key there, or for a new installation make one", path).
			Hint("(umask 077 && head -c 32 /dev/urandom > " + path + ")")
	default:
		return rootkey.Key{}, false, nil
	}
}

// makeKey makes the root key of a database that has none yet. One that was in
// use cannot be opened by a new key.
func makeKey(directory string, inUse bool) (rootkey.Key, error) {
	path := filepath.Join(directory, keyName)
	if inUse {
		return rootkey.Key{}, refused("%s is missing, and the database beside it is of no use without it: put the key file back", path)
	}
	key, err := rootkey.Create(path)
	if err != nil {
		return rootkey.Key{}, refused("%w", err)
	}
	return key, nil
}

// keyPath is where the root key is.
func keyPath(directory, keyFile string) string {
	if keyFile != "" {
		return keyFile
	}
	return filepath.Join(directory, keyName)
}
