package account

import (
	"context"
	"time"

	"github.com/hitherauth/hither/webauthn"
)

// Store is what accounts need of an engine. Reads see every change whose Apply
// has returned nil, and judge nothing: a session that has expired is found until
// it is swept. All methods are safe for concurrent use, return ErrNotFound for
// what is not there, and an error that wraps ErrUnavailable when the engine
// cannot answer now.
//
// internal/store/storetest is what an engine has to pass.
type Store interface {
	// AccountByName compares by FoldName.
	AccountByName(ctx context.Context, name string) (Account, error)
	// Accounts lists in the order of FoldName, byte by byte, from behind the name after ("": from the first), at most limit.
	Accounts(ctx context.Context, after string, limit int) ([]Account, error)
	Credential(ctx context.Context, id webauthn.Bytes) (Credential, Account, error)
	// Credentials lists an account's in the order in which they were made; none for an unknown account.
	Credentials(ctx context.Context, account ID) ([]Credential, error)
	Session(ctx context.Context, hash TokenHash) (Session, Account, error)
	// Sessions lists an account's, the one seen last first.
	Sessions(ctx context.Context, account ID) ([]Session, error)
	Invitation(ctx context.Context, hash TokenHash) (Invitation, error)
	System(ctx context.Context) (System, error)
	// Apply makes one change durable or changes nothing, but for what a change
	// says that a refusal leaves behind. When it returns nil or a refusal, that
	// has been committed. When ctx ends first it returns an error that
	// wraps ErrUnavailable, and the change may or may not be made.
	Apply(ctx context.Context, c Change) error
	// Sweep removes rows that have expired at or before now, in small batches,
	// and remembers until when spent ceremonies were removed (System.SweptUntil).
	Sweep(ctx context.Context, now time.Time) error
}

// System is what the whole installation shares.
type System struct {
	RPID             string // "" on a new database
	KeyCheck         []byte // nil on a new database; made by internal/rootkey
	HasAdministrator bool   // active or not
	Keys             []Key  // in the order in which they were made
	// SweptUntil is the latest Spend.ExpiresAt among the rows that Sweep has
	// removed since PutKeys.Anew; zero: none. A clock that is behind it was set back.
	SweptUntil time.Time
}

// Key is a wrapped key in the store.
type Key struct {
	ID        [8]byte
	Purpose   string // "ceremony"
	Wrapped   []byte
	CreatedAt time.Time
	NotBefore time.Time
}
