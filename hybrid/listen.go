package hybrid

import (
	"context"
	"errors"

	"github.com/hitherauth/hither/ctap2"
	"github.com/hitherauth/hither/hybrid/internal/noise"
	"github.com/hitherauth/hither/tunnel"
)

// Listen is a phone that linked client platforms can wake: it waits at the tunnel
// service of cfg.Linking and answers each with [RespondLinked], one at a time. Who
// comes while others are served may get no answer, and can try again; who comes by a
// link that this phone does not have is told that it is gone. How each of them ended
// is told as an event, [Closed], and is no reason to stop.
//
// It returns when ctx is done, with nil, or when the tunnel service is lost, with
// an [*Error]: try again then, after a while.
func Listen(ctx context.Context, cfg ResponderConfig, a ctap2.Authenticator) error {
	r := cfg.road()
	if err := cfg.canBeWoken(); err != nil {
		return err
	}
	contact, err := cfg.Linking.Links.listen(ctx, r, cfg.Linking.Domain)
	if err != nil {
		return failed(StageConnection, err)
	}
	defer contact.Close() //nolint:errcheck // a farewell
	r.progress.report(Listening{})
	return listenOn(ctx, cfg, contact, a)
}

// listenOn answers wake-ups, one at a time. While one is served, another one waits,
// and soon finds its tunnel closed if it waits for long. A third is dropped and not
// refused: a refusal would cost its sender the link.
func listenOn(ctx context.Context, cfg ResponderConfig, contact *tunnel.Contact, a ctap2.Authenticator) error {
	serving, stop := context.WithCancel(ctx)
	wakes := make(chan tunnel.Wake, 1)
	served := make(chan struct{})
	go func() {
		defer close(served)
		for wake := range wakes {
			if err := RespondLinked(serving, cfg, wake, a); errors.Is(err, ErrUnknownLink) {
				_ = contact.Refuse(serving, wake) // if that fails, so does Wait
			}
		}
	}()
	defer func() {
		stop()
		close(wakes)
		<-served
	}()
	for {
		wake, err := contact.Wait(ctx)
		switch {
		case ctx.Err() != nil:
			return nil
		case err != nil:
			return failed(StageConnection, err)
		}
		select {
		case wakes <- wake:
		default:
		}
	}
}

// canBeWoken says what is missing, before anything is sent.
func (cfg ResponderConfig) canBeWoken() error {
	switch {
	case cfg.Linking == nil || cfg.Linking.Links == nil:
		return failed(StageLinking, errors.New("the configuration has no Linking, or no Links in it"))
	case cfg.Advertiser == nil:
		return failed(StageProximity, errNoAdvertiser)
	}
	return nil
}

// RespondLinked is the phone in a state-assisted transaction: it goes to the tunnel
// that a wake-up names, and advertises. Otherwise it is as [Respond]. With
// [ErrUnknownLink] the wake-up came by a link that this phone does not have;
// nothing was said to anybody.
func RespondLinked(ctx context.Context, cfg ResponderConfig, wake tunnel.Wake, a ctap2.Authenticator) error {
	r := cfg.road()
	if err := cfg.canBeWoken(); err != nil {
		return err
	}
	return r.respond(ctx, cfg, a, func() (offerInput, error) { return linkedOffer(ctx, r, cfg.Linking, wake) })
}

// linkedOffer: the tunnel is there already, and the advert is nothing but proof
// that the phone is near. No linking data is sent: there is no key of a QR code to
// prove anything to.
func linkedOffer(ctx context.Context, r *road, l *Linking, wake tunnel.Wake) (offerInput, error) {
	service, err := r.service(l.Domain)
	if err != nil {
		return offerInput{}, failed(StageConnection, err)
	}
	payload, err := parseClientPayload(wake.Payload)
	if err != nil {
		return offerInput{}, failed(StageConnection, err)
	}
	secret, key, err := l.Links.use(ctx, r, payload.linkID)
	if err != nil {
		return offerInput{}, failed(StageLinking, err)
	}
	r.progress.report(Woken{payload.hint})
	return offerInput{
		key: secret.EIDKey(payload.nonce), service: service, domain: l.Domain,
		open: func(ctx context.Context) (DataChannel, EID, error) {
			channel, err := r.dialer.Connect(ctx, service, wake.RoutingID, wake.ID)
			if err != nil {
				return nil, EID{}, err
			}
			eid, err := NewLinkedEID(r.rand)
			if err != nil {
				_ = channel.Close()
				return nil, EID{}, err
			}
			return channel, eid, nil
		},
		respond: func(eid EID, message []byte) (*noise.Session, noise.Message, error) {
			psk := secret.PSK(eid)
			return noise.RespondNK(key, psk.bytes(), nil, message)
		},
	}, nil
}
