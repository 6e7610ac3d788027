package hybrid

import (
	"context"
	"crypto/ecdh"
	"errors"

	"golang.org/x/sync/errgroup"

	"github.com/hitherauth/hither/tunnel"
)

// Initiate has a QR code shown and waits for the phone that reads it and is near:
// a QR-initiated transaction, CTAP 2.2 §11.5. It returns when the phone has said
// what it can do, and nobody has asked its user anything yet. ctx bounds this
// function; the connection ends with its own methods.
//
// The error is an [*Error]. Without an advert there is no connection: whatever
// else somebody knows of the tunnel opens nothing.
func Initiate(ctx context.Context, cfg Config) (*Conn, error) {
	r := cfg.road()
	if cfg.Scanner == nil || cfg.Show == nil {
		return nil, failed(StageProximity, errors.New("the configuration has no Scanner, or no Show"))
	}
	identity, qr, err := newQRCode(r, cfg)
	if err != nil {
		return nil, failed(StageProximity, err)
	}
	near, err := r.proximity(ctx, qrProximity(r, cfg.Scanner, qr, cfg.Show))
	if err != nil {
		return nil, err
	}
	domain := near.eid.Domain()
	r.progress.report(AdvertMatched{domain})
	in, err := qrConnection(r, qr, near)
	if err != nil {
		return nil, err
	}
	reached, err := r.connection(ctx, in)
	if err != nil {
		return nil, err
	}
	var l *linker
	if cfg.Links != nil {
		l = &linker{links: cfg.Links, identity: identity, domain: domain}
	}
	return r.meet(ctx, qrHandshake(qr, identity, near, reached), l)
}

// InitiateLinked wakes a phone that this client platform remembers and waits until
// it is near: a state-assisted transaction. Otherwise it is as [Initiate].
//
// With [ErrLinkGone] the link is good for nothing any more, and has been removed
// from cfg.Links.
func InitiateLinked(ctx context.Context, cfg Config, link Link) (*Conn, error) {
	r := cfg.road()
	if cfg.Scanner == nil {
		return nil, failed(StageProximity, errors.New("the configuration has no Scanner"))
	}
	if err := link.validate(); err != nil {
		return nil, failed(StageConnection, err)
	}
	var nonce ClientNonce
	if err := fill(r.rand, nonce[:]); err != nil {
		return nil, failed(StageConnection, err)
	}
	in, err := linkedConnection(r, link, nonce, cfg.Hint)
	if err != nil {
		return nil, err
	}
	near, reached, err := r.wake(ctx, linkedProximity(r, cfg.Scanner, link, nonce), in)
	if errors.Is(err, tunnel.ErrGone) {
		return nil, failed(StageConnection, errors.Join(ErrLinkGone, forget(ctx, cfg.Links, link)))
	}
	if err != nil {
		return nil, err
	}
	r.progress.report(AdvertMatched{})
	return r.meet(ctx, linkedHandshake(link, near, reached), nil)
}

// forget removes a link by which its phone can never be reached again.
func forget(ctx context.Context, links *Links, link Link) error {
	if links == nil {
		return nil
	}
	return links.removeSame(ctx, link)
}

// wake goes through stages 1 and 2 at the same time: the advert can be heard before
// the tunnel service has answered. The radio listens before the phone is woken.
func (r *road) wake(ctx context.Context, listen proximityInput, contact connectionInput) (near proximityOutput, reached connectionOutput, err error) {
	both, ctx := errgroup.WithContext(ctx)
	listening := make(chan struct{})
	listen.ready = func() error {
		close(listening)
		return nil
	}
	both.Go(func() (err error) {
		near, err = r.proximity(ctx, listen)
		return err
	})
	both.Go(func() (err error) {
		select {
		case <-listening:
		case <-ctx.Done():
			return failed(StageConnection, context.Cause(ctx))
		}
		reached, err = r.connection(ctx, contact)
		return err
	})
	if err := both.Wait(); err != nil {
		if reached.channel != nil {
			_ = reached.channel.Close()
		}
		return proximityOutput{}, connectionOutput{}, err
	}
	return near, reached, nil
}

// meet goes through stages 3 and 4. It closes the channel if they fail.
func (r *road) meet(ctx context.Context, in handshakeInput, l *linker) (conn *Conn, err error) {
	defer func() {
		if err != nil {
			_ = in.channel.Close()
		}
	}()
	met, err := r.handshake(ctx, in)
	if err != nil {
		return nil, err
	}
	said, err := r.postHandshake(ctx, postHandshakeInput(met))
	if err != nil {
		return nil, err
	}
	if l != nil {
		l.hash = met.sealed.session.Hash
	}
	return newConn(ctx, r, met.sealed, l, said), nil
}

// newQRCode makes a QR code, and the key of which it holds the public half.
func newQRCode(r *road, cfg Config) (*ecdh.PrivateKey, QRCode, error) {
	identity, err := ecdh.P256().GenerateKey(r.rand)
	if err != nil {
		return nil, QRCode{}, err
	}
	var secret [16]byte
	if err := fill(r.rand, secret[:]); err != nil {
		return nil, QRCode{}, err
	}
	return identity, QRCode{
		ClientKey: identity.PublicKey(), Secret: QRSecretFromBytes(secret), KnownDomains: AssignedDomains,
		Time: r.now(), Linking: cfg.Links != nil, Hint: cfg.Hint,
	}, nil
}
