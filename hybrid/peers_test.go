package hybrid_test

import (
	"context"
	"crypto/ecdh"
	"crypto/rand"
	"errors"
	"io"
	"testing"
	"time"

	"github.com/hitherauth/hither/hybrid"
	"github.com/hitherauth/hither/hybrid/hybridtest"
	"github.com/hitherauth/hither/hybrid/internal/noise"
	"github.com/hitherauth/hither/tunnel"
)

// short is a time limit that is meant to pass.
const short = 30 * time.Millisecond

// patience bounds what must come by itself.
const patience = 20 * time.Second

// rawPeer is one end of a transaction, played by hand: it can do everything wrong.
type rawPeer struct {
	t       *testing.T
	ctx     context.Context
	channel *tunnel.Channel
	session *noise.Session
}

// receive waits for a message as it is on the wire.
func (p *rawPeer) receive() []byte {
	message, err := p.channel.Receive(p.ctx)
	if err != nil {
		p.t.Errorf("the raw peer waits for a message: %v", err)
		return make([]byte, noise.MessageSize)
	}
	return message
}

// send sends a message as it is. The other end may have gone already.
func (p *rawPeer) send(message []byte) { _ = p.channel.Send(p.ctx, message) }

// record encrypts a plaintext with the least padding.
func (p *rawPeer) record(plaintext []byte) []byte {
	zeros := 31 - len(plaintext)%32
	padded := append(append(append([]byte(nil), plaintext...), make([]byte, zeros)...), byte(zeros))
	record, err := p.session.Send.Seal(nil, padded)
	if err != nil {
		p.t.Errorf("the raw peer encrypts: %v", err)
	}
	return record
}

// say sends frames or other plaintexts.
func (p *rawPeer) say(plaintexts ...[]byte) {
	for _, plaintext := range plaintexts {
		p.send(p.record(plaintext))
	}
}

// hear waits for a plaintext.
func (p *rawPeer) hear() []byte {
	padded, err := p.session.Receive.Open(nil, p.receive())
	if err != nil || len(padded) == 0 {
		p.t.Errorf("the raw peer decrypts: %v", err)
		return nil
	}
	return padded[:len(padded)-1-int(padded[len(padded)-1])]
}

// wait waits until the other end has gone.
func (p *rawPeer) wait() {
	for {
		if _, err := p.channel.Receive(p.ctx); err != nil {
			return
		}
	}
}

// rawPhone is a phone that has read the QR code and opened a tunnel.
type rawPhone struct {
	rawPeer
	scene *hybridtest.Scene
	qr    hybrid.QRCode
	eid   hybrid.EID
}

// advertise puts the advert on the air.
func (p *rawPhone) advertise() {
	advert := p.qr.Secret.EIDKey().Seal(p.eid)
	p.t.Cleanup(p.scene.Ether.Forge(advert[:]))
}

// shakeHands advertises and answers the client platform.
func (p *rawPhone) shakeHands() {
	p.advertise()
	session, message, err := noise.RespondKN(p.qr.ClientKey, (*[32]byte)(p.qr.Secret.PSK(p.eid).Reveal()), nil, p.receive())
	if err != nil {
		p.t.Errorf("the raw phone shakes hands: %v", err)
		return
	}
	p.session = session
	p.send(message[:])
}

// introduce goes as far as what the phone can do.
func (p *rawPhone) introduce() {
	p.shakeHands()
	p.say(naiveCBOR([]pair{{1, someInfo()}}))
}

// withRawPhone has the QR code of the scene's client platform read by a raw phone
// that plays a part. When the part is over, it hangs up.
func withRawPhone(t *testing.T, scene *hybridtest.Scene, part func(p *rawPhone)) {
	t.Helper()
	ctx, stop := context.WithTimeout(context.Background(), patience)
	over := make(chan struct{})
	started := false
	t.Cleanup(func() {
		if started {
			<-over
		}
		stop()
	})
	scene.Client.Show = func(text string) error {
		qr, err := hybrid.ParseQRCode(text)
		if err != nil {
			return err
		}
		channel, routing, err := tunnel.New(tunnel.Config{}).Create(ctx, scene.Service, qr.Secret.TunnelID())
		if err != nil {
			return err
		}
		eid, err := hybrid.NewEID(nil, routing, hybridtest.Domain)
		if err != nil {
			return err
		}
		started = true
		go func() {
			defer close(over)
			defer channel.Close()
			part(&rawPhone{rawPeer{t: t, ctx: ctx, channel: channel}, scene, qr, eid})
		}()
		return nil
	}
}

// rawClient is a client platform that has shown a QR code.
type rawClient struct {
	rawPeer
	scene    *hybridtest.Scene
	identity *ecdh.PrivateKey
	qr       hybrid.QRCode
	eid      hybrid.EID
}

// newRawClient has a QR code read by the scene's phone. What the phone comes to is
// in the channel.
func newRawClient(t *testing.T, scene *hybridtest.Scene, change func(*hybrid.QRCode)) (*rawClient, <-chan error) {
	t.Helper()
	ctx, stop := context.WithTimeout(context.Background(), patience)
	identity := newKey(t)
	var secret [16]byte
	rand.Read(secret[:])
	qr := hybrid.QRCode{
		ClientKey: identity.PublicKey(), Secret: hybrid.QRSecretFromBytes(secret),
		KnownDomains: hybrid.AssignedDomains, Time: time.Now(),
	}
	if change != nil {
		change(&qr)
	}
	ended := make(chan error, 1)
	over := make(chan struct{})
	c := &rawClient{rawPeer: rawPeer{t: t, ctx: ctx}, scene: scene, identity: identity, qr: qr}
	go func() {
		defer close(over)
		ended <- hybrid.Respond(ctx, scene.Phone, qr, smallAuthenticator{})
	}()
	t.Cleanup(func() {
		if c.channel != nil {
			_ = c.channel.Close()
		}
		stop()
		<-over
	})
	return c, ended
}

// come hears the advert and goes to the tunnel.
func (c *rawClient) come() *rawClient {
	c.t.Helper()
	heard := make(chan hybrid.EID, 1)
	ctx, stop := context.WithCancel(c.ctx)
	defer stop()
	_, err := c.scene.Ether.Scan(ctx, func(serviceData []byte) {
		if eid, ok := c.qr.Secret.EIDKey().Open(serviceData); ok {
			select {
			case heard <- eid:
			default:
			}
		}
	})
	if err != nil {
		c.t.Fatal(err)
	}
	select {
	case c.eid = <-heard:
	case <-c.ctx.Done():
		c.t.Fatal("the phone is not heard")
	}
	c.channel, err = tunnel.New(tunnel.Config{}).Connect(c.ctx, c.scene.Service, c.eid.RoutingID(), c.qr.Secret.TunnelID())
	if err != nil {
		c.t.Fatalf("the raw client comes to the tunnel: %v", err)
	}
	return c
}

// psk is that of the QR code and the advert.
func (c *rawClient) psk() *[32]byte { return (*[32]byte)(c.qr.Secret.PSK(c.eid).Reveal()) }

// shakeHands goes as far as the phone's introduction.
func (c *rawClient) shakeHands() {
	c.t.Helper()
	initiation, message, err := noise.InitiateKN(c.identity, c.psk(), nil)
	if err != nil {
		c.t.Fatal(err)
	}
	c.send(message[:])
	if c.session, err = initiation.Finish(c.receive()); err != nil {
		c.t.Fatalf("the raw client shakes hands: %v", err)
	}
	c.hear()
}

// requireRefused wants the phone to end without a word.
func (c *rawClient) requireRefused() {
	c.t.Helper()
	message, err := c.channel.Receive(c.ctx)
	if err == nil || errors.Is(err, context.DeadlineExceeded) {
		c.t.Errorf("the phone says %d bytes, or does not hang up: %v", len(message), err)
	}
	if !errors.Is(err, io.EOF) {
		c.t.Errorf("the phone hangs up in bad order: %v", err)
	}
}

// requireStage wants an error of a stage with a cause.
func requireStage(t *testing.T, err error, stage hybrid.Stage, cause error) {
	t.Helper()
	failure, ok := errors.AsType[*hybrid.Error](err)
	switch {
	case !ok:
		t.Fatalf("got %v, want an error of the stage %s", err, stage)
	case failure.Stage != stage:
		t.Errorf("got %v, want an error of the stage %s", err, stage)
	case cause != nil && !errors.Is(err, cause):
		t.Errorf("got %v, want %v", err, cause)
	}
}
