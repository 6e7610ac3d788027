package hybrid

import (
	"context"
	"crypto/ecdh"
	"errors"
	"fmt"
	"time"

	"github.com/hitherauth/hither/ctap2"
	"github.com/hitherauth/hither/hybrid/internal/noise"
	"github.com/hitherauth/hither/tunnel"
)

// Respond is the phone in a QR-initiated transaction: it opens a tunnel,
// advertises, and lets the client platform that made the QR code use a, until it
// says that it is done or hangs up, or Limits.Session is over. The QR code must
// come from a scanner whose user wants to sign in elsewhere, never from a link.
//
// The first end is nil, whatever was asked and answered meanwhile. Any other is an
// [*Error]. When Respond returns, nothing is on the air and a has no request.
func Respond(ctx context.Context, cfg ResponderConfig, qr QRCode, a ctap2.Authenticator) error {
	r := cfg.road()
	return r.respond(ctx, cfg, a, func() (offerInput, error) { return qrOffer(r, cfg, qr) })
}

// offerInput is what a phone needs to be found. What is different in a QR-initiated
// and in a state-assisted transaction is in here.
type offerInput struct {
	key EIDKey
	// open reaches the tunnel service, and makes the EID that says where.
	open    func(context.Context) (DataChannel, EID, error)
	service tunnel.Service
	// respond is the phone's part of the handshake.
	respond func(eid EID, message []byte) (*noise.Session, noise.Message, error)
	// clientKey is what linking data must be proved to: the key of the QR code, if
	// the client platform can remember a phone. Nil: no update is sent.
	clientKey *ecdh.PublicKey
	// domain is the tunnel service's.
	domain Domain
}

const defaultMaxQRAge = 30 * time.Minute

// qrOffer: the phone opens the tunnel, and the advert says where it is.
func qrOffer(r *road, cfg ResponderConfig, qr QRCode) (offerInput, error) {
	if qr.ClientKey == nil || qr.ClientKey.Curve() != ecdh.P256() {
		// The zero value: its secret is everybody's.
		return offerInput{}, failed(StageProximity, errors.New("the QR code has no key of P-256"))
	}
	maxAge := cfg.MaxQRAge
	if maxAge <= 0 {
		maxAge = defaultMaxQRAge
	}
	if !qr.Time.IsZero() && r.now().Sub(qr.Time) > maxAge {
		return offerInput{}, failed(StageProximity, ErrOldQRCode)
	}
	domain, err := chooseDomain(cfg.Domains, qr)
	if err != nil {
		return offerInput{}, failed(StageConnection, err)
	}
	service, err := r.service(domain)
	if err != nil {
		return offerInput{}, failed(StageConnection, err)
	}
	in := offerInput{key: qr.Secret.EIDKey(), service: service, domain: domain}
	if qr.Linking {
		in.clientKey = qr.ClientKey
	}
	in.open = func(ctx context.Context) (DataChannel, EID, error) {
		channel, routing, err := r.dialer.Create(ctx, service, qr.Secret.TunnelID())
		if err != nil {
			return nil, EID{}, err
		}
		eid, err := NewEID(r.rand, routing, domain)
		if err != nil {
			_ = channel.Close()
			return nil, EID{}, err
		}
		return channel, eid, nil
	}
	in.respond = func(eid EID, message []byte) (*noise.Session, noise.Message, error) {
		psk := qr.Secret.PSK(eid)
		return noise.RespondKN(qr.ClientKey, psk.bytes(), nil, message)
	}
	return in, nil
}

// chooseDomain takes the first domain that the client platform can turn into a name.
func chooseDomain(domains []Domain, qr QRCode) (Domain, error) {
	for _, d := range domains {
		if qr.Knows(d) {
			return d, nil
		}
	}
	return 0, ErrNoDomain
}

var errNoAdvertiser = errors.New("the configuration has no Advertiser")

// respond is a phone from its first step to its last, of which offer makes the input.
func (r *road) respond(ctx context.Context, cfg ResponderConfig, a ctap2.Authenticator, offer func() (offerInput, error)) (err error) {
	defer func() { r.progress.report(Closed{err}) }()
	in, err := offer()
	if err != nil {
		return err
	}
	if cfg.Advertiser == nil {
		return failed(StageProximity, errNoAdvertiser)
	}
	info, err := a.GetInfo(ctx)
	if err != nil {
		return failed(StageProximity, fmt.Errorf("the authenticator does not say what it can do: %w", err))
	}
	met, err := r.offer(ctx, cfg.Advertiser, in)
	if err != nil {
		return err
	}
	defer met.sealed.channel.Close() //nolint:errcheck // a farewell
	s := newService(r, cfg, met.sealed, cached{a, info})
	return s.run(ctx, in)
}

// offer opens the tunnel, advertises until somebody comes to it, and judges who
// that is. There is one attempt: who comes with the wrong message has spent the tunnel.
func (r *road) offer(ctx context.Context, advertiser Advertiser, in offerInput) (out handshakeOutput, err error) {
	began := time.Now()
	dialling, explain, stop := limited(ctx, r.limits.Dial, ErrSilent)
	channel, eid, err := in.open(dialling)
	stop()
	if err != nil {
		return handshakeOutput{}, failed(StageConnection, explain(err))
	}
	defer func() {
		if err != nil {
			_ = channel.Close()
		}
	}()
	r.progress.report(Connected{in.service})
	r.passed(ctx, StageConnection, began)
	first, err := r.advertise(ctx, advertiser, channel, in.key.Seal(eid))
	if err != nil {
		return handshakeOutput{}, err
	}
	return r.answer(ctx, answerInput{channel: channel, first: first, respond: func(message []byte) (*noise.Session, noise.Message, error) {
		return in.respond(eid, message)
	}})
}

// advertise is on the air until the first message comes, and not a moment longer.
func (r *road) advertise(ctx context.Context, advertiser Advertiser, channel DataChannel, advert [AdvertSize]byte) (first []byte, err error) {
	defer func() { err = failed(StageProximity, err) }()
	began := time.Now()
	ctx, explain, stop := limited(ctx, r.limits.Arrival, ErrSilent)
	defer stop()
	silence, err := advertiser.Advertise(ctx, advert[:])
	if err != nil {
		return nil, explain(fmt.Errorf("the radio does not send: %w", err))
	}
	r.progress.report(Advertising{})
	first, err = channel.Receive(ctx)
	if offErr := silence(); err == nil && offErr != nil {
		return nil, fmt.Errorf("the radio does not stop sending: %w", offErr)
	}
	if err != nil {
		return nil, explain(early(err))
	}
	r.passed(ctx, StageProximity, began)
	return first, nil
}

// cached is an authenticator that says once what it can do.
type cached struct {
	ctap2.Authenticator
	info ctap2.Info
}

// GetInfo asks nobody.
func (c cached) GetInfo(context.Context) (ctap2.Info, error) { return c.info, nil }
