package hybrid

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"sync"
	"time"

	"github.com/hitherauth/hither/internal/ownfile"
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

// lockPatience is how long another process may have the lock. A change takes
// milliseconds; one that was stopped in the middle must not stop everybody.
const lockPatience = 10 * time.Second

// Update replaces the document. It waits for the lock for 10 seconds at most.
func (s *FileStore) Update(ctx context.Context, change func([]byte) ([]byte, error)) error {
	waiting, stop := context.WithTimeout(ctx, lockPatience)
	defer stop()
	unlock, err := ownfile.Lock(waiting, s.path)
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
	document, err := ownfile.Read(s.path, maxDocument)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, nil
	case err != nil:
		return nil, err
	case len(document) == 0:
		return nil, fmt.Errorf("%s is empty: restore or remove it", s.path)
	}
	return document, nil
}

func (s *FileStore) replace(document []byte) error {
	switch {
	case len(document) == 0:
		return errors.New("the document is empty")
	case len(document) > maxDocument:
		return fmt.Errorf("the document has more than %d bytes", maxDocument)
	}
	return ownfile.Replace(s.path, document)
}
