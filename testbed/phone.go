package testbed

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/hitherauth/hither/authenticator"
	"github.com/hitherauth/hither/webauthn"
)

// PhoneConfig describes a phone. The zero value is one that makes passkeys which
// stay on it, and whose person agrees to everything.
type PhoneConfig struct {
	// Name is for people. "": the phone's ID.
	Name string
	// Backup is of the passkeys that it makes. Zero: they are bound to the phone.
	Backup authenticator.Backup
	// Counting raises the signature counter of a passkey with each use, from 1 on.
	// Zero: it stays 0, as it does on most phones.
	Counting bool
	// Verifier is the person while the phone's [Manner] is Agree. Nil: who agrees at
	// once, is verified, and takes the newest account.
	Verifier authenticator.UserVerifier
	// Patience is how long the phone advertises and waits for a browser. Zero: 1 minute.
	Patience time.Duration
}

// Phone is a phone in software: passkeys, and a person who holds it. It scans one QR
// code at a time. It may be used by several goroutines.
type Phone struct {
	bed    *Bed
	config PhoneConfig
	id     string
	store  *authenticator.MemoryStore
	person *person

	ctx   context.Context // done when the phone is closed, or its bed
	close context.CancelCauseFunc

	mu      sync.Mutex
	faults  flaws
	current *Scan // the last one; nil: there was none
}

// NewPhone makes a phone. It lives as long as the bed, or until it is closed.
func (b *Bed) NewPhone(config PhoneConfig) (*Phone, error) {
	if err := context.Cause(b.ctx); err != nil {
		return nil, err
	}
	p := &Phone{bed: b, config: config, id: b.phones.newPhone(), store: &authenticator.MemoryStore{}}
	if p.config.Name == "" {
		p.config.Name = p.id
	}
	p.person = newPerson(config.Verifier)
	p.ctx, p.close = context.WithCancelCause(b.ctx)
	b.diary.note(Event{Phone: p.id, Kind: "phone_made", Detail: p.config.Name})
	return p, nil
}

// ID is what events call the phone, such as "phone-1".
func (p *Phone) ID() string { return p.id }

// Name is the name in its configuration.
func (p *Phone) Name() string { return p.config.Name }

// Close hangs up and ends whatever waits for the phone. Its passkeys are gone with
// it. It may be called twice, and returns nil.
func (p *Phone) Close() error {
	p.close(fmt.Errorf("testbed: %s: %w", p.id, ErrHungUp))
	p.hangUp()
	return nil
}

// hangUp ends the scan that goes on, if there is one.
func (p *Phone) hangUp() {
	p.mu.Lock()
	s := p.current
	p.mu.Unlock()
	if s != nil {
		_ = s.Close()
	}
}

// SetFaults replaces what goes wrong with the phone, for scans that begin after it.
// Without an argument nothing does. Of faults that exclude each other the first is
// taken. The error names a text that is no fault, or one that this phone cannot
// have; then nothing is changed.
func (p *Phone) SetFaults(faults ...Fault) error {
	read, err := parseFlaws(faults, p.config.Counting)
	if err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.faults = read
	return nil
}

// Faults are what goes wrong with the phone.
func (p *Phone) Faults() []Fault {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.faults)
}

// SetManner says what the person does from the next question on. The error is that
// there is no such manner.
func (p *Phone) SetManner(m Manner) error { return p.person.setManner(m) }

// Manner is what the person does when they are asked.
func (p *Phone) Manner() Manner { return p.person.mannered() }

// Question waits until the phone asks its person, which takes a phone whose manner
// is Ask. The question stays until it is answered, or until nobody waits for the
// answer any more. The error says that ctx is done, or the phone closed.
func (p *Phone) Question(ctx context.Context) (authenticator.Question, error) {
	ctx, stop := p.within(ctx)
	defer stop()
	q, err := p.person.question(ctx)
	if err != nil {
		return authenticator.Question{}, fmt.Errorf("testbed: %s: waiting for a question: %w", p.id, err)
	}
	return q, nil
}

// Answer answers the question that the phone asks. Without one, the error is
// [ErrNoQuestion].
func (p *Phone) Answer(a authenticator.Answer) error {
	if err := p.person.reply(a); err != nil {
		return fmt.Errorf("testbed: %s: %w", p.id, err)
	}
	return nil
}

// within is ctx, done also when the phone is closed.
func (p *Phone) within(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(ctx)
	stop := context.AfterFunc(p.ctx, func() { cancel(context.Cause(p.ctx)) })
	return ctx, func() {
		stop()
		cancel(nil)
	}
}

// Passkey is a passkey on a phone, as its list of passkeys shows it.
type Passkey struct {
	ID          webauthn.Bytes
	RPID        string
	UserName    string
	DisplayName string // of the user
	Created     time.Time
}

// Passkeys are those on the phone, the newest first.
func (p *Phone) Passkeys() []Passkey {
	all, _ := p.store.All(p.ctx) // memory has no errors
	passkeys := make([]Passkey, len(all))
	for i, c := range all {
		passkeys[i] = Passkey{ID: c.ID, RPID: c.RP.ID, UserName: c.User.Name, DisplayName: c.User.DisplayName, Created: c.Created}
	}
	return passkeys
}

// Forget removes a passkey from the phone. The error is [authenticator.ErrNoCredential]
// if it is not there.
func (p *Phone) Forget(id []byte) error { return p.store.Remove(p.ctx, id) }
