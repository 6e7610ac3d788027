package ledger

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2" //nolint:depguard // which people do what is to be repeatable
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hitherauth/hither/internal/api"
	"github.com/hitherauth/hither/internal/load"
)

// Config describes whose books are kept.
type Config struct {
	// Client is the people's door.
	Client *api.Client
	// Operator is the operators' door.
	Operator *Operator
	// Database is the server's database file, for Audit.
	Database string
	// Seed decides who does what in which order. Which request meets which moment
	// of the server is not decided by it.
	Seed uint64
	// People is how many accounts there are at most at any time; 0 means 48.
	People int
}

// Ledger is what is known of an installation. Its methods may be used
// concurrently where they say so.
type Ledger struct {
	client   *api.Client
	stranger *load.Person
	operator *Operator
	database database
	slots    []*slot

	mu          sync.Mutex // guards what follows
	rng         *rand.Rand
	gone        []*page // of accounts that were removed
	invitations []*invitation
	invited     int // acknowledged and not yet counted in the audit rows
	uninvited   int // the same, in doubt
	findings    []Finding
	names       int
	auditedTo   int64 // number of the last audit row that was counted

	acknowledged, doubts, unanswered, refused, unsent, broken atomic.Int64
}

// slot is the place of one person at a time.
type slot struct {
	mu   sync.Mutex // held by whoever works with the person or looks at them
	page *page      // nil: nobody
}

// Kind says what is wrong with an installation.
type Kind string

// The kinds of findings.
const (
	// Lost: something acknowledged is missing.
	Lost Kind = "lost"
	// Resurrected: something spent, ended or removed is back, or something is
	// there that nobody asked for.
	Resurrected Kind = "resurrected"
	// Integrity: something is there in part, or SQLite finds the file damaged.
	Integrity Kind = "integrity error"
)

// Finding is one thing that is wrong.
type Finding struct {
	Kind   Kind      `json:"kind"`
	Person string    `json:"person,omitempty"` // name of the account
	What   string    `json:"what"`
	At     time.Time `json:"at"`
}

func (f Finding) String() string {
	if f.Person == "" {
		return fmt.Sprintf("%s: %s", f.Kind, f.What)
	}
	return fmt.Sprintf("%s: %s: %s", f.Kind, f.Person, f.What)
}

// Counts are how often things happened while people worked.
type Counts struct {
	Acknowledged int64 // changes that were answered with success
	InDoubt      int64 // changes that were asked for and had no answer, or a 5xx
	Unanswered   int64 // of those in doubt, the ones that a comparison found to be made
	Refused      int64 // changes refused as they had to be
	Unsent       int64 // requests that never left: nobody listened
	Broken       int64 // begins, which change nothing, without an answer
}

// New is a ledger without entries.
func New(c Config) *Ledger {
	if c.People == 0 {
		c.People = 48
	}
	l := &Ledger{
		client: c.Client, stranger: newStranger(c.Client), operator: c.Operator, database: database(c.Database),
		rng: rand.New(rand.NewPCG(c.Seed, 1)),
	}
	for range c.People {
		l.slots = append(l.slots, &slot{})
	}
	return l
}

// Counts are those of all of Work so far.
func (l *Ledger) Counts() Counts {
	return Counts{
		Acknowledged: l.acknowledged.Load(), InDoubt: l.doubts.Load(), Unanswered: l.unanswered.Load(), Refused: l.refused.Load(),
		Unsent: l.unsent.Load(), Broken: l.broken.Load(),
	}
}

// Findings are all that Work, Compare and Audit have found so far.
func (l *Ledger) Findings() []Finding {
	l.mu.Lock()
	defer l.mu.Unlock()
	return append([]Finding(nil), l.findings...)
}

// Find writes down what somebody else has found to be wrong.
func (l *Ledger) Find(k Kind, what string) { l.find(k, nil, "%s", what) }

// find writes down that something is wrong. p may be nil.
func (l *Ledger) find(k Kind, p *page, format string, args ...any) {
	f := Finding{Kind: k, What: fmt.Sprintf(format, args...), At: time.Now()}
	if p != nil {
		f.Person = p.name
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.findings = append(l.findings, f)
}

// intn is a number below n.
func (l *Ledger) intn(n int) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.rng.IntN(n)
}

// newName is a name that nobody had.
func (l *Ledger) newName() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.names++
	return fmt.Sprintf("person-%05d", l.names)
}

// fate is what is known of a change after its request.
type fate int

const (
	made    fate = iota // acknowledged
	denied              // refused: it was not made
	unsent              // it never left
	unknown             // it may have been made
)

// fateOf judges the error of a request. A 5xx is no answer either: a server that
// could not commit does not always know what became of it.
func fateOf(err error) fate {
	if err == nil {
		return made
	}
	if refusal, ok := errors.AsType[*api.RefusalError](err); ok {
		if refusal.Status >= http.StatusInternalServerError {
			return unknown
		}
		return denied
	}
	if call, ok := errors.AsType[*net.OpError](err); ok && call.Op == "dial" {
		return unsent
	}
	return unknown
}

// codeOf is the code of a refusal, "" for anything else.
func codeOf(err error) string {
	if refusal, ok := errors.AsType[*api.RefusalError](err); ok {
		return refusal.Code
	}
	return ""
}

// Codes of the server's problems that are proof of something.
const (
	codeSpent             = "ceremony_spent"
	codeUnauthenticated   = "unauthenticated"
	codeCredentialUnknown = "credential_unknown"
	codeFailed            = "authentication_failed"
	codeInvitation        = "invitation_invalid"
)

// Setup makes the first administrator with a setup link, before any Work. The
// audit rows that are there by then are not looked at.
func (l *Ledger) Setup(ctx context.Context) error {
	link, err := l.operator.SetupLink(ctx)
	if err != nil {
		return err
	}
	token := TokenOf(link)
	s := l.slots[0]
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := l.register(ctx, s, &invitation{token: token}); err != nil {
		return err
	}
	if s.page == nil || s.page.state != present {
		return errors.New("ledger: the first administrator could not be made")
	}
	s.page.administrator = true
	if l.auditedTo, err = l.lastEvent(ctx); err != nil {
		return err
	}
	s.page.events = map[string]int{}
	return nil
}

// TokenOf is the secret of a link, which stands in its fragment.
func TokenOf(link string) string {
	_, token, _ := strings.Cut(link, "#")
	return token
}
