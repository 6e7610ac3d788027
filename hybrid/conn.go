package hybrid

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"
	"time"

	"github.com/hitherauth/hither/ctap2"
)

// Conn is a phone at the other end of a tunnel, and a ctap2.Authenticator. Most
// phones answer one request and hang up.
//
// When it is not needed any more, it must be closed with [Conn.Close] or
// [Conn.CloseNow].
type Conn struct {
	*ctap2.Remote

	road     *road
	sealed   *sealedChannel
	features []string
	linker   *linker // nil: what the phone sends to be remembered by is ignored
	refused  int     // updates; belongs to the goroutine of read

	life  context.Context // of everything below; ended by end
	end   context.CancelFunc
	over  chan struct{} // closed when nothing more will be heard, after err was set
	ended chan struct{} // closed when no goroutine is left

	goodbye sync.WaitGroup // of Close

	mu      sync.Mutex
	waiting *request // the request that has no reply yet
	closing bool     // Close was called: replies are late, updates are not
	err     error    // why the connection is over
}

var errNoCTAP = errors.New("the phone does not answer CTAP requests")

// request is one that waits for its reply, of the same kind.
type request struct {
	kind  frameType
	reply chan []byte // closed when there will be none
}

// newConn takes the channel over and starts to read.
func newConn(ctx context.Context, r *road, sealed *sealedChannel, l *linker, said postHandshakeOutput) *Conn {
	c := &Conn{
		road: r, sealed: sealed, features: said.message.features, linker: l,
		over: make(chan struct{}), ended: make(chan struct{}),
	}
	c.Remote = ctap2.NewRemote(said.info, func(ctx context.Context, request []byte) ([]byte, error) {
		if !c.Supports(FeatureCTAP) {
			return nil, failed(StageRequest, errNoCTAP)
		}
		return c.roundTrip(ctx, frameCTAP, request)
	})
	// The connection outlives the context that bounded the way to it.
	c.life, c.end = context.WithCancel(context.WithoutCancel(ctx))
	go c.read(said.message.linking)
	return c
}

// Supports says whether the phone has told that it has a feature, such as
// [FeatureDigitalCredentials].
func (c *Conn) Supports(feature string) bool { return slices.Contains(c.features, feature) }

// JSON sends a request in JSON, such as one for a digital credential, and returns
// the reply: both are the payload of a frame of type 3. The phone should have
// [FeatureDigitalCredentials].
func (c *Conn) JSON(ctx context.Context, request []byte) ([]byte, error) {
	return c.roundTrip(ctx, frameJSON, request)
}

// roundTrip sends a request and waits for the reply of the same type. There is no
// message that cancels one: when ctx ends first, the connection is closed.
func (c *Conn) roundTrip(ctx context.Context, kind frameType, payload []byte) (reply []byte, err error) {
	defer func() { err = failed(StageRequest, err) }()
	mine := &request{kind: kind, reply: make(chan []byte, 1)}
	if err := c.begin(mine); err != nil {
		return nil, err
	}
	began := time.Now()
	ctx, explain, stop := limited(ctx, c.road.limits.Request, ErrSilent)
	defer stop()
	if err := c.sealed.send(ctx, frame{kind, payload}.append(nil)); err != nil {
		c.end() // half a message may have left
		return nil, explain(err)
	}
	c.road.progress.report(RequestSent{})
	var answered bool
	select {
	case reply, answered = <-mine.reply:
	case <-c.over:
		select {
		case reply, answered = <-mine.reply: // and then the phone hung up
		default:
			return nil, c.err
		}
	case <-ctx.Done():
		_ = c.Close()
		return nil, explain(ctx.Err())
	}
	if !answered {
		return nil, ErrClosed
	}
	c.road.progress.report(ReplyReceived{})
	c.road.passed(ctx, StageRequest, began)
	return reply, nil
}

// begin makes r the request that waits.
func (c *Conn) begin(r *request) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.closing:
		return ErrClosed
	case c.err != nil:
		return c.err
	case c.waiting != nil:
		return ErrBusy
	}
	c.waiting = r
	return nil
}

// read hands on what arrives, until the connection is over. linking is what the
// phone has sent already, with the post-handshake message, as it once did.
func (c *Conn) read(linking *linkingInfo) {
	defer close(c.ended)
	if linking != nil {
		c.link(linking)
	}
	err := c.readAll()
	ours := c.life.Err() != nil
	c.end() // and with it a Close that is still saying goodbye
	_ = c.sealed.channel.Close()

	c.mu.Lock()
	c.err = ErrClosed
	if ours || c.closing || errors.Is(err, io.EOF) {
		err = nil
	} else {
		c.err = fmt.Errorf("%w: %w", ErrClosed, err)
	}
	close(c.over)
	c.mu.Unlock()
	c.goodbye.Wait()
	c.road.progress.report(Closed{failed(StageRequest, err)})
}

func (c *Conn) readAll() error {
	for {
		plaintext, err := c.sealed.receive(c.life)
		if err != nil {
			return err
		}
		f, err := parseFrame(plaintext)
		if err != nil {
			return fmt.Errorf("%w: %w", ErrProtocol, err)
		}
		switch f.kind {
		case frameShutdown:
			// Chromium calls that an error, libwebauthn an end. Some phones send it.
			return io.EOF
		case frameUpdate:
			c.update(f.payload)
		case frameCTAP, frameJSON:
			if err := c.deliver(f); err != nil {
				return err
			}
		}
	}
}

// deliver gives a reply to the request that waits for it.
func (c *Conn) deliver(f frame) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.closing:
		return nil // too late
	case c.waiting == nil:
		return fmt.Errorf("%w: a reply that nothing asked for", ErrProtocol)
	case c.waiting.kind != f.kind:
		return fmt.Errorf("%w: a reply of another type than its request", ErrProtocol)
	}
	c.waiting.reply <- f.payload // has room: each request gets one
	c.waiting = nil
	return nil
}

// maxRefused is how many updates that are wrong a phone is heard with. It may send
// any number, and each costs a key agreement and an event.
const maxRefused = 8

// update takes what a phone says about itself at any time. Whatever is wrong with
// it does not touch the requests.
func (c *Conn) update(payload []byte) {
	if c.refused == maxRefused {
		return
	}
	u, err := parseUpdate(payload)
	switch {
	case err != nil:
		c.refuse(err)
	case u.linking != nil:
		c.link(u.linking)
	}
}

// link stores a link, if the phone was asked for one. In a state-assisted
// transaction it was not: there is no key of a QR code to prove anything to.
func (c *Conn) link(info *linkingInfo) {
	if c.linker == nil {
		return
	}
	stored, err := c.linker.take(c.life, info)
	if err != nil {
		c.refuse(err)
		return
	}
	c.road.progress.report(stored)
}

func (c *Conn) refuse(err error) {
	c.refused++
	c.road.progress.report(LinkRefused{failed(StageLinking, err)})
}

// Close tells the phone that nothing more will be asked, and returns. If the phone
// can still ask to be remembered, the connection goes on being read
// until the phone hangs up, for at most Limits.Linger: see [Conn.Wait]. A request
// that waits ends with [ErrClosed]. Close may be called twice. It returns nil.
func (c *Conn) Close() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closing || c.err != nil {
		return nil
	}
	c.closing = true
	if c.waiting != nil {
		close(c.waiting.reply)
		c.waiting = nil
	}
	c.goodbye.Go(c.shutDown)
	return nil
}

// shutDown sends the shutdown frame, and lets the phone hang up.
func (c *Conn) shutDown() {
	linger, stop := context.WithTimeout(c.life, c.road.limits.Linger)
	defer stop()
	err := c.sealed.send(linger, frame{kind: frameShutdown}.append(nil))
	if err == nil && c.linker != nil {
		<-linger.Done()
	}
	c.end()
}

// CloseNow ends the connection without a word, and waits until it has ended. It
// may be called after Close, and instead of it when something is wrong.
func (c *Conn) CloseNow() error {
	c.end()
	<-c.ended
	return nil
}

// Wait waits until the connection has ended: until the phone hung up, or, after
// Close, for at most Limits.Linger. When ctx is done first, it ends the connection.
// A program that wants phones to be remembered calls it between Close and its own end.
func (c *Conn) Wait(ctx context.Context) error {
	select {
	case <-c.ended:
		return nil
	case <-ctx.Done():
		_ = c.CloseNow()
		return ctx.Err()
	}
}
