package sqlite

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"time"

	"github.com/pressly/goose/v3"
	driver "modernc.org/sqlite"
	"modernc.org/sqlite/vfs"
)

// Facts is what a database says of itself.
type Facts struct {
	Version     int64  // of the schema
	RPID        string // "": nobody has claimed it yet
	KeyCheck    []byte // of the root key that it was made with; see internal/rootkey
	Epoch       int64  // 1, and one more with each restore
	Accounts    int64
	Credentials int64
}

// ErrNewer is wrapped when a database is of a version that this program does not know.
var ErrNewer = errors.New("use a newer program")

func newer(what string, version, known int64) error {
	return fmt.Errorf("sqlite: %s has version %d, this program knows versions up to %d; %w", what, version, known, ErrNewer)
}

// knownVersion is the newest version of the schema.
func knownVersion() (int64, error) {
	entries, err := fs.ReadDir(migrations, "migrations")
	if err != nil || len(entries) == 0 {
		return 0, fmt.Errorf("sqlite: reading the migrations: %w", err)
	}
	return goose.NumericComponent(entries[len(entries)-1].Name())
}

// Inspect judges the bytes of a database that is in nobody's way, such as one in
// a backup, and writes nothing anywhere: a whole database of this program's, of a
// version that it knows, whose pages, indexes and references agree. Any other is
// refused with one sentence.
func Inspect(ctx context.Context, database io.ReaderAt, size int64) (_ Facts, err error) {
	if err := checkHeaderOf("the database", io.NewSectionReader(database, 0, size), size, 0); err != nil {
		return Facts{}, err
	}
	name, v, err := vfs.New(oneFile{database, size})
	if err != nil {
		return Facts{}, fmt.Errorf("sqlite: %w", err)
	}
	defer func() { err = errors.Join(err, v.Close()) }()
	q := parameters("ro", "query_only(1)", "cache_size(-8000)")
	q.Set("vfs", name)
	q.Set("immutable", "1")
	db, err := openURL(url.URL{Scheme: "file", Opaque: databaseFile, RawQuery: q.Encode()})
	if err != nil {
		return Facts{}, err
	}
	c, err := takeConn(ctx, db)
	if err != nil {
		return Facts{}, unreadable(err)
	}
	f, err := c.inspect(ctx)
	if err := errors.Join(err, c.close()); err != nil {
		return Facts{}, err
	}
	return f, nil
}

// unreadable is why a database that is no file of a data directory is refused.
func unreadable(err error) error {
	if errors.Is(err, ErrNewer) || errors.Is(err, errForeign) {
		return err
	}
	if e, ok := errors.AsType[*driver.Error](err); ok {
		return fmt.Errorf("sqlite: the database is damaged: %w", e)
	}
	return fmt.Errorf("sqlite: the database is damaged: %w", err)
}

// inspect looks at everything.
func (c *conn) inspect(ctx context.Context) (Facts, error) {
	f, err := c.facts(ctx)
	if err != nil {
		return Facts{}, err
	}
	var verdict string
	if err := c.raw.QueryRowContext(ctx, "PRAGMA integrity_check(1)").Scan(&verdict); err != nil {
		return Facts{}, unreadable(err)
	}
	if verdict != "ok" {
		return Facts{}, unreadable(fmt.Errorf("%w: %.200q", errDamage, verdict))
	}
	var strays int64
	if err := c.raw.QueryRowContext(ctx, "SELECT count(*) FROM pragma_foreign_key_check").Scan(&strays); err != nil {
		return Facts{}, unreadable(err)
	}
	if strays > 0 {
		return Facts{}, unreadable(fmt.Errorf("%w: %d rows refer to rows that are not there", errDamage, strays))
	}
	return f, nil
}

// facts reads what the database says of itself, once it is known to be ours.
func (c *conn) facts(ctx context.Context) (Facts, error) {
	version, err := c.judgeSchema(ctx, "the database")
	if err != nil {
		return Facts{}, unreadable(err)
	}
	f := Facts{Version: version}
	epoch := "epoch"
	if f.Version < 2 { // the column came with version 2
		epoch = "1"
	}
	query := "SELECT coalesce(rp_id, ''), key_check, " + epoch + ", (SELECT count(*) FROM account), (SELECT count(*) FROM credential) FROM system WHERE only = 1"
	if err := c.raw.QueryRowContext(ctx, query).Scan(&f.RPID, &f.KeyCheck, &f.Epoch, &f.Accounts, &f.Credentials); err != nil {
		return Facts{}, unreadable(err)
	}
	return f, nil
}

// factsOf reads the facts of a database file that nobody has open.
func factsOf(ctx context.Context, path string) (Facts, error) {
	c, err := openConn(ctx, path, "ro", "query_only(1)")
	if err != nil {
		return Facts{}, fmt.Errorf("sqlite: %w", err)
	}
	f, err := c.facts(ctx)
	return f, errors.Join(err, c.close())
}

// oneFile is a file system of one file, whatever it is called.
type oneFile struct {
	io.ReaderAt
	size int64
}

func (f oneFile) Open(string) (fs.File, error) {
	return &openOneFile{SectionReader: io.NewSectionReader(f.ReaderAt, 0, f.size), size: f.size}, nil
}

type openOneFile struct {
	*io.SectionReader
	size int64
}

func (f *openOneFile) Stat() (fs.FileInfo, error) { return oneFileInfo(f.size), nil }
func (*openOneFile) Close() error                 { return nil }

// oneFileInfo is the size of a file, about which nothing else is known.
type oneFileInfo int64

func (oneFileInfo) Name() string       { return databaseFile }
func (i oneFileInfo) Size() int64      { return int64(i) }
func (oneFileInfo) Mode() fs.FileMode  { return 0o400 }
func (oneFileInfo) ModTime() time.Time { return time.Time{} }
func (oneFileInfo) IsDir() bool        { return false }
func (oneFileInfo) Sys() any           { return nil }
