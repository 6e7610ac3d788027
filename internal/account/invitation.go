package account

import "time"

// Lifetimes of invitations.
const (
	// DefaultInvitationLifetime is used when Invite is given none.
	DefaultInvitationLifetime = 24 * time.Hour
	// MaxInvitationLifetime is the longest that Invite grants.
	MaxInvitationLifetime = 7 * 24 * time.Hour
	// setupLifetime is long enough for an operator to come back to a terminal
	// the next morning; a new start makes a new link anyway.
	setupLifetime = 24 * time.Hour
)

// Invitation lets one person make an account, once.
type Invitation struct {
	ID            ID
	TokenHash     TokenHash
	Name          string // "" : the person chooses
	Administrator bool
	Setup         bool // the first administrator's: all of them end when one is used
	CreatedAt     time.Time
	ExpiresAt     time.Time
}
