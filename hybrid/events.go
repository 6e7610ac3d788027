package hybrid

import (
	"sync"

	"github.com/hitherauth/hither/tunnel"
)

// Event says how far a transaction is, apart from its result. The list is
// closed: the structs of this file. None holds a secret.
type Event interface{ event() }

// What a client platform is told.
type (
	// Scanning says that the radio listens. For a QR-initiated transaction, the code is shown next.
	Scanning struct{}
	// AdvertMatched says that the phone is near, and its tunnel is at a tunnel service.
	// Domain is 0 for a linked phone, whose adverts do not name it.
	AdvertMatched struct{ Domain Domain }
	// RequestSent says that the phone has a request, and asks its user from now on.
	RequestSent struct{}
	// ReplyReceived says that the phone has answered the request.
	ReplyReceived struct{}
	// LinkReceived says that the phone wants to be remembered, and is. Replaced says
	// that it was before.
	LinkReceived struct {
		Name     string // what the phone calls itself: a stranger's text
		Replaced bool
	}
	// LinkRefused says that what the phone sent to be remembered by was wrong, or
	// could not be stored. Stored links are untouched, and the transaction goes on.
	// A phone is told so, too, when it could not make a link.
	LinkRefused struct{ Err error }
)

// What a phone is told.
type (
	// Advertising says that the advert is on the air.
	Advertising struct{}
	// RequestReceived says that the client platform wants something. Command is the
	// command byte of CTAP 2.2 §8.1, 0 for JSON.
	RequestReceived struct{ Command byte }
	// ReplySent says that the request has its reply.
	ReplySent struct{}
	// LinkingSent says that the client platform has been told how to reach this phone
	// or, if Agreed is false, has been sent as many bytes of nothing.
	LinkingSent struct{ Agreed bool }
	// Listening says that linked client platforms can wake the phone from now on.
	Listening struct{}
	// Woken says that a linked client platform asks for this phone.
	Woken struct{ Hint Hint }
)

// What both are told.
type (
	// Connected says that there is a tunnel. The other end may not have come to it yet.
	Connected struct{ Service tunnel.Service }
	// HandshakeDone says that the other end has proved who it is.
	HandshakeDone struct{}
	// Closed says that the connection is over. Err is nil if it ended in good order.
	Closed struct{ Err error }
)

func (Scanning) event()        {}
func (AdvertMatched) event()   {}
func (RequestSent) event()     {}
func (ReplyReceived) event()   {}
func (LinkReceived) event()    {}
func (LinkRefused) event()     {}
func (Advertising) event()     {}
func (RequestReceived) event() {}
func (ReplySent) event()       {}
func (LinkingSent) event()     {}
func (Listening) event()       {}
func (Woken) event()           {}
func (Connected) event()       {}
func (HandshakeDone) event()   {}
func (Closed) event()          {}

// progress tells events one at a time.
type progress struct {
	mu   sync.Mutex
	tell func(Event)
}

func (p *progress) report(e Event) {
	if p.tell == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.tell(e)
}
