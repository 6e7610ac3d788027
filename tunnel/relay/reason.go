package relay

// reason is why a tunnel, or a phone's waiting, ended. It is the value of a label.
type reason string

const (
	finished      reason = "finished"       // a party said goodbye
	lost          reason = "lost"           // a party vanished
	unmet         reason = "unmet"          // no second party came in time
	overLife      reason = "over_life"      // it lasted as long as any may
	idle          reason = "idle"           // nobody said anything for long
	overQuota     reason = "over_quota"     // a direction carried as much as any may
	tooBig        reason = "too_big"        // a message was longer than allowed
	slow          reason = "slow"           // a party did not read, or did not finish a message
	text          reason = "text"           // a message was text
	protocolError reason = "protocol_error" // a frame was against RFC 6455
	crowded       reason = "crowded"        // the relay had no memory to give
	abandoned     reason = "abandoned"      // who asked left before the tunnel was made
	turnedAway    reason = "refused"        // the phone does not know the link
	untaken       reason = "untaken"        // the phone that was woken did not come
	shutdown      reason = "shutdown"       // the relay ends
)

func reasons() []reason {
	return []reason{
		finished, lost, unmet, overLife, idle, overQuota, tooBig, slow, text, protocolError, crowded,
		abandoned, turnedAway, untaken, shutdown,
	}
}

// toOther is the close code for the party that did not cause the end.
func (r reason) toOther() uint16 {
	switch r {
	case finished:
		return codeNormal
	case unmet, overLife, idle, overQuota, slow:
		return codePolicy
	case crowded:
		return codeTryAgain
	default:
		return codeGoingAway
	}
}

// breach is what a party did that ends its connection, and the code it is told.
// No code means that nothing is to be told.
type breach struct {
	reason reason
	code   uint16
}

func (b breach) Error() string { return "relay: " + string(b.reason) }

// farewell says that a party sent a close frame with this code.
type farewell uint16

func (farewell) Error() string { return "relay: farewell" }
