package account

import (
	"time"

	"github.com/hitherauth/hither/webauthn"
)

// MaxSessions is how many sessions an account can have. One more ends the one
// that was not seen for longest, so that nobody fills the disk by signing in.
const MaxSessions = 100

// Session is a signed-in person's browser or tool.
type Session struct {
	ID              ID        // names it in lists; opens nothing
	TokenHash       TokenHash // of the token that opens it
	AccountID       ID
	CredentialID    webauthn.Bytes // that opened it; the session ends with it
	Bearer          bool           // opened for a client that is no browser
	UserVerified    bool
	AuthenticatedAt time.Time
	LastSeenAt      time.Time
	ExpiresAt       time.Time // absolute end
	Client          Client    // that opened it
}

// Opened is a session with the token that opens it: the only time it can be had.
type Opened struct {
	Session Session
	Token   Token
}
