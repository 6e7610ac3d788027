package tunnel

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"sync"
	"time"

	"github.com/coder/websocket"
)

const (
	// A service forgets a phone of which it has heard nothing for twice as long.
	pingEvery  = 45 * time.Second
	pingAnswer = 15 * time.Second
)

// Contact is where a phone waits to be woken by client platforms that have linked
// with it.
type Contact struct {
	channel *Channel
	id      ContactID
	closing sync.Once
	closed  chan struct{}
}

// Listen makes a phone reachable at our service, under the contact id that secret
// proves; each service needs a secret of its own. known is the contact id that Listen
// gave before, which is in links by now; nil asks any node for one. The error is
// [ErrGone] when the node that gave it is gone: its links are dead, ask with nil
// again. ctx bounds the dialling. What the phone is woken for waits until somebody
// calls Wait, and not for long.
func (d *Dialer) Listen(ctx context.Context, s Service, secret ContactSecret, known ContactID) (*Contact, error) {
	path := "/hither/listen"
	if known != nil {
		path += "/" + known.Text()
	}
	conn, answer, err := d.dial(ctx, s, request{
		path:        path,
		subprotocol: ListenSubprotocol,
		header:      http.Header{"Authorization": {"Bearer " + secret.Bearer()}},
	})
	if err != nil {
		return nil, err
	}
	id, err := contactID(answer, secret, known)
	if err != nil {
		_ = conn.CloseNow()
		return nil, err
	}
	c := &Contact{channel: newChannel(conn, false), id: id, closed: make(chan struct{})}
	go c.keep(conn) //nolint:gosec // G118: the phone waits for longer than ctx lasts
	return c, nil
}

// ID is the contact id: what links carry, and what the next Listen needs.
func (c *Contact) ID() ContactID { return bytes.Clone(c.id) }

// Wait waits until somebody wakes the phone. The phone then comes to the tunnel with
// [Dialer.Connect], at once: it is waited for no longer than 10 s. The error is that
// of [Channel.Receive]; when the connection was lost, listen again.
func (c *Contact) Wait(ctx context.Context) (Wake, error) {
	message, err := c.channel.Receive(ctx)
	if err != nil {
		return Wake{}, err
	}
	w, err := ParseWake(message)
	if err != nil {
		_ = c.Close()
	}
	return w, err
}

// Refuse has the service tell who woke the phone that its link is dead for good.
func (c *Contact) Refuse(ctx context.Context, w Wake) error {
	return c.channel.Send(ctx, AppendRefusal(nil, w.ID))
}

// Close stops listening. Like [Channel.Close] it does not wait for an answer.
func (c *Contact) Close() error {
	c.closing.Do(func() { close(c.closed) })
	return c.channel.Close()
}

// keep asks from time to time whether the service is still there: a phone may wait
// for days, and a connection can die without a word.
func (c *Contact) keep(conn *websocket.Conn) {
	ticker := time.NewTicker(pingEvery)
	defer ticker.Stop()
	for {
		select {
		case <-c.closed:
			return
		case <-c.channel.ended:
			return
		case <-ticker.C:
		}
		ctx, cancel := context.WithTimeout(context.Background(), pingAnswer)
		err := conn.Ping(ctx)
		cancel()
		if err != nil {
			_ = conn.CloseNow()
			return
		}
	}
}

// contactID is the contact id in an answer, if secret proves it.
func contactID(answer http.Header, secret ContactSecret, known ContactID) (ContactID, error) {
	values := answer.Values(ContactIDHeader)
	if len(values) != 1 {
		return nil, errors.New("tunnel: the service sent no contact id, or several")
	}
	id, err := ParseContactID(values[0])
	switch {
	case err != nil:
		return nil, err
	case !bytes.Equal(id, secret.ContactID(id[0])), known != nil && !bytes.Equal(id, known):
		return nil, errors.New("tunnel: the service sent a contact id that the secret does not prove")
	}
	return id, nil
}
