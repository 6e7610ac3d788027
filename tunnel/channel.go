package tunnel

import (
	"context"
	"errors"
	"io"
	"net"
	"sync"
	"time"

	"github.com/coder/websocket"
)

// goodbyeTime is how long Close waits for its farewell to leave. coder/websocket
// sends it and waits for the answer in one step; a program that ends right after
// Close must not take the farewell back.
const goodbyeTime = 500 * time.Millisecond

// Channel carries whole messages to the other end of a tunnel and back, in order.
// Send and Receive may be called at the same time, each by one goroutine.
type Channel struct {
	conn     *websocket.Conn
	messages chan []byte
	attached chan struct{} // closed when the other end is known to be there

	closing sync.Once
	closed  chan struct{} // closed by Close
	ended   chan struct{} // closed when the reader has, after err was set
	err     error
}

// newChannel reads from conn from now on, so that pings are answered and an end is
// seen whether or not somebody receives. With signal, the service will say when the
// other end is there.
func newChannel(conn *websocket.Conn, signal bool) *Channel {
	c := &Channel{
		conn:     conn,
		messages: make(chan []byte),
		attached: make(chan struct{}),
		closed:   make(chan struct{}),
		ended:    make(chan struct{}),
	}
	if !signal {
		close(c.attached)
	}
	go c.read(signal)
	return c
}

// Attached is closed as soon as the other end is known to have come: at once,
// unless this channel comes from [Dialer.Contact] and the service tells when.
func (c *Channel) Attached() <-chan struct{} { return c.attached }

// Send sends a message of up to [MaxMessage] bytes. If ctx ends meanwhile, so does
// the channel: half a message may have left. If it has ended before, nothing is sent.
func (c *Channel) Send(ctx context.Context, message []byte) error {
	if len(message) > MaxMessage {
		return errors.New("tunnel: the message is longer than 1 MiB")
	}
	select {
	case <-c.closed:
		return net.ErrClosed
	case <-ctx.Done(): // or some of it could still leave
		return ctx.Err()
	default:
	}
	switch err := c.conn.Write(ctx, websocket.MessageBinary, message); {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return ctx.Err()
	default:
		return c.why(err)
	}
}

// Receive waits for the next message. The error is [io.EOF] when the other end is
// gone in good order, a [*CloseError] when it, or the service, ended otherwise, and
// [net.ErrClosed] after Close. A ctx that ends leaves the channel as it was.
func (c *Channel) Receive(ctx context.Context) ([]byte, error) {
	select {
	case <-c.closed: // also if there is a message
		return nil, net.ErrClosed
	default:
	}
	select {
	case message := <-c.messages:
		return message, nil
	case <-c.closed:
		return nil, net.ErrClosed
	case <-c.ended:
		return nil, c.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// Close says goodbye and ends both methods. It does not wait for the other end;
// half a second goes to the farewell itself if it finds the road blocked. It may
// be called twice.
func (c *Channel) Close() error {
	c.closing.Do(func() {
		close(c.closed)
		gone := make(chan struct{})
		go func() {
			defer close(gone)
			_ = c.conn.Close(websocket.StatusNormalClosure, "")
		}()
		select {
		case <-gone:
		case <-time.After(goodbyeTime):
		}
	})
	return nil
}

// read hands on what arrives until the connection ends.
func (c *Channel) read(signal bool) {
	c.err = c.why(c.receive(signal))
	close(c.ended)
	_ = c.conn.CloseNow()
}

func (c *Channel) receive(signal bool) error {
	for {
		// The connection's life is bounded by its two ends and the service.
		kind, message, err := c.conn.Read(context.Background())
		switch {
		case err != nil:
			return err
		case kind != websocket.MessageBinary:
			_ = c.conn.Close(websocket.StatusUnsupportedData, "")
			return errors.New("a message of text came")
		case signal:
			if len(message) != 1 || message[0] != 0 {
				_ = c.conn.Close(websocket.StatusPolicyViolation, "")
				return errors.New("something came before the other end did")
			}
			signal = false
			close(c.attached)
			continue
		}
		select {
		case c.messages <- message:
		case <-c.closed:
			// Read on, for the answer to our farewell.
		}
	}
}

// why is the error of a channel whose connection failed with err.
func (c *Channel) why(err error) error {
	if closed, ok := errors.AsType[websocket.CloseError](err); ok {
		switch closed.Code {
		case websocket.StatusNormalClosure, websocket.StatusNoStatusRcvd:
			return io.EOF
		default:
			return &CloseError{Code: int(closed.Code)}
		}
	}
	select {
	case <-c.closed:
		return net.ErrClosed
	default:
		// Not wrapped: an io.EOF of the network is no good order.
		return errors.New("tunnel: the channel broke off: " + err.Error())
	}
}
