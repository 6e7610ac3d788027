package web

import "time"

// Site is the part that every page shares.
type Site struct {
	// RPName is what people call this installation: shown in the header and in page titles.
	RPName string
	// Person is who is signed in; nil when nobody is.
	Person *Person
	// Notice confirms what was just done; an unknown one shows nothing, so it may come from a query.
	Notice Notice
	// Patience is the time after which somebody who waits for a phone is likely stuck, and a ceremony that the
	// browser ends has likely timed out: what pages say changes then. Zero: 30 s.
	Patience time.Duration
}

// Person is who is signed in.
type Person struct {
	Name          string // account name
	DisplayName   string
	Administrator bool
}

// Notice names a sentence that confirms what was just done. Pages take it from the query member "notice".
type Notice string

// The notices that pages know.
const (
	NoticeSignedOut     Notice = "signed_out"
	NoticeSessionEnded  Notice = "session_ended"
	NoticeSessionsEnded Notice = "sessions_ended"
	NoticeAdded         Notice = "added"
	NoticeRenamed       Notice = "renamed"
	NoticeRemoved       Notice = "removed"
)

// HomePage is /: where am I signed in, or what this is.
type HomePage struct {
	Site
	SignUpOpen  bool      // anybody may create an account at /setup
	SetupNeeded bool      // there is no administrator yet
	Sessions    []Session // of Person, the current one among them
}

// SetupPage is /setup: the first administrator, an invited person, or open sign-up.
// The token is in the fragment, so only the page's script knows whether there is one.
type SetupPage struct {
	Site
	SignUpOpen  bool
	SetupNeeded bool // there is no administrator yet
}

// LoginPage is /login.
type LoginPage struct {
	Site
	SignUpOpen bool
	// ReturnTo is a path of this origin where a signed-in person goes; "" is /account.
	ReturnTo string
}

// AccountPage is /account.
type AccountPage struct {
	Site
	Passkeys []Passkey
	Sessions []Session
	// Problem is a sentence about a form that was refused, "" when none was.
	Problem string
}

// LearnPage is /learn: what a passkey is, in plain words. It needs no script.
type LearnPage struct {
	Site
}

// ErrorPage says what happened and what to do next. Its words follow from Code, or from Status when Code has none.
type ErrorPage struct {
	Site
	Status    int    // HTTP status
	Code      string // problem code of the API, such as "rate_limited"
	RequestID string
}

// Passkey is one row of the list of passkeys.
type Passkey struct {
	ID             string // base64url credential id
	Name           string
	Provider       string // "iCloud Keychain", as the authenticator says; "" unknown
	BackupEligible bool
	BackupState    bool
	Transports     []string // as the browser said at registration
	Attachment     string   // "platform", "cross-platform" or ""
	CreatedAt      time.Time
	LastUse        *Use // nil: not used since it was made
	Current        bool // opened this session
}

// Use says when, from where and by which browser a passkey was used.
type Use struct {
	At      time.Time
	Address string
	Browser string // "Firefox on Linux"; "" unknown
}

// Session is one row of the list of sessions.
type Session struct {
	ID              string
	Current         bool
	Browser         string // "" unknown
	Address         string
	AuthenticatedAt time.Time
	LastSeenAt      time.Time
	ExpiresAt       time.Time
	Passkey         string // name of the passkey that opened it; "" unknown
}
