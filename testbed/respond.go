package testbed

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/hitherauth/hither/authenticator"
	"github.com/hitherauth/hither/ctap2"
	"github.com/hitherauth/hither/hybrid"
	"github.com/hitherauth/hither/internal/ble"
	"github.com/hitherauth/hither/tunnel"
)

// respond is the phone of package hybrid, by the production road: BlueZ on the bed's
// bus, TLS to the bed's tunnel service. What is wrong with it is put around its parts.
func (s *Scan) respond(ctx context.Context, cancel context.CancelCauseFunc, qr hybrid.QRCode) error {
	p := s.phone
	radio, err := ble.Open(ctx, ble.Config{BusAddress: p.bed.bus.Address(), Logger: p.bed.config.Logger})
	if err != nil {
		return err
	}
	drop := func(fault Fault) error {
		s.meet()
		s.struck(fault)
		err := fmt.Errorf("%w: %s", ErrDropped, fault)
		cancel(err)
		return err
	}
	if status, fault := s.faults.tunnelStatus(); status != 0 {
		open := p.bed.tunnels.gate.refuse(qr.Secret.TunnelID(), status, func() {
			s.meet()
			s.struck(fault)
			cancel(fmt.Errorf("%w: %s", ErrTurnedAway, fault))
		})
		defer open()
	}
	domain, service := p.bed.Tunnel()
	config := hybrid.ResponderConfig{
		Advertiser: faultyAdvertiser{Advertiser: radio, faults: s.faults, struck: s.struck, drop: drop},
		Domains:    []hybrid.Domain{domain},
		Transport: hybrid.Transport{
			Services: map[hybrid.Domain]tunnel.Service{domain: service},
			Limits:   hybrid.Limits{Arrival: p.config.Patience},
			Logger:   p.bed.config.Logger,
			Progress: func(e hybrid.Event) {
				s.progress(e)
				if _, ok := e.(hybrid.HandshakeDone); ok && s.faults.has(DropHandshake) {
					_ = drop(DropHandshake)
				}
			},
		},
	}
	software := authenticator.New(authenticator.Config{
		Store: p.store, Verifier: interviewer{s}, Backup: p.config.Backup, Counting: p.config.Counting,
		AllowUnverified: true, // as the person's answer says
	})
	faulty := faultyAuthenticator{
		Authenticator: software, store: p.store, counting: p.config.Counting, faults: s.faults, struck: s.struck, drop: drop,
	}
	err = hybrid.Respond(ctx, config, qr, secretary{faulty, s})
	if cause := context.Cause(ctx); errors.Is(cause, ErrDropped) || errors.Is(cause, ErrTurnedAway) {
		return cause
	}
	return err
}

// struck notes that a fault strikes.
func (s *Scan) struck(f Fault) { s.note("fault", f.String()) }

// progress turns what the transaction tells into events.
func (s *Scan) progress(e hybrid.Event) {
	switch e := e.(type) {
	case hybrid.Connected:
		s.note("connected", "")
	case hybrid.Advertising:
		s.note("advertising", "")
	case hybrid.HandshakeDone:
		s.meet()
		s.note("handshake_done", "")
	case hybrid.RequestReceived:
		s.note("request_received", commandName(e.Command))
	case hybrid.ReplySent:
		s.replySent()
	}
}

// commandName is that of a command byte, CTAP 2.2 §8.1.
func commandName(b byte) string {
	switch ctap2.Command(b) {
	case ctap2.CommandMakeCredential:
		return "make_credential"
	case ctap2.CommandGetAssertion:
		return "get_assertion"
	case ctap2.CommandGetInfo:
		return "get_info"
	default:
		return fmt.Sprintf("command 0x%02x", b)
	}
}

// secretary notes what an authenticator is asked and answers.
type secretary struct {
	faultyAuthenticator
	scan *Scan
}

// MakeCredential is [ctap2.Authenticator]'s.
func (a secretary) MakeCredential(
	ctx context.Context, q ctap2.MakeCredentialRequest,
) (ctap2.MakeCredentialResponse, error) {
	response, err := a.faultyAuthenticator.MakeCredential(ctx, q)
	a.scan.isPending(err)
	return response, err
}

// GetAssertion is [ctap2.Authenticator]'s.
func (a secretary) GetAssertion(
	ctx context.Context, q ctap2.GetAssertionRequest,
) (ctap2.GetAssertionResponse, error) {
	response, err := a.faultyAuthenticator.GetAssertion(ctx, q)
	if asks(q) {
		a.scan.isPending(err)
	}
	return response, err
}

// isPending notes with what a request is answered, which is on its way now.
func (s *Scan) isPending(err error) {
	answer := "ok"
	if err != nil {
		status, ok := errors.AsType[ctap2.StatusCode](err)
		if !ok {
			status = ctap2.StatusOther
		}
		answer = fmt.Sprintf("%s (0x%02x)", status, byte(status))
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.pending = answer
}

// replySent notes that the browser has an answer, if the person was to give it.
func (s *Scan) replySent() {
	s.mu.Lock()
	answer := s.pending
	s.pending = ""
	s.mu.Unlock()
	if answer == "" {
		return
	}
	s.note("reply_sent", answer)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.status.Answered.IsZero() {
		s.status.State, s.status.Answered = ScanAnswered, time.Now()
		close(s.answered)
	}
}

// interviewer asks the person of a phone, as its faults have it.
type interviewer struct{ scan *Scan }

// Verify is [authenticator.UserVerifier]'s.
func (i interviewer) Verify(ctx context.Context, q authenticator.Question) (authenticator.Answer, error) {
	s := i.scan
	s.isAsked()
	s.note("asked", q.Action.String()+" "+q.RelyingParty.ID)
	if d := s.faults.delay(); d > 0 {
		s.struck(SlowUser(d))
		select {
		case <-time.After(d):
		case <-ctx.Done():
			return authenticator.Answer{}, context.Cause(ctx)
		}
	}
	if s.faults.has(Declines) {
		s.struck(Declines)
		s.note("declined", "")
		return authenticator.Answer{}, nil
	}
	answer, err := s.phone.person.Verify(ctx, q)
	switch {
	case err != nil:
		s.note("unanswered", "")
	case answer.Consented:
		s.note("agreed", "")
	default:
		s.note("declined", "")
	}
	return answer, err
}

// isAsked notes that the person is being asked.
func (s *Scan) isAsked() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.status.State == ScanRead {
		s.status.State = ScanAsked
		close(s.asked)
	}
}
