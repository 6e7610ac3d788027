package hybrid

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"time"
)

// maxDocument is how long the document of a store may be: some thousand links.
const maxDocument = 1 << 20

// MemoryStore is a [LinkStore] that forgets. The zero value is empty.
type MemoryStore struct {
	mu       sync.Mutex
	document []byte
}

// Read returns a copy of the document.
func (s *MemoryStore) Read(context.Context) ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return bytes.Clone(s.document), nil
}

// Update replaces the document.
func (s *MemoryStore) Update(_ context.Context, change func([]byte) ([]byte, error)) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	document, err := change(bytes.Clone(s.document))
	if err != nil {
		return err
	}
	s.document = bytes.Clone(document)
	return nil
}

// FileStore is a [LinkStore] in a file that only its owner may read. The file is
// replaced whole, and synced; several processes may use it at once, each
// of which takes the lock that is beside it, "<path>.lock", while it changes the file.
type FileStore struct{ path string }

// NewFileStore keeps the document in the file at path, which is made when there is
// something to keep. Its directory must exist.
func NewFileStore(path string) *FileStore { return &FileStore{path: path} }

// Read returns the document. A file that others may read, or that is no regular
// file, is refused.
func (s *FileStore) Read(context.Context) ([]byte, error) {
	document, err := s.read()
	if err != nil {
		return nil, fmt.Errorf("hybrid: %w", err)
	}
	return document, nil
}

// Update replaces the document.
func (s *FileStore) Update(ctx context.Context, change func([]byte) ([]byte, error)) error {
	unlock, err := s.lock(ctx)
	if err != nil {
		return fmt.Errorf("hybrid: locking %s: %w", s.path, err)
	}
	defer unlock()
	document, err := s.read()
	if err != nil {
		return fmt.Errorf("hybrid: %w", err)
	}
	document, err = change(document)
	if err != nil {
		return err
	}
	if err := s.replace(document); err != nil {
		return fmt.Errorf("hybrid: writing %s: %w", s.path, err)
	}
	return nil
}

func (s *FileStore) read() ([]byte, error) {
	named, err := os.Lstat(s.path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if err := s.judge(named); err != nil {
		return nil, err
	}
	f, err := os.Open(s.path)
	if err != nil {
		return nil, err
	}
	defer f.Close() //nolint:errcheck // read only
	opened, err := f.Stat()
	if err != nil {
		return nil, err
	}
	// The file was perhaps replaced in between, by us or by somebody else.
	if err := s.judge(opened); err != nil {
		return nil, err
	}
	document, err := io.ReadAll(io.LimitReader(f, maxDocument+1))
	switch {
	case err != nil:
		return nil, err
	case len(document) > maxDocument:
		return nil, fmt.Errorf("%s has more than %d bytes", s.path, maxDocument)
	case len(document) == 0:
		return nil, fmt.Errorf("%s is empty: restore or remove it", s.path)
	}
	return document, nil
}

func (s *FileStore) judge(info fs.FileInfo) error {
	switch {
	case !info.Mode().IsRegular():
		return fmt.Errorf("%s is not a regular file", s.path)
	case runtime.GOOS != "windows" && info.Mode().Perm()&0o077 != 0:
		return fmt.Errorf("%s is open to others (mode %04o): chmod 600 it", s.path, info.Mode().Perm())
	}
	return nil
}

// replace writes beside the file and renames: after a crash there is the old
// document or the new one.
func (s *FileStore) replace(document []byte) (err error) {
	switch {
	case len(document) == 0:
		return errors.New("the document is empty")
	case len(document) > maxDocument:
		return fmt.Errorf("the document has more than %d bytes", maxDocument)
	}
	dir := filepath.Dir(s.path)
	f, err := os.CreateTemp(dir, "."+filepath.Base(s.path)+".*") // mode 0600
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = f.Close()
			_ = os.Remove(f.Name())
		}
	}()
	if _, err := f.Write(document); err != nil {
		return err
	}
	if err := f.Sync(); err != nil {
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	if err := os.Rename(f.Name(), s.path); err != nil {
		return err
	}
	return syncDirectory(dir)
}

// syncDirectory makes a new directory entry durable.
func syncDirectory(dir string) error {
	if runtime.GOOS == "windows" {
		return nil // a directory cannot be opened for syncing there
	}
	d, err := os.Open(dir) //nolint:gosec // G304: the path is the program's
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// lock takes the lock beside the file, whose lifetime is the process's at most.
func (s *FileStore) lock(ctx context.Context) (unlock func(), err error) {
	f, err := os.OpenFile(s.path+".lock", os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	const pause = 5 * time.Millisecond // changes are rare and take less than that
	for {
		switch err := tryLock(f); {
		case err == nil:
			return func() { _ = f.Close() }, nil
		case !errors.Is(err, errLocked):
			_ = f.Close()
			return nil, err
		}
		select {
		case <-ctx.Done():
			_ = f.Close()
			return nil, context.Cause(ctx)
		case <-time.After(pause):
		}
	}
}
