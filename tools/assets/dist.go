package main

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
)

// read returns the files of the folder dist by name; a missing folder is empty.
func read(dist string) (map[string][]byte, error) {
	entries, err := os.ReadDir(dist)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("reading web/dist: %w", err)
	}
	files := make(map[string][]byte, len(entries))
	for _, entry := range entries {
		content, err := os.ReadFile(filepath.Join(dist, entry.Name()))
		if err != nil {
			return nil, fmt.Errorf("reading web/dist: %w", err)
		}
		files[entry.Name()] = content
	}
	return files, nil
}

// write makes the folder dist hold want and nothing else. New files come first and the manifest is replaced by a
// rename, so a program that is being built at the same time finds one whole set.
func write(dist string, have, want map[string][]byte) error {
	if err := os.MkdirAll(dist, 0o750); err != nil {
		return fmt.Errorf("making web/dist: %w", err)
	}
	for name, content := range want {
		if got, ok := have[name]; name == manifest || ok && bytes.Equal(got, content) {
			continue
		}
		if err := os.WriteFile(filepath.Join(dist, name), content, 0o600); err != nil {
			return fmt.Errorf("writing web/dist: %w", err)
		}
	}
	fresh := filepath.Join(dist, manifest+".new")
	if err := os.WriteFile(fresh, want[manifest], 0o600); err != nil {
		return fmt.Errorf("writing the manifest: %w", err)
	}
	if err := os.Rename(fresh, filepath.Join(dist, manifest)); err != nil {
		return fmt.Errorf("replacing the manifest: %w", err)
	}
	for name := range have {
		if _, kept := want[name]; kept || name == filepath.Base(fresh) {
			continue
		}
		if err := os.Remove(filepath.Join(dist, name)); err != nil {
			return fmt.Errorf("removing an old asset: %w", err)
		}
	}
	return nil
}

// differences names the files that are missing, different or left over.
func differences(have, want map[string][]byte) []string {
	var names []string
	for name, content := range want {
		if got, ok := have[name]; !ok || !bytes.Equal(got, content) {
			names = append(names, name)
		}
	}
	for name := range have {
		if _, ok := want[name]; !ok {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}
