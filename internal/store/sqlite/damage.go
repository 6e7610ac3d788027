package sqlite

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"

	"github.com/hitherauth/hither/internal/ownfile"

	driver "modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// applicationID is "HTHR", at offset 68 of the database's header.
const applicationID = 0x48544852

// quickCheckLimit is the size up to which every page is looked at when a
// database is opened. Beyond it that would take longer than a start may; the
// pages are then checked as they are read.
const quickCheckLimit = 8 << 20

// checkFiles refuses what is not a whole database of ours before SQLite touches
// it. An empty or missing database must never pass for a new one: whoever came
// first would be its administrator.
//
// It opens and closes the database file, which drops the process's locks on it:
// no connection may be open yet.
func (d *Directory) checkFiles() error {
	path := d.file(databaseFile)
	info, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("sqlite: %s is missing, but files beside it show that there was one; restore it from a backup", path)
	}
	if err != nil {
		return fmt.Errorf("sqlite: %w", err)
	}
	if !info.Mode().IsRegular() {
		return fmt.Errorf("sqlite: %s is not a regular file", path)
	}
	logSize, err := d.checkLog()
	if err != nil {
		return err
	}
	return checkHeader(path, info.Size(), logSize)
}

func checkHeader(path string, size, logSize int64) error {
	f, err := ownfile.Open(path, os.O_RDWR)
	if err != nil {
		return fmt.Errorf("sqlite: %w", err)
	}
	return errors.Join(checkHeaderOf(path, f, size, logSize), f.Close())
}

// checkHeaderOf judges the beginning of a database that has size bytes and,
// beside it, a log of logSize.
func checkHeaderOf(name string, database io.Reader, size, logSize int64) error {
	// Layout: https://www.sqlite.org/fileformat2.html#the_database_header
	var header [100]byte
	if _, err := io.ReadFull(database, header[:]); ignoreShort(err) != nil {
		return fmt.Errorf("sqlite: reading %s: %w", name, err)
	}
	if !bytes.HasPrefix(header[:], []byte("SQLite format 3\x00")) {
		return fmt.Errorf("sqlite: %s is empty, damaged or not a database; restore it from a backup", name)
	}
	if id := binary.BigEndian.Uint32(header[68:]); id != applicationID {
		return fmt.Errorf("sqlite: %s is a database of another program", name)
	}
	pageSize := int64(binary.BigEndian.Uint16(header[16:]))
	if pageSize == 1 {
		pageSize = 65536
	}
	// With a log the file may still have to grow; SQLite knows what is in it.
	if pages := int64(binary.BigEndian.Uint32(header[28:])); logSize == 0 && size < pages*pageSize {
		return fmt.Errorf("sqlite: %s is cut off: %d of %d bytes are there; restore it from a backup", name, size, pages*pageSize)
	}
	return nil
}

func ignoreShort(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return nil
	}
	return err
}

// openKeeper opens a connection that only is there: SQLite removes the log when
// the last connection closes, and the log must stay while the database is being
// opened and while a failed writer is being opened again. On the way it looks at
// every page of a database that is small enough.
func openKeeper(ctx context.Context, d *Directory) (*conn, error) {
	path := d.file(databaseFile)
	info, err := os.Lstat(path)
	if err != nil {
		return nil, fmt.Errorf("sqlite: %w", err)
	}
	c, err := openConn(ctx, path, "rw", "query_only(1)", "cache_size(-100)")
	if err != nil {
		err = errors.Join(err, d.markClosedWithoutLog())
	} else if err = c.checkPages(ctx, info.Size() <= quickCheckLimit); err != nil {
		err = errors.Join(err, closeKeeper(d, c))
	}
	if isDamage(err) {
		return nil, fmt.Errorf("sqlite: %s is damaged; restore it from a backup: %w", path, err)
	}
	if err != nil {
		return nil, fmt.Errorf("sqlite: opening %s: %w", path, err)
	}
	return c, nil
}

// closeKeeper closes the last connection, with which SQLite removes the log. The
// note goes before it, once all of the log is in the database: a note without a
// log is what a lost log looks like. Where the log could not be copied both stay.
func closeKeeper(d *Directory, keeper *conn) error {
	var errs []error
	if whole, err := keeper.copied(); err == nil && whole {
		errs = append(errs, d.markClosed())
	}
	return errors.Join(append(errs, keeper.close(), d.markClosedWithoutLog())...)
}

// markClosedWithoutLog takes the note back when SQLite has removed the log: it
// does so with the last connection, also with one that could not be opened, when
// all of it is in the database. The log was there when this process looked first.
func (d *Directory) markClosedWithoutLog() error {
	if _, err := os.Lstat(d.file(databaseFile + "-wal")); errors.Is(err, fs.ErrNotExist) {
		return d.markClosed()
	}
	return nil
}

// copied copies the log into the database file and says whether that was all of it.
func (c *conn) copied() (bool, error) {
	var busy, frames, copied int64
	_, err := c.get("PRAGMA wal_checkpoint(FULL)", nil, &busy, &frames, &copied)
	return busy == 0 && frames == copied, err
}

var errDamage = errors.New("pages do not fit together")

func isDamage(err error) bool {
	if e, ok := errors.AsType[*driver.Error](err); ok {
		code := e.Code() & 0xff
		return code == sqlite3.SQLITE_CORRUPT || code == sqlite3.SQLITE_NOTADB
	}
	return errors.Is(err, errDamage)
}

func (c *conn) checkPages(ctx context.Context, all bool) error {
	if !all {
		return c.raw.QueryRowContext(ctx, "SELECT count(*) FROM sqlite_schema").Scan(new(int64))
	}
	var verdict string
	if err := c.raw.QueryRowContext(ctx, "PRAGMA quick_check(1)").Scan(&verdict); err != nil {
		return err
	}
	if verdict != "ok" {
		return fmt.Errorf("%w: %s", errDamage, strings.Join(strings.Fields(verdict), " "))
	}
	return nil
}
