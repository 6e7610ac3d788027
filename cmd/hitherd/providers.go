package main

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/hitherauth/hither/internal/account"
)

// providersName is the file in the data directory that replaces the names of providers.
const providersName = "providers.json"

// findProviders reads the list of providers in the data directory; where there
// is none it is the one that hitherd knows.
func findProviders(directory string) (account.Providers, error) {
	path := filepath.Join(directory, providersName)
	text, err := readBounded(path, account.MaxProvidersSize)
	if errors.Is(err, fs.ErrNotExist) {
		return account.KnownProviders()
	}
	if err != nil {
		return nil, refused("%w: put it right, or remove it to use the names that hitherd knows", err)
	}
	providers, err := account.ParseProviders(text)
	if err != nil {
		return nil, refused("%s: %s: put it right, or remove it to use the names that hitherd knows", path, strings.TrimPrefix(err.Error(), "account: "))
	}
	return providers, nil
}

// readBounded reads a regular file, and one byte more than most at most.
func readBounded(path string, most int64) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, &fs.PathError{Op: "read", Path: path, Err: errors.New("not a file")}
	}
	f, err := os.Open(path) //nolint:gosec // G304: the path is the operator's
	if err != nil {
		return nil, err
	}
	defer f.Close() //nolint:errcheck // read only
	return io.ReadAll(io.LimitReader(f, most+1))
}
