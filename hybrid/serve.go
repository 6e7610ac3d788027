package hybrid

import (
	"context"
	"crypto/ecdh"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/hitherauth/hither/ctap2"
)

// refusedJSON is the reply to a request in JSON that a phone cannot answer.
const refusedJSON = `{"response":{"digital":{"error":"DEVICE_ABORTED"}}}`

// service is a phone after the handshake. Its fields belong to the goroutine of
// serve.
type service struct {
	road          *road
	config        ResponderConfig
	sealed        *sealedChannel
	authenticator cached
	clientKey     *ecdh.PublicKey // of the QR code, if it may be linked to
	offer         linkOffer

	work    sync.WaitGroup
	arrived chan arrival      // what the client platform says
	replies chan frame        // what was answered to its request
	agreed  chan *linkingInfo // what the user has decided; nil: not to link

	answer context.CancelFunc // ends what is answering; nil: nothing is
	late   <-chan time.Time   // not nil once the client platform is done: when it stops waiting for the update
}

// arrival is a frame, or why there will be none.
type arrival struct {
	frame frame
	err   error
}

func newService(r *road, cfg ResponderConfig, sealed *sealedChannel, a cached) *service {
	return &service{
		road: r, config: cfg, sealed: sealed, authenticator: a,
		arrived: make(chan arrival), replies: make(chan frame, 1), agreed: make(chan *linkingInfo, 1),
	}
}

// run serves until the client platform is done. When it returns, the authenticator
// has no request.
func (s *service) run(ctx context.Context, in offerInput) (err error) {
	began := time.Now()
	ctx, explain, stop := limited(ctx, s.road.limits.Session, ErrSilent)
	defer func() {
		stop()
		s.work.Wait()
	}()
	if err := s.introduce(ctx); err != nil {
		return failed(StagePostHandshake, explain(early(err)))
	}
	if err := s.beginLinking(ctx, in); err != nil {
		return failed(StageLinking, explain(early(err)))
	}
	// It always reads: it must see when the other end goes, while the user decides.
	s.work.Go(func() { s.read(ctx) })
	switch err := s.serve(ctx); {
	case errors.Is(err, io.EOF):
		s.road.passed(ctx, StageRequest, began)
		return nil
	default:
		return failed(StageRequest, explain(err))
	}
}

// introduce says what this phone can do, before it is asked.
func (s *service) introduce(ctx context.Context) error {
	info, err := s.authenticator.info.Append(nil)
	if err != nil {
		return err
	}
	said := postHandshake{info: info, features: []string{FeatureCTAP}}
	if s.config.JSON != nil {
		said.features = append(said.features, FeatureDigitalCredentials)
	}
	plaintext, err := said.append(nil)
	if err != nil {
		return err
	}
	return s.sealed.send(ctx, plaintext)
}

func (s *service) read(ctx context.Context) {
	for {
		var a arrival
		plaintext, err := s.sealed.receive(ctx)
		if err == nil {
			if a.frame, err = parseFrame(plaintext); err != nil {
				err = fmt.Errorf("%w: %w", ErrProtocol, err)
			}
		}
		a.err = err
		select {
		case s.arrived <- a:
		case <-ctx.Done():
			return
		}
		if err != nil {
			return
		}
	}
}

// serve returns io.EOF when the client platform is done, or gone in good order.
func (s *service) serve(ctx context.Context) error {
	for s.late == nil || s.offer != linkSettled {
		var err error
		select {
		case a := <-s.arrived:
			if err = a.err; err == nil {
				err = s.take(ctx, a.frame)
			}
		case reply := <-s.replies:
			err = s.reply(ctx, reply)
		case info := <-s.agreed:
			err = s.sendUpdate(ctx, info)
		case <-s.late:
			return io.EOF
		case <-ctx.Done():
			err = ctx.Err()
		}
		if err != nil {
			return err
		}
	}
	return io.EOF
}

// take judges a frame of the client platform.
func (s *service) take(ctx context.Context, f frame) error {
	switch {
	case s.late != nil:
		return nil // it has said that it was done
	case f.kind == frameShutdown:
		return s.leave(ctx)
	case f.kind == frameUpdate:
		// None is defined in this direction; one that comes is read and ignored.
		if _, err := parseUpdate(f.payload); err != nil {
			return fmt.Errorf("%w: %w", ErrProtocol, err)
		}
		return nil
	case s.answer != nil:
		return fmt.Errorf("%w: a request while another is being answered", ErrProtocol)
	}
	s.begin(ctx, f)
	return nil
}

// begin has a request answered. Its context ends when the client platform does,
// which is how a request is cancelled.
func (s *service) begin(ctx context.Context, f frame) {
	ctx, s.answer = context.WithCancel(ctx)
	var command byte
	if f.kind == frameCTAP && len(f.payload) > 0 {
		command = f.payload[0]
	}
	s.road.progress.report(RequestReceived{command})
	s.work.Go(func() {
		if f.kind == frameJSON {
			f.payload = s.answerJSON(ctx, f.payload)
		} else {
			f.payload = ctap2.Handle(ctx, s.authenticator, f.payload)
		}
		s.replies <- f // has room: there is one request at a time
	})
}

func (s *service) answerJSON(ctx context.Context, request []byte) []byte {
	if s.config.JSON == nil {
		return []byte(refusedJSON)
	}
	reply, err := s.config.JSON(ctx, request)
	if err != nil {
		return []byte(refusedJSON)
	}
	return reply
}

// reply sends what was answered. A user who declines is an answer as any other.
func (s *service) reply(ctx context.Context, f frame) error {
	s.answer()
	s.answer = nil
	if s.late != nil {
		return nil // nobody waits for it
	}
	if err := s.sealed.send(ctx, f.append(nil)); err != nil {
		return err
	}
	s.road.progress.report(ReplySent{})
	s.ask(ctx)
	return nil
}

// leave ends the request that is being answered, and lets the user finish deciding
// whether to link: the client platform goes on reading for as long as Limits.Linger.
func (s *service) leave(ctx context.Context) error {
	s.late = time.After(s.road.limits.Linger)
	if s.answer != nil {
		s.answer()
	}
	if s.offer == linkOpen {
		return s.sendUpdate(ctx, nil)
	}
	return nil
}
