package control

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/hitherauth/hither/authenticator"
	"github.com/hitherauth/hither/hybrid"
	"github.com/hitherauth/hither/internal/front"
	"github.com/hitherauth/hither/testbed"
)

const (
	maxScans      = 32 // of a phone that are remembered
	defaultWaitMS = 30_000
	maxWaitMS     = 600_000
	maxLose       = 1_000_000
	maxRepeat     = 1_000
)

// errSuperseded ends the search of a phone that was told to search again.
var errSuperseded = errors.New("the phone was asked to scan again")

// newScan has a phone scan a QR code, and waits until the scan is as far as the request
// says. A request that is over before that takes its scan with it: nobody would know
// of it.
func (s *Server) newScan(c *call, in scanRequest) (scanAnswer, error) {
	p, err := s.phone(c)
	if err != nil {
		return scanAnswer{}, err
	}
	if in.Until != "" && !slices.Contains([]string{"read", "asked", "answered"}, in.Until) {
		return scanAnswer{}, refuse(codeValueInvalid, "until is read, asked or answered")
	}
	wait := defaultWaitMS
	if in.TimeoutMS != nil {
		wait = *in.TimeoutMS
	}
	if err := between("timeout_ms", wait, 1, maxWaitMS); err != nil {
		return scanAnswer{}, err
	}
	ctx, cancel := context.WithTimeout(c, milliseconds(wait))
	defer cancel()
	scan, err := p.read(ctx, in.Text)
	if err != nil {
		return scanAnswer{}, err
	}
	switch in.Until {
	case "read":
	case "asked":
		err = scan.Asked(ctx)
	default:
		err = scan.Answered(ctx)
	}
	if err != nil && ctx.Err() != nil && scan.Status().State != testbed.ScanEnded {
		_ = scan.Close() // returns nil
		return scanAnswer{}, ctx.Err()
	}
	return scanJSON(scan), nil
}

// read reads a QR code: a text, or what is on the screen.
func (p *phone) read(ctx context.Context, text string) (*testbed.Scan, error) {
	ctx, supersede := context.WithCancelCause(ctx)
	defer supersede(nil)
	p.mu.Lock()
	if p.search != nil {
		p.search(errSuperseded)
	}
	p.search = supersede
	p.mu.Unlock()

	var scan *testbed.Scan
	var err error
	if text == "" {
		scan, err = p.ScanScreen(ctx)
	} else {
		scan, err = p.Scan(ctx, text)
	}
	switch {
	case err == nil:
		p.remember(scan)
		return scan, nil
	case errors.Is(context.Cause(ctx), errSuperseded):
		return nil, refuse(codeSuperseded, "")
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		return nil, refuse(codeNoQRCode, "")
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case errors.Is(err, testbed.ErrHungUp):
		return nil, refuse(codeNotFound, "the phone was removed")
	case text != "":
		return nil, &refusal{code: codeQRCodeInvalid, cause: err} // its text is not repeated
	default:
		return nil, err
	}
}

func (p *phone) remember(scan *testbed.Scan) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.scans) == maxScans {
		p.scans = slices.Delete(p.scans, 0, 1) // has ended: a phone scans one QR code at a time
	}
	p.scans = append(p.scans, scan)
}

// scan is the one that a request is about.
func (s *Server) scan(c *call) (*testbed.Scan, error) {
	p, err := s.phone(c)
	if err != nil {
		return nil, err
	}
	id := c.path("scan")
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, scan := range p.scans {
		if scan.ID() == id {
			return scan, nil
		}
	}
	return nil, refuse(codeNotFound, "there is no such scan of this phone, or not any more")
}

func (s *Server) readScan(c *call, _ empty) (scanAnswer, error) {
	scan, err := s.scan(c)
	if err != nil {
		return scanAnswer{}, err
	}
	return scanJSON(scan), nil
}

func (s *Server) hangUp(c *call, _ empty) (empty, error) {
	scan, err := s.scan(c)
	if err != nil {
		return empty{}, err
	}
	return empty{}, scan.Close()
}

func scanJSON(scan *testbed.Scan) scanAnswer {
	status := scan.Status()
	out := scanAnswer{ID: scan.ID(), State: string(status.State), StartedAt: status.Started.UTC(), ReadAt: status.Read.UTC()}
	if !status.Answered.IsZero() {
		at := status.Answered.UTC()
		out.AnsweredAt = &at
	}
	if status.State == testbed.ScanEnded && status.Err == nil && status.Answered.IsZero() {
		status.Err = testbed.ErrUnanswered
	}
	if status.Err != nil {
		out.Error = &scanError{Code: fateOf(status.Err), Detail: status.Err.Error()}
	}
	return out
}

// fate is what a scan has ended with: what programs act on.
type fate string

const (
	fateDropped    fate = "dropped"     // the phone, by a fault
	fateTurnedAway fate = "turned_away" // the browser, by a fault
	fateHungUp     fate = "hung_up"     // the phone, by whoever has its API
	fateNobodyCame fate = "nobody_came"
	fateUnanswered fate = "unanswered" // the browser hung up
	fateLost       fate = "connection_lost"
	fateFailed     fate = "failed"
)

// Schema describes a fate by all the values it can have.
func (fate) Schema(huma.Registry) *huma.Schema {
	s := front.Enum([]fate{fateDropped, fateTurnedAway, fateHungUp, fateNobodyCame, fateUnanswered, fateLost, fateFailed})
	s.Description = "What programs act on."
	return s
}

func fateOf(err error) fate {
	_, road := errors.AsType[*hybrid.Error](err)
	switch {
	case errors.Is(err, testbed.ErrDropped):
		return fateDropped
	case errors.Is(err, testbed.ErrTurnedAway):
		return fateTurnedAway
	case errors.Is(err, testbed.ErrHungUp), errors.Is(err, testbed.ErrClosed), errors.Is(err, context.Canceled):
		return fateHungUp
	case errors.Is(err, testbed.ErrNobody):
		return fateNobodyCame
	case errors.Is(err, testbed.ErrUnanswered):
		return fateUnanswered
	case road:
		return fateLost
	default:
		return fateFailed
	}
}

// readQuestion waits for what a phone asks whose person is asked here.
func (s *Server) readQuestion(c *call, _ empty) (questionAnswer, error) {
	p, err := s.phone(c)
	if err != nil {
		return questionAnswer{}, err
	}
	q, err := p.question(c, milliseconds(c.query["wait_ms"]))
	if err != nil {
		return questionAnswer{}, err
	}
	out := questionAnswer{Action: q.Action.String(), RPID: q.RelyingParty.ID, RPName: q.RelyingParty.Name, Accounts: []accountAnswer{}}
	for _, a := range q.Accounts {
		out.Accounts = append(out.Accounts, accountAnswer{Name: a.Name, DisplayName: a.DisplayName})
	}
	return out, nil
}

func (p *phone) question(ctx context.Context, wait time.Duration) (authenticator.Question, error) {
	waiting, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	q, err := p.Question(waiting)
	switch {
	case err == nil:
		return q, nil
	case ctx.Err() != nil:
		return q, ctx.Err()
	case errors.Is(err, testbed.ErrHungUp):
		return q, refuse(codeNotFound, "the phone was removed")
	default:
		return q, refuse(codeNoQuestion, "")
	}
}

func (s *Server) answerQuestion(c *call, in answerRequest) (empty, error) {
	p, err := s.phone(c)
	if err != nil {
		return empty{}, err
	}
	if in.Agree == nil {
		return empty{}, refuse(codeValueInvalid, "agree is true or false, and cannot be left out")
	}
	q, err := p.question(c, 0)
	if err != nil {
		return empty{}, err
	}
	agree := *in.Agree
	if agree {
		if err := between("account", in.Account, 0, max(0, len(q.Accounts)-1)); err != nil {
			return empty{}, err
		}
	}
	verified := in.Verified == nil || *in.Verified
	err = p.Answer(authenticator.Answer{Consented: agree, Verified: agree && verified, Account: in.Account})
	if errors.Is(err, testbed.ErrNoQuestion) {
		return empty{}, refuse(codeNoQuestion, "")
	}
	return empty{}, err
}
