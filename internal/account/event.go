package account

import (
	"time"

	"github.com/hitherauth/hither/webauthn"
)

// Event is one audit row, written in the transaction of what it records.
type Event struct {
	At           time.Time
	Type         EventType
	AccountID    *ID            // nil: no account is known
	CredentialID webauthn.Bytes // stored as its CredentialHash; nil: none
	Actor        Actor
	Client       Client
	Check        string // of a refused ceremony: the relying party's name for what failed
	Detail       string // short, never a secret
}

// EventType says what happened. The text is stored and stays.
type EventType string

// The types of events.
const (
	EventAccountCreated     EventType = "account.created" // and signed in: a registration opens the first session
	EventAccountDisabled    EventType = "account.disabled"
	EventAccountEnabled     EventType = "account.enabled"
	EventAccountRemoved     EventType = "account.removed"
	EventCredentialAdded    EventType = "credential.added"
	EventCredentialRenamed  EventType = "credential.renamed"
	EventCredentialRemoved  EventType = "credential.removed"
	EventSignedIn           EventType = "session.opened"
	EventSessionEnded       EventType = "session.ended"
	EventAuthenticationFail EventType = "authentication.refused"
	EventRegistrationFail   EventType = "registration.refused"
	EventInvitationCreated  EventType = "invitation.created"
	EventBackupCreated      EventType = "backup.created"
	EventBackupRestored     EventType = "backup.restored" // a new epoch began
)

// Actor says who caused an event. The text is stored and stays.
type Actor string

// The actors.
const (
	ActorPerson   Actor = "person"   // whose account it is
	ActorOperator Actor = "operator" // who runs the server
	ActorStranger Actor = "stranger" // anybody; see CountedAfter
)

// CountedAfter is how many events of one type, account, address prefix and
// minute a stranger can have written as rows of their own. Further ones raise
// the count of one more row, so that strangers cannot fill the disk.
const CountedAfter = 10

// StoredEvent is an event as it comes back from a store.
type StoredEvent struct {
	Event                    // CredentialID is nil
	No             int64     // grows with each row
	CredentialHash *[16]byte // nil: the event has no credential
	// Count is how many events the row stands for. Above 1 they came from the
	// address prefix (/24, /56) of Client.Address, which is the first of them.
	Count int64
}
