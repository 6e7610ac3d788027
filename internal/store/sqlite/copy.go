package sqlite

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/hitherauth/hither/internal/ownfile"

	"github.com/hitherauth/hither/internal/account"
)

// copyFile is a copy of the database on its way out. It has a name for as long
// as it is being made; what a crash leaves goes at the next start.
const copyFile = "hither.db.copy"

var errCopying = errors.New("another copy is being made")

// Copy is a consistent copy of the database in a file of its own: one moment,
// whole without a log, and nothing in it that had been deleted. It is read like
// any file; Close gives its space back.
type Copy struct {
	*os.File
	Facts Facts
	Size  int64 // in bytes

	named bool // the file still has its name, which Close removes
}

// Copy makes a copy and records e before it, so that the copy holds e. Changes
// go on meanwhile. It takes as much space in the data directory as the database
// has in use. While another copy is being made it fails with an error that wraps
// account.ErrUnavailable.
func (s *Store) Copy(ctx context.Context, e account.Event) (*Copy, error) {
	select {
	case s.copying <- struct{}{}:
		defer func() { <-s.copying }()
	default:
		return nil, unavailable(errCopying)
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	select {
	case <-s.closed:
		return nil, unavailable(errClosed)
	default:
		go func() {
			select {
			case <-s.closed:
				cancel()
			case <-ctx.Done():
			}
		}()
	}
	if err := s.writer.do(ctx, &request{apply: func(c *conn) error { return c.record(e) }}); err != nil {
		return nil, err
	}
	c, err := s.copy(ctx)
	if err != nil {
		return nil, errors.Join(err, s.dir.remove(copyFile))
	}
	return c, nil
}

func (s *Store) copy(ctx context.Context) (_ *Copy, err error) {
	if err := s.vacuumInto(ctx, copyFile); err != nil {
		return nil, fmt.Errorf("sqlite: copying the database: %w", err)
	}
	path := s.dir.file(copyFile)
	c := &Copy{named: true}
	if c.Facts, err = factsOf(ctx, path); err != nil {
		return nil, err
	}
	if c.File, err = os.Open(path); err != nil { //nolint:gosec // G304: a name of ours in the data directory
		return nil, fmt.Errorf("sqlite: %w", err)
	}
	info, err := c.Stat()
	if err != nil {
		return nil, errors.Join(fmt.Errorf("sqlite: %w", err), c.File.Close())
	}
	c.Size = info.Size()
	// Where an open file can do without a name nothing can leave it behind.
	c.named = os.Remove(path) != nil
	return c, nil
}

// vacuumInto writes the database, as a reader of this moment sees it, into a new file.
func (s *Store) vacuumInto(ctx context.Context, name string) error {
	if err := s.dir.remove(name); err != nil {
		return err
	}
	// SQLite fills an empty file that is there, so that it is private from the start.
	f, err := ownfile.Open(s.dir.file(name), os.O_RDWR|os.O_CREATE|os.O_EXCL)
	if err != nil {
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	c, err := openConn(ctx, s.dir.file(databaseFile), "ro", "cache_size(-8000)")
	if err != nil {
		return err
	}
	if err = s.writer.checkSameFile(); err == nil {
		_, err = c.raw.ExecContext(ctx, "VACUUM INTO ?", s.dir.file(name))
	}
	return errors.Join(err, c.close())
}

// Close closes the file and removes what is left of it.
func (c *Copy) Close() error {
	err := c.File.Close()
	if c.named {
		c.named = false
		err = errors.Join(err, os.Remove(c.Name()))
	}
	return err
}
