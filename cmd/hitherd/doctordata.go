package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/hitherauth/hither/internal/store/sqlite"
)

// A write needs a little space, a backup as much again as the database has.
const (
	leastSpace = 32 << 20
	spareSpace = 64 << 20
)

// examineDirectory looks at the data directory from outside, and says whether a
// process owns it.
func (d *doctor) examineDirectory() (running bool) {
	const check = "directory"
	dir := d.config.DataDir
	info, err := os.Stat(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		d.add(levelWarning, check, dir+" is not there, so that hitherd serve would begin a new installation", "name the data directory of yours with HITHER_DATA_DIR, if you have one")
		return false
	case err != nil:
		d.fail(check, refused("data directory: %w", err))
		return false
	case !info.IsDir():
		d.problem(check, dir+" is no directory", "choose another with HITHER_DATA_DIR")
		return false
	}
	d.judgeModes(dir, info)
	d.judgeSpace(dir)
	running, err = sqlite.Owned(dir)
	switch {
	case err != nil:
		d.fail(check, refused("%w", err).Hint("be the user that hitherd runs as"))
	case running:
		d.ok(check, "%s belongs to a running hitherd", dir)
	default:
		d.stranger = foreign(info, os.Geteuid()) != ""
		d.ok(check, "%s belongs to no process at the moment", dir)
	}
	return running
}

// judgeModes looks for what others may read or write, or own.
func (d *doctor) judgeModes(dir string, info fs.FileInfo) {
	const check = "directory"
	if runtime.GOOS == "windows" {
		return
	}
	switch mode := info.Mode().Perm(); {
	case mode&0o002 != 0:
		d.problem(check, fmt.Sprintf("%s can be written by everybody (mode %04o)", dir, mode), "chmod 700 it")
	case mode&0o077 != 0:
		d.add(levelWarning, check, fmt.Sprintf("%s is open to others (mode %04o)", dir, mode), "chmod 700 it")
	}
	if other := foreign(info, os.Geteuid()); other != "" {
		d.add(levelWarning, check, dir+" belongs to user "+other+", and you are another", "run hitherd, and its doctor, as that user")
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		d.fail(check, refused("data directory: %w", err))
		return
	}
	for _, e := range entries {
		named, err := e.Info()
		// The key is judged by whoever reads it.
		if err != nil || !strings.HasPrefix(e.Name(), "hither.") || e.Name() == keyName {
			continue
		}
		path := filepath.Join(dir, e.Name())
		if mode := named.Mode().Perm(); mode&0o077 != 0 {
			d.add(levelWarning, check, fmt.Sprintf("%s is open to others (mode %04o)", path, mode), "chmod 600 it")
		}
		if !sameOwner(info, named) {
			d.add(levelWarning, check, path+" belongs to another user than its directory", "chown it to the directory's")
		}
	}
}

// holdsDatabase says whether there is a database, or anything by its name.
func (d *doctor) holdsDatabase() bool {
	_, err := os.Lstat(filepath.Join(d.config.DataDir, databaseName))
	return !errors.Is(err, fs.ErrNotExist)
}

// judgeSpace says whether the disk has room for what is written next.
func (d *doctor) judgeSpace(dir string) {
	const check = "disk"
	free, known, err := freeSpace(dir)
	if err != nil {
		d.fail(check, err)
	}
	if err != nil || !known {
		return
	}
	var size uint64
	if info, err := os.Stat(filepath.Join(dir, databaseName)); err == nil {
		size = uint64(max(info.Size(), 0))
	}
	switch {
	case free < leastSpace:
		d.problem(check, fmt.Sprintf("%d MiB are free: soon nobody can sign in", free>>20), "make room on the disk of "+dir)
	case free < size+spareSpace:
		d.add(levelWarning, check, fmt.Sprintf("%d MiB are free, and a backup needs %d for a moment", free>>20, (size+spareSpace)>>20), "make room on the disk of "+dir)
	default:
		d.ok(check, "%d MiB are free", free>>20)
	}
}
