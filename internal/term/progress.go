package term

import "github.com/hitherauth/hither/hybrid"

// Progress shows how far a transaction of the hybrid transport is. It is what the
// Progress of a hybrid.Transport may be. The QR code goes when it has been read.
func (t *Terminal) Progress(e hybrid.Event) {
	if _, ok := e.(hybrid.AdvertMatched); ok {
		t.HideCode()
	}
	if text := Describe(e); text != "" {
		t.Status(text)
	}
}

// Describe says in a few words what an event means for the person at either end;
// "" if it means nothing to them.
func Describe(e hybrid.Event) string {
	switch e.(type) {
	case hybrid.Scanning:
		return "looking for the phone: scan the QR code with its camera"
	case hybrid.AdvertMatched:
		return "found: connecting to the phone"
	case hybrid.RequestSent:
		return "waiting for your fingerprint, face or screen lock on the phone"
	case hybrid.ReplyReceived:
		return "the phone has answered"
	case hybrid.Advertising:
		return "calling the computer that shows the QR code"
	case hybrid.RequestReceived:
		return "the computer asks for something"
	case hybrid.ReplySent:
		return "answered: waiting for the computer to say goodbye"
	case hybrid.Woken:
		return "a computer that is linked asks for this phone"
	case hybrid.HandshakeDone:
		return "connected"
	case hybrid.LinkReceived:
		return "the phone will be remembered"
	case hybrid.LinkRefused:
		return "no link was made"
	case hybrid.LinkingSent, hybrid.Connected, hybrid.Closed:
		return ""
	default:
		return ""
	}
}
