package testbed

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/hitherauth/hither/hybrid"
	"github.com/hitherauth/hither/tunnel"
)

// Scan is a QR code that a phone has read, and what comes of it.
type Scan struct {
	phone  *Phone
	id     string
	faults flaws
	hangUp context.CancelCauseFunc

	asked    chan struct{} // closed when the person was first asked
	answered chan struct{} // closed when a request has its reply
	ended    chan struct{} // closed when nothing is left
	met      chan struct{} // closed when a browser has come for the QR code

	mu      sync.Mutex
	status  ScanStatus
	left    bool   // the QR code is left for a newer one
	pending string // how the request that is being answered ended; "": there is none
}

// ScanState is how far a scan is.
type ScanState string

// The states, each of which comes after the one before.
const (
	ScanRead     ScanState = "read"     // the phone has the QR code and waits for the browser
	ScanAsked    ScanState = "asked"    // its person has been asked
	ScanAnswered ScanState = "answered" // the browser has an answer
	ScanEnded    ScanState = "ended"
)

// ScanStatus is how far a scan is.
type ScanStatus struct {
	State ScanState
	// Err is why it ended; nil: in good order, or it has not ended.
	Err error
	// Started is when the phone began to look, Read when it had the QR code, Answered
	// when the browser had its answer; zero: not yet.
	Started, Read, Answered time.Time
}

// ScanScreen waits until a QR code is on the screen that no phone of this bed has
// taken, and takes it. A scan of this phone that goes on is hung up first. ctx bounds
// the search alone; the scan lives as long as the phone.
//
// Until a browser has come, the phone keeps looking: when another QR code is on the
// screen, the one that it has was that of a request which is over, and it takes the
// new one. A code for which nobody came can be taken again once the scan has ended.
//
// The error is [ErrNoQRCode] and why the search ended, or that of the screen.
func (p *Phone) ScanScreen(ctx context.Context) (*Scan, error) {
	p.hangUp()
	started := time.Now()
	text, qr, err := p.search(ctx)
	if err != nil {
		return nil, fmt.Errorf("testbed: %s: %w", p.id, err)
	}
	s, err := p.begin(started, text, qr, true)
	if err != nil {
		p.bed.phones.giveBack(text)
	}
	return s, err
}

// Scan reads a QR code that is given as its text, "FIDO:/…". A scan of this phone
// that goes on is hung up first. The scan lives as long as the phone. The error is
// that the text is none of a QR code for phones, or that the phone is closed.
func (p *Phone) Scan(ctx context.Context, text string) (*Scan, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	qr, err := hybrid.ParseQRCode(text)
	if err != nil {
		return nil, fmt.Errorf("testbed: %s: %w", p.id, err)
	}
	p.hangUp()
	p.bed.phones.take(text)
	return p.begin(time.Now(), text, qr, false)
}

// begin begins a scan. Looking: it goes on looking at the screen.
func (p *Phone) begin(started time.Time, text string, qr hybrid.QRCode, looking bool) (*Scan, error) {
	ctx, hangUp := context.WithCancelCause(p.ctx)
	s := &Scan{
		phone: p, id: p.bed.phones.newScan(), hangUp: hangUp,
		asked: make(chan struct{}), answered: make(chan struct{}), ended: make(chan struct{}), met: make(chan struct{}),
		status: ScanStatus{State: ScanRead, Started: started, Read: time.Now()},
	}
	p.mu.Lock()
	before := p.current
	p.current, s.faults = s, p.faults
	p.mu.Unlock()
	err := p.bed.begin(func() {
		if before != nil {
			_ = before.Close()
		}
		s.run(ctx, text, qr, looking)
	})
	if err != nil {
		hangUp(err)
		close(s.ended)
		return nil, fmt.Errorf("testbed: %s: %w", p.id, err)
	}
	return s, nil
}

// ID is what events call the scan, such as "scan-1".
func (s *Scan) ID() string { return s.id }

// Status is how far it is.
func (s *Scan) Status() ScanStatus {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.status
}

// Asked waits until the person has been asked, or the browser has an answer without
// that. The error says why neither will be, or that ctx is done.
func (s *Scan) Asked(ctx context.Context) error { return s.wait(ctx, s.asked) }

// Answered waits until the browser has an answer, whichever it is: a refusal is one.
// The error says why there will be none: [ErrDropped], [ErrTurnedAway], [ErrHungUp],
// [ErrNobody], [ErrUnanswered], a [*hybrid.Error]; or that ctx is done.
func (s *Scan) Answered(ctx context.Context) error { return s.wait(ctx, s.answered) }

// wait waits for one of the two.
func (s *Scan) wait(ctx context.Context, far <-chan struct{}) error {
	select {
	case <-far:
		return nil
	case <-s.answered:
		return nil
	case <-s.ended:
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	status := s.Status()
	switch {
	case !status.Answered.IsZero():
		return nil
	case status.Err != nil:
		return status.Err
	default:
		return s.wrap(ErrUnanswered)
	}
}

// Ended waits until the scan has ended and nothing is left of it. The error is that
// of [ScanStatus], or that ctx is done.
func (s *Scan) Ended(ctx context.Context) error {
	select {
	case <-s.ended:
		return s.Status().Err
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// Close hangs up, and returns when nothing is left of the scan. It may be called
// twice, and returns nil.
func (s *Scan) Close() error {
	s.hangUp(ErrHungUp)
	<-s.ended
	return nil
}

func (s *Scan) wrap(err error) error {
	return fmt.Errorf("testbed: %s: %s: %w", s.phone.id, s.id, err)
}

// note makes an event.
func (s *Scan) note(kind, detail string) {
	s.phone.bed.diary.note(Event{Phone: s.phone.id, Scan: s.id, Kind: kind, Detail: detail})
}

// run is a scan from the QR code to the end.
func (s *Scan) run(ctx context.Context, text string, qr hybrid.QRCode, looking bool) {
	defer close(s.ended)
	defer s.hangUp(nil)
	var err error
	for text != "" {
		s.note("qr_read", "")
		seen := text
		if text, err = s.try(ctx, text, qr, looking); text != "" {
			qr, err = hybrid.ParseQRCode(text) // it was read before
			continue
		}
		if !s.spent() {
			s.phone.bed.phones.giveBack(seen)
		}
	}
	s.end(s.judge(ctx, err))
}

// try answers who made one QR code. The text is that of a newer one for which it was
// left.
func (s *Scan) try(ctx context.Context, text string, qr hybrid.QRCode, looking bool) (newer string, err error) {
	ctx, cancel := context.WithCancelCause(ctx)
	var watch sync.WaitGroup
	if looking {
		watch.Go(func() {
			newer = s.phone.newer(ctx, s.met, text)
			switch {
			case newer == "":
			case s.leave():
				cancel(errors.New("there is a newer QR code"))
			default:
				s.phone.bed.phones.giveBack(newer)
				newer = ""
			}
		})
	}
	err = s.respond(ctx, cancel, qr)
	cancel(nil)
	watch.Wait()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.left = false
	return newer, err
}

// meet notes that a browser has come for the QR code, which nobody can use again. One
// that comes for a code that was left is not met.
func (s *Scan) meet() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.left && !s.spent() {
		close(s.met)
	}
}

// leave leaves the QR code for a newer one, unless a browser has come for it.
func (s *Scan) leave() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.left = !s.spent()
	return s.left
}

// spent says whether a browser has come for the QR code.
func (s *Scan) spent() bool {
	select {
	case <-s.met:
		return true
	default:
		return false
	}
}

// judge is the error of a scan whose last transaction ended with err.
func (s *Scan) judge(ctx context.Context, err error) error {
	switch cause := context.Cause(ctx); {
	case err == nil:
		return nil
	case errors.Is(err, ErrDropped), errors.Is(err, ErrTurnedAway):
		return s.wrap(err)
	case cause != nil:
		return s.wrap(cause)
	case !s.spent() && errors.Is(err, hybrid.ErrSilent):
		return s.wrap(ErrNobody)
	case s.spent() && vanished(err) && s.Status().Answered.IsZero():
		return s.wrap(fmt.Errorf("%w: %w", ErrUnanswered, err))
	default:
		return s.wrap(err)
	}
}

// vanished says whether a transaction ended because the browser is gone, without a
// goodbye: a cancelled request can look like that.
func vanished(err error) bool {
	_, ok := errors.AsType[*tunnel.CloseError](err)
	return ok
}

// end notes that it is over.
func (s *Scan) end(err error) {
	detail := ""
	if err != nil {
		detail = err.Error()
	}
	s.note("closed", detail)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.status.State, s.status.Err = ScanEnded, err
}
