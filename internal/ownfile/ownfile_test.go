package ownfile_test

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/hitherauth/hither/internal/ownfile"
)

const limit = 100

func TestReplaceAndRead(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "secrets")
	if _, err := ownfile.Read(path, limit); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("nothing is there: %v", err)
	}
	for n, left := range []string{"", "of a crash"} {
		if left != "" {
			if err := os.WriteFile(path+".new", []byte(left), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want := bytes.Repeat([]byte{byte(n)}, limit)
		if err := ownfile.Replace(path, want); err != nil {
			t.Fatal(err)
		}
		got, err := ownfile.Read(path, limit)
		if err != nil || !bytes.Equal(got, want) {
			t.Errorf("got %x, %v", got, err)
		}
		info, err := os.Lstat(path)
		if err != nil || runtime.GOOS != "windows" && info.Mode() != 0o600 {
			t.Errorf("mode %v, %v", info.Mode(), err)
		}
		if names, err := os.ReadDir(filepath.Dir(path)); err != nil || len(names) != 1 {
			t.Errorf("there are %v, %v", names, err)
		}
	}
	if _, err := ownfile.Read(path, limit-1); !errors.Is(err, ownfile.ErrTooLong) {
		t.Errorf("one byte more than the limit: %v", err)
	}
}

// Each row makes something else of a file that is read and replaced otherwise.
func TestHostileRead(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("there are no modes and no links for everybody there")
	}
	for name, row := range map[string]struct {
		spoil func(path string) error
		want  string
	}{
		"group_reads":      {func(path string) error { return os.Chmod(path, 0o640) }, "mode 0640"},
		"everybody_writes": {func(path string) error { return os.Chmod(path, 0o602) }, "mode 0602"},
		"symbolic_link": {func(path string) error {
			return errors.Join(os.Rename(path, path+".real"), os.Symlink(path+".real", path))
		}, "symbolic link"},
		"directory": {func(path string) error { return errors.Join(os.Remove(path), os.Mkdir(path, 0o700)) }, "not a regular file"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "secrets")
			if err := ownfile.Replace(path, []byte("a")); err != nil {
				t.Fatal(err)
			}
			if err := row.spoil(path); err != nil {
				t.Fatal(err)
			}
			if b, err := ownfile.Read(path, limit); err == nil || b != nil || !strings.Contains(err.Error(), row.want) || !strings.Contains(err.Error(), path) {
				t.Errorf("got %q, %v", b, err)
			}
		})
	}
}

func TestReplaceFails(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := ownfile.Replace(filepath.Join(dir, "none", "secrets"), nil); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("without a directory: %v", err)
	}
	// What cannot take the name leaves nothing beside it.
	path := filepath.Join(dir, "secrets")
	if err := os.MkdirAll(filepath.Join(path, "in the way"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := ownfile.Replace(path, []byte("a")); err == nil {
		t.Error("a directory was replaced")
	}
	if names, err := os.ReadDir(dir); err != nil || len(names) != 1 {
		t.Errorf("there are %v, %v", names, err)
	}
}

// A volume that knows no such request is no reason to call what was done undone.
func TestSyncDirectory(t *testing.T) {
	t.Parallel()
	if err := ownfile.SyncDirectory(filepath.Join(t.TempDir(), "none")); runtime.GOOS != "windows" && !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("none: %v", err)
	}
	if runtime.GOOS != "linux" {
		return
	}
	if err := ownfile.SyncDirectory("/proc"); err != nil {
		t.Errorf("one that cannot be synced: %v", err)
	}
}

func TestLock(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "count")
	if err := ownfile.Replace(path, []byte("0")); err != nil {
		t.Fatal(err)
	}
	const writers = 16
	var work sync.WaitGroup
	for range writers {
		work.Go(func() {
			unlock, err := ownfile.Lock(t.Context(), path)
			if err != nil {
				t.Error(err)
				return
			}
			defer unlock()
			b, err := ownfile.Read(path, limit)
			n, _ := strconv.Atoi(string(b))
			if err = errors.Join(err, ownfile.Replace(path, []byte(strconv.Itoa(n+1)))); err != nil {
				t.Error(err)
			}
		})
	}
	work.Wait()
	if b, err := ownfile.Read(path, limit); err != nil || string(b) != strconv.Itoa(writers) {
		t.Errorf("got %s, %v, want %d", b, err, writers)
	}
}

func TestLockEndsWithContext(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "secrets")
	why := errors.New("enough")
	ended, cancel := context.WithCancelCause(t.Context())
	cancel(why)
	// Free or held: who has gone takes no lock.
	if _, err := ownfile.Lock(ended, path); !errors.Is(err, why) {
		t.Errorf("a free lock: %v", err)
	}
	unlock, err := ownfile.Lock(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	waiting, cancelWaiting := context.WithCancelCause(t.Context())
	done := make(chan error, 1)
	go func() {
		_, err := ownfile.Lock(waiting, path)
		done <- err
	}()
	cancelWaiting(why)
	if err := <-done; !errors.Is(err, why) {
		t.Errorf("a lock that is held: %v", err)
	}
	unlock()
	again, err := ownfile.Lock(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	again()
}
