package sqlite

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"

	"github.com/pressly/goose/v3"
)

// object is one of a schema: a table, an index, or what is never ours.
type object struct{ kind, name, sql string }

func (o object) String() string { return fmt.Sprintf("the %s %.60q", o.kind, o.name) }

// judgeSchema gives the version of a database whose schema is exactly the one
// that this program makes for that version. A trigger, a view, a changed table or
// an index more would do something by itself that nobody here has written, such
// as bring back a session that is deleted, so it is called before anything in the
// database is read or written.
func (c *conn) judgeSchema(ctx context.Context, database string) (int64, error) {
	got, err := c.schema(ctx)
	if err != nil {
		return 0, fmt.Errorf("sqlite: reading the schema of %s: %w", database, err)
	}
	known, err := knownVersion()
	if err != nil {
		return 0, err
	}
	want, err := schemaOf(ctx, known)
	if err != nil {
		return 0, err
	}
	// The table that is asked for the version comes first: only then may it be asked.
	versions := slices.IndexFunc(want, func(o object) bool { return o.name == goose.DefaultTablename })
	if versions < 0 || !slices.Contains(got, want[versions]) {
		return 0, foreignObject(database, object{kind: "table", name: goose.DefaultTablename})
	}
	var version int64
	if err := c.raw.QueryRowContext(ctx, "SELECT max(version_id) FROM goose_db_version WHERE is_applied").Scan(&version); err != nil {
		return 0, fmt.Errorf("sqlite: reading the version of %s: %w", database, err)
	}
	switch {
	case version > known:
		return 0, newer(database, version, known)
	case version < known:
		if want, err = schemaOf(ctx, version); err != nil {
			return 0, err
		}
	}
	for _, pair := range [][2][]object{{got, want}, {want, got}} {
		for _, o := range pair[0] {
			if !slices.Contains(pair[1], o) {
				return 0, foreignObject(database, o)
			}
		}
	}
	return version, nil
}

var errForeign = errors.New("undo that, or restore a backup from before")

func foreignObject(database string, o object) error {
	return fmt.Errorf("sqlite: %s was changed by something else than hitherd, %s is not as it was made: %w", database, o, errForeign)
}

// schema lists what the database is made of. What ANALYZE leaves is no part of it.
func (c *conn) schema(ctx context.Context) (list []object, err error) {
	const query = `SELECT type, name, coalesce(sql, '') FROM sqlite_schema WHERE coalesce(sql, '') NOT IN
		('CREATE TABLE sqlite_stat1(tbl,idx,stat)', 'CREATE TABLE sqlite_stat4(tbl,idx,neq,nlt,ndlt,sample)')`
	rows, err := c.raw.QueryContext(ctx, query)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }() // what it could say, Err has said
	for rows.Next() {
		var o object
		if err := rows.Scan(&o.kind, &o.name, &o.sql); err != nil {
			return nil, err
		}
		list = append(list, o)
	}
	return list, rows.Err()
}

// schemaOf is what the migrations up to a version make.
func schemaOf(ctx context.Context, version int64) (_ []object, err error) {
	db, err := openURL(url.URL{Scheme: "file", Opaque: ":memory:", RawQuery: parameters("memory").Encode()})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	p, err := migrator(db)
	if err != nil {
		return nil, err
	}
	if _, err := p.UpTo(ctx, version); err != nil {
		return nil, fmt.Errorf("sqlite: making version %d: %w", version, err)
	}
	c, err := takeConn(ctx, db)
	if err != nil {
		return nil, err
	}
	list, err := c.schema(ctx)
	return list, errors.Join(err, c.close())
}
