package ledger

import (
	"slices"
	"time"

	"github.com/hitherauth/hither/internal/api"
	"github.com/hitherauth/hither/internal/load"
)

// page is what the ledger knows of one person. It belongs to whoever holds its
// slot.
type page struct {
	name          string
	id            string // of the account; "" while it is not known
	administrator bool
	state         state
	passkeys      []*passkey
	sessions      []*session
	answers       []*answer
	doubt         *doubt // nil: everything here is certain
	// adopt is the passkey of a session that is known to be open and has not been
	// seen yet: its token was in an answer that did not come.
	adopt   *passkey
	events  map[string]int // audit rows that must have come since the last count, by type
	changed bool           // since the last comparison
}

// state of an account.
type state int

const (
	absent state = iota
	present
	removed
)

// passkey is one credential, in an authenticator that holds nothing else.
type passkey struct {
	holder  *load.Person
	id      string
	name    string // "": the server's, not seen yet
	removed bool
	changed bool
}

// session of a person. The token of one that was adopted is not known.
type session struct {
	id, token string
	passkey   *passkey
	opened    time.Time
	ended     bool
	changed   bool
}

// answer is one that was handed in, kept for handing it in again.
type answer struct {
	*load.Answer
	what    string
	at      time.Time
	passkey *passkey
	session *session // whose ceremony it is, of an added passkey; else nil
	// registers is set for an answer that makes an account.
	registers bool
	// refusal is the code with which it must be refused; "": it must succeed.
	refusal string
	// made writes down what it did; of a zero result, what it did unseen.
	made func(r api.Result)
	seen bool // tried again, by an earlier comparison
}

// lifetime is how long an answer can be handed in, with a margin: five minutes
// after begin it is refused as too late, which proves nothing.
const lifetime = 4 * time.Minute

// freshness is how young a session must be for what needs a fresh one, with a
// margin.
const freshness = 3 * time.Minute

// invitation that was acknowledged.
type invitation struct {
	token   string
	used    bool
	taken   bool // by somebody who is registering
	changed bool
}

func (p *page) expect(event string) {
	p.events[event]++
	p.changed = true
}

// open writes down a session that was opened.
func (p *page) open(s api.Session, k *passkey) {
	p.sessions = append(p.sessions, &session{id: s.ID, token: s.Token, passkey: k, opened: time.Now(), changed: true})
}

// end writes down that a session has ended.
func (p *page) end(s *session) {
	s.ended, s.changed = true, true
}

// drop writes down that a passkey was removed, and its sessions with it.
func (p *page) drop(k *passkey) {
	k.removed, k.changed = true, true
	for _, s := range p.liveSessions() {
		if s.passkey == k {
			p.end(s)
		}
	}
}

// close writes down that the account was removed.
func (p *page) close() {
	p.state = removed
	for _, k := range p.livePasskeys() {
		p.drop(k)
	}
}

// keep keeps an answer that was spent, and forgets those that are too old.
func (p *page) keep(a *answer) {
	p.answers = slices.DeleteFunc(p.answers, func(a *answer) bool { return time.Since(a.at) > lifetime })
	p.answers = append(p.answers, a)
}

func (p *page) livePasskeys() []*passkey {
	return slices.DeleteFunc(slices.Clone(p.passkeys), func(k *passkey) bool { return k.removed })
}

func (p *page) liveSessions() []*session {
	return slices.DeleteFunc(slices.Clone(p.sessions), func(s *session) bool { return s.ended })
}

// usable is a live session whose token is known, the youngest; nil if there is
// none.
func (p *page) usable() *session {
	for _, s := range slices.Backward(p.sessions) {
		if !s.ended && s.token != "" {
			return s
		}
	}
	return nil
}

// doubt is a change whose answer did not come. settle finds out whether it was
// made, writes that down, and finds what is neither whole nor nothing.
type doubt struct {
	what   string
	settle settling
}
