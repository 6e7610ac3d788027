// Package sqlite keeps accounts in a SQLite database in a data directory that
// one process owns: the default engine of hitherd, and one implementation of
// account.Store.
//
// # Writing
//
// One connection writes. Changes that wait are committed together, each in a
// savepoint of its own, with synchronous=FULL: what was answered is on the disk.
// See writer. Reads go through a few connections that cannot write.
//
// # Files
//
// hither.db, its write-ahead log hither.db-wal and index hither.db-shm,
// hither.lock (held while a process owns the directory) and hither.db-open
// (there while the database is open); for moments hither.db.new, hither.db.copy
// and hither.db.restored, which a crash may leave and the next start removes. A database that is missing, cut off,
// damaged, newer than the program, another program's or with another schema than
// the program makes is refused with one sentence; only a directory without any trace of a database gets a new one.
//
// # Rows
//
// The schema is in migrations. The engine has no clock: every change carries
// the moment at which it is judged.
package sqlite

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"runtime"
	"sync"

	"github.com/hitherauth/hither/internal/account"
)

// Config configures Open.
type Config struct {
	// Directory is required. It is not closed with the Store.
	Directory *Directory
	// Logger is told when writing fails and when it works again; nil: nobody.
	Logger *slog.Logger
}

// Store is an open database. It implements account.Store and is safe for
// concurrent use.
type Store struct {
	dir     *Directory
	log     *slog.Logger
	writer  *writer
	readers chan *conn    // idle ones; nil stands for one that is to be opened
	closed  chan struct{} // closed by Close
	keeper  *conn
	copying chan struct{} // full while a copy is being made
	leased  bool          // a sealer took the lease since Open; used by the writer alone
	once    sync.Once     // for Close
	err     error         // of Close
}

var _ account.Store = (*Store)(nil)

// Open opens the database in a data directory. It makes a new one where there
// is none and migrates an older one; see Migrate for what is refused. Errors are
// one sentence that says what to do.
func Open(ctx context.Context, c Config) (_ *Store, err error) {
	if c.Directory == nil {
		return nil, errors.New("sqlite: Config.Directory is nil")
	}
	d := c.Directory
	if !d.used.CompareAndSwap(false, true) {
		return nil, fmt.Errorf("%w by this process: %s", ErrOwned, d.path)
	}
	s := &Store{dir: d, log: c.Logger, closed: make(chan struct{}), copying: make(chan struct{}, 1)}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.release())
		}
	}()
	if err := s.prepare(ctx); err != nil {
		return nil, err
	}
	if err := s.startWriter(); err != nil {
		return nil, err
	}
	// More would wait for the processors, fewer for each other.
	n := min(max(runtime.GOMAXPROCS(0), 4), 8)
	s.readers = make(chan *conn, n)
	for range n {
		s.readers <- nil
	}
	return s, nil
}

// prepare leaves a whole database of this program's version, and the keeper on it.
func (s *Store) prepare(ctx context.Context) error {
	if !s.dir.HasDatabase() {
		if _, err := create(ctx, s.dir); err != nil {
			return err
		}
	}
	if err := s.dir.checkFiles(); err != nil {
		return err
	}
	for _, leftover := range []string{copyFile, restoredFile} {
		if err := s.dir.remove(leftover); err != nil {
			return err
		}
	}
	var err error
	if s.keeper, err = openKeeper(ctx, s.dir); err != nil {
		return err
	}
	if _, err = bringUp(ctx, s.dir, s.keeper); err != nil {
		return err
	}
	// A new database has a log only now. Whoever has not read it does not keep it.
	return s.keeper.checkPages(ctx, false)
}

func (s *Store) startWriter() error {
	info, err := os.Lstat(s.dir.file(databaseFile))
	if err != nil {
		return fmt.Errorf("sqlite: %w", err)
	}
	w := &writer{
		dir:     s.dir,
		file:    info,
		log:     s.log,
		metrics: newMetrics(),
		queue:   make(chan *request, queueLength),
		done:    make(chan struct{}),
	}
	if w.conn, err = w.open(); err != nil {
		return fmt.Errorf("sqlite: %s cannot be written: %w", s.dir.file(databaseFile), err)
	}
	s.writer = w
	// Not before a write: from now on there has to be a log.
	if err := s.dir.markOpen(); err != nil {
		return errors.Join(fmt.Errorf("sqlite: %w", err), w.conn.close())
	}
	w.ready.Store(true)
	go w.run()
	return nil
}

// Close lets the changes that wait finish, refuses further ones, and leaves one
// file: the log is copied into the database. The directory stays owned.
func (s *Store) Close() error {
	s.once.Do(func() { s.err = s.close() })
	return s.err
}

func (s *Store) close() error {
	s.writer.close()
	close(s.closed)
	s.copying <- struct{}{} // a copy that is being made has ended, and there will be no other
	var errs []error
	for range cap(s.readers) {
		if r := <-s.readers; r != nil {
			errs = append(errs, r.close())
		}
	}
	if c := s.writer.conn; c != nil {
		errs = append(errs, c.checkpoint(), c.close())
	}
	// While the keeper still holds the log. It may stay behind, whole, when the
	// writer could not be opened again.
	return errors.Join(append(errs, s.dir.markClosed(), s.release())...)
}

// release gives back what Open took before there was a writer.
func (s *Store) release() error {
	var err error
	if s.keeper != nil {
		err = closeKeeper(s.dir, s.keeper)
		s.keeper = nil
	}
	s.dir.used.Store(false)
	return err
}

// Ready says whether changes can be made: nil, or an error that wraps
// account.ErrUnavailable.
func (s *Store) Ready(ctx context.Context) error {
	if !s.writer.ready.Load() {
		return unavailable(errNotReady)
	}
	if err := s.writer.checkSameFile(); err != nil {
		return unavailable(err)
	}
	return s.read(ctx, func(c *conn) error {
		_, err := c.get("SELECT opened FROM system WHERE only = 1", nil, new(int64))
		return err
	})
}

// read runs f on a connection of its own. Statements are short and are not
// cancelled with ctx: only the wait for a connection is.
func (s *Store) read(ctx context.Context, f func(*conn) error) error {
	var c *conn
	select {
	case c = <-s.readers:
	case <-s.closed:
		return unavailable(errClosed)
	case <-ctx.Done():
		return unavailable(ctx.Err())
	}
	err := s.readOn(ctx, &c, f)
	s.readers <- c
	return err
}

func (s *Store) readOn(ctx context.Context, c **conn, f func(*conn) error) error {
	if *c == nil {
		opened, err := s.openReader(ctx)
		if err != nil {
			return unavailable(err)
		}
		*c = opened
	}
	err := f(*c)
	if _, broken := errors.AsType[*fault](err); !broken {
		return err
	}
	s.log.Error("reading failed", slog.Any("err", err))
	if err := (*c).close(); err != nil && !errors.Is(err, fs.ErrClosed) {
		s.log.Warn("closing the failed connection", slog.Any("err", err))
	}
	*c = nil
	return unavailable(err)
}

// openReader opens a connection that cannot write.
func (s *Store) openReader(ctx context.Context) (*conn, error) {
	c, err := openConn(context.WithoutCancel(ctx), s.dir.file(databaseFile), "ro", "query_only(1)", "cache_size(-1000)")
	if err != nil {
		return nil, err
	}
	// Not a file that has come since: other people would be in it.
	if err := s.writer.checkSameFile(); err != nil {
		return nil, errors.Join(err, c.close())
	}
	return c, nil
}
