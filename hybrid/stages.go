package hybrid

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/hitherauth/hither/tunnel"
)

// A client platform comes to a connection in four stages. Each has an input, an
// output and one function. What is different in a QR-initiated and in a
// state-assisted transaction is how the inputs are made, and nothing else:
//
//	proximity       an advert is heard             EID
//	connection      a tunnel is reached            data channel
//	handshake       both ends have proved          sealed channel
//	post-handshake  the phone says what it can     what it can

// proximityInput is what stage 1 needs.
type proximityInput struct {
	scanner Scanner
	key     EIDKey
	limit   time.Duration
	ready   func() error // called once the radio listens
}

// proximityOutput is what stage 1 proves: the phone that holds the secret is near.
type proximityOutput struct{ eid EID }

// qrProximity: whoever has read the QR code advertises. It is shown when the radio listens.
func qrProximity(r *road, scanner Scanner, qr QRCode, show func(string) error) proximityInput {
	return proximityInput{
		scanner: scanner, key: qr.Secret.EIDKey(), limit: r.limits.Proximity,
		ready: func() error { return show(qr.Text()) },
	}
}

// linkedProximity: the phone of the link advertises, for this transaction's nonce.
func linkedProximity(r *road, scanner Scanner, link Link, nonce ClientNonce) proximityInput {
	return proximityInput{
		scanner: scanner, key: link.Secret.EIDKey(nonce), limit: r.limits.Wake,
		ready: func() error { return nil },
	}
}

// proximity listens until an advert opens with the key. The first one wins, and
// the rest, repeats of what did not open included, are ignored: each is tried
// when it is heard, so none needs to be kept.
func (r *road) proximity(ctx context.Context, in proximityInput) (out proximityOutput, err error) {
	defer func() { err = failed(StageProximity, err) }()
	began := time.Now()
	ctx, explain, stop := limited(ctx, in.limit, ErrNoAdvert)
	defer stop()

	found := make(chan EID, 1)
	wait, err := in.scanner.Scan(ctx, func(serviceData []byte) {
		eid, ok := in.key.Open(serviceData)
		if !ok {
			return
		}
		select {
		case found <- eid:
		default:
		}
	})
	if err != nil {
		return proximityOutput{}, explain(fmt.Errorf("the radio does not listen: %w", err))
	}
	var lost error
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		lost = wait()
	}()
	defer func() {
		stop()
		<-ended
	}()

	r.progress.report(Scanning{})
	if err := in.ready(); err != nil {
		return proximityOutput{}, fmt.Errorf("the QR code is not shown: %w", err)
	}
	select {
	case eid := <-found:
		r.passed(ctx, StageProximity, began)
		return proximityOutput{eid}, nil
	case <-ended:
		if lost == nil {
			lost = errors.New("it gave no reason")
		}
		return proximityOutput{}, explain(fmt.Errorf("the radio stopped listening: %w", lost))
	}
}

// connectionInput is what stage 2 needs.
type connectionInput struct {
	service tunnel.Service
	limit   time.Duration
	dial    func(context.Context) (DataChannel, error)
}

// connectionOutput is what stage 2 has reached: a tunnel, and nobody known at its other end.
type connectionOutput struct{ channel DataChannel }

// qrConnection: the advert says which tunnel service to ask for which tunnel.
func qrConnection(r *road, qr QRCode, near proximityOutput) (connectionInput, error) {
	service, err := r.service(near.eid.Domain())
	if err != nil {
		return connectionInput{}, failed(StageConnection, err)
	}
	return connectionInput{service: service, limit: r.limits.Dial, dial: func(ctx context.Context) (DataChannel, error) {
		return channelOf(r.dialer.Connect(ctx, service, near.eid.RoutingID(), qr.Secret.TunnelID()))
	}}, nil
}

// linkedConnection: the tunnel service of the link is asked to wake its phone. The
// advert has no part in it, and may be heard first.
func linkedConnection(r *road, link Link, nonce ClientNonce, hint Hint) (connectionInput, error) {
	service, err := r.service(link.Domain)
	if err != nil {
		return connectionInput{}, failed(StageConnection, err)
	}
	payload, err := clientPayload{linkID: link.ID, nonce: nonce, hint: hint}.append(nil)
	if err != nil {
		return connectionInput{}, failed(StageConnection, err)
	}
	return connectionInput{service: service, limit: r.limits.Dial, dial: func(ctx context.Context) (DataChannel, error) {
		return channelOf(r.dialer.Contact(ctx, service, link.ContactID, payload))
	}}, nil
}

// channelOf keeps a nil channel from becoming an interface that is not nil.
func channelOf(c *tunnel.Channel, err error) (DataChannel, error) {
	if err != nil {
		return nil, err
	}
	return c, nil
}

// connection reaches the tunnel service.
func (r *road) connection(ctx context.Context, in connectionInput) (out connectionOutput, err error) {
	defer func() { err = failed(StageConnection, err) }()
	began := time.Now()
	ctx, explain, stop := limited(ctx, in.limit, ErrSilent)
	defer stop()
	channel, err := in.dial(ctx)
	if err != nil {
		return connectionOutput{}, explain(err)
	}
	r.progress.report(Connected{in.service})
	r.passed(ctx, StageConnection, began)
	return connectionOutput{channel}, nil
}
