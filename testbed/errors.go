package testbed

import "errors"

// What a caller may want to act on.
var (
	// ErrNoQRCode: no QR code that a phone could take came onto the screen in time.
	ErrNoQRCode = errors.New("no new QR code was seen on the screen")
	// ErrNobody: nobody has come to the phone's tunnel. A browser that did not hear
	// the advert stays where it is.
	ErrNobody = errors.New("no browser came to the phone's tunnel")
	// ErrUnanswered: the browser hung up before it had an answer.
	ErrUnanswered = errors.New("the browser hung up before it had an answer")
	// ErrDropped: the phone is gone by one of its faults.
	ErrDropped = errors.New("the phone hung up by a fault")
	// ErrTurnedAway: the tunnel service turned the browser away, by a fault of the phone.
	ErrTurnedAway = errors.New("the tunnel service turned the browser away")
	// ErrHungUp: the scan was closed, the phone was, or it has begun another scan.
	ErrHungUp = errors.New("the phone hung up")
	// ErrNoQuestion: the phone asks nothing.
	ErrNoQuestion = errors.New("the phone asks nothing")
)
