package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"math"
	"os"
	"path/filepath"

	"github.com/hitherauth/hither/internal/account"
	"github.com/hitherauth/hither/internal/ownfile"
)

// Owned says whether a process owns the data directory path at this moment. It
// changes nothing there; where nothing is, nobody owns it.
func Owned(path string) (owned bool, err error) {
	f, err := os.Open(filepath.Join(path, lockFile)) //nolint:gosec // G304: a name of ours in the operator's directory
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("sqlite: lock file: %w", err)
	}
	defer f.Close() //nolint:errcheck // read only; gives the lock back
	err = ownfile.TryLock(f)
	if errors.Is(err, ownfile.ErrLocked) {
		return true, nil
	}
	return false, err
}

// Facts is what the database says of itself.
func (r *Reader) Facts(ctx context.Context) (Facts, error) { return r.conn.facts(ctx) }

// Sound looks at every page and says whether they fit together: nil, or an error
// of one line. It takes about as long as reading the file.
func (r *Reader) Sound(ctx context.Context) error {
	err := r.conn.checkPages(ctx, true)
	if err == nil || ctx.Err() != nil {
		return err
	}
	return unreadable(err)
}

// Keeper is an account with how many passkeys it has.
type Keeper struct {
	Name          string
	Administrator bool
	State         account.State
	Passkeys      int64

	no int64
}

// Keepers are the accounts that have passkeys, the oldest first.
func (r *Reader) Keepers() iter.Seq2[Keeper, error] {
	const query = `SELECT account.no, account.name, account.administrator, account.state, count(*)
		FROM account JOIN credential ON credential.account_no = account.no
		WHERE account.no > ? GROUP BY account.no ORDER BY account.no LIMIT 500`
	return pages(math.MinInt64, math.MaxInt64, func(after int64) (list []Keeper, err error) {
		err = r.conn.each(query, []any{after}, func(rows *sql.Rows) error {
			var k Keeper
			err := rows.Scan(&k.no, &k.Name, &k.Administrator, (*string)(&k.State), &k.Passkeys)
			list = append(list, k)
			return err
		})
		return list, err
	}, func(k Keeper) int64 { return k.no })
}
