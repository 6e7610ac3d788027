package hybrid

import (
	"context"
	"crypto/ecdh"
	"fmt"
	"time"

	"github.com/hitherauth/hither/ctap2"
	"github.com/hitherauth/hither/hybrid/internal/noise"
)

// handshakeInput is what stage 3 needs at a client platform.
type handshakeInput struct {
	channel DataChannel
	// initiate makes the first message; only the one who heard the advert can.
	initiate func() (*noise.Initiation, noise.Message, error)
}

// handshakeOutput is what stage 3 proves: the other end has what the QR code, or
// the link, and the advert say.
type handshakeOutput struct{ sealed *sealedChannel }

// qrHandshake: KNpsk0. The client platform proves that it made the QR code.
func qrHandshake(qr QRCode, identity *ecdh.PrivateKey, near proximityOutput, reached connectionOutput) handshakeInput {
	psk := qr.Secret.PSK(near.eid)
	return handshakeInput{channel: reached.channel, initiate: func() (*noise.Initiation, noise.Message, error) {
		return noise.InitiateKN(identity, psk.bytes(), nil)
	}}
}

// linkedHandshake: NKpsk0. The phone proves that it is the one of the link.
func linkedHandshake(link Link, near proximityOutput, reached connectionOutput) handshakeInput {
	psk := link.Secret.PSK(near.eid)
	return handshakeInput{channel: reached.channel, initiate: func() (*noise.Initiation, noise.Message, error) {
		return noise.InitiateNK(link.PhoneKey, psk.bytes(), nil)
	}}
}

// handshake speaks first, and hears one answer.
func (r *road) handshake(ctx context.Context, in handshakeInput) (out handshakeOutput, err error) {
	defer func() { err = failed(StageHandshake, err) }()
	began := time.Now()
	ctx, explain, stop := limited(ctx, r.limits.Handshake, ErrSilent)
	defer stop()
	initiation, message, err := in.initiate()
	if err != nil {
		return handshakeOutput{}, err
	}
	if err := in.channel.Send(ctx, message[:]); err != nil {
		return handshakeOutput{}, explain(err)
	}
	answer, err := in.channel.Receive(ctx)
	if err != nil {
		return handshakeOutput{}, explain(early(err))
	}
	session, err := initiation.Finish(answer)
	if err != nil {
		return handshakeOutput{}, fmt.Errorf("%w: %w", ErrProtocol, err)
	}
	r.progress.report(HandshakeDone{})
	r.passed(ctx, StageHandshake, began)
	return handshakeOutput{newSealedChannel(in.channel, session, r.limits.Write)}, nil
}

// postHandshakeInput is what stage 4 needs.
type postHandshakeInput struct{ sealed *sealedChannel }

// postHandshakeOutput is what the phone has said of itself.
type postHandshakeOutput struct {
	message postHandshake
	info    ctap2.Info // read; the zero value if the phone does not speak CTAP
}

// postHandshake hears what the phone can do. It comes before anything else, and unasked.
func (r *road) postHandshake(ctx context.Context, in postHandshakeInput) (out postHandshakeOutput, err error) {
	defer func() { err = failed(StagePostHandshake, err) }()
	began := time.Now()
	ctx, explain, stop := limited(ctx, r.limits.PostHandshake, ErrSilent)
	defer stop()
	plaintext, err := in.sealed.receive(ctx)
	if err != nil {
		return postHandshakeOutput{}, explain(early(err))
	}
	message, err := parsePostHandshake(plaintext)
	if err != nil {
		return postHandshakeOutput{}, err
	}
	out.message = message
	if message.info != nil {
		if out.info, err = ctap2.ParseInfo(message.info); err != nil {
			return postHandshakeOutput{}, err
		}
	}
	r.passed(ctx, StagePostHandshake, began)
	return out, nil
}

// answerInput is what stage 3 needs at a phone.
type answerInput struct {
	channel DataChannel
	first   []byte // the first message that came
	// respond judges it and makes the answer.
	respond func(message []byte) (*noise.Session, noise.Message, error)
}

// answer takes part in one handshake. Before the first message is found to be
// right, it says nothing; when it is wrong, there is no second one.
func (r *road) answer(ctx context.Context, in answerInput) (out handshakeOutput, err error) {
	defer func() { err = failed(StageHandshake, err) }()
	began := time.Now()
	ctx, explain, stop := limited(ctx, r.limits.Handshake, ErrSilent)
	defer stop()
	session, message, err := in.respond(in.first)
	if err != nil {
		return handshakeOutput{}, fmt.Errorf("%w: %w", ErrProtocol, err)
	}
	if err := in.channel.Send(ctx, message[:]); err != nil {
		return handshakeOutput{}, explain(early(err))
	}
	r.progress.report(HandshakeDone{})
	r.passed(ctx, StageHandshake, began)
	return handshakeOutput{newSealedChannel(in.channel, session, r.limits.Write)}, nil
}
