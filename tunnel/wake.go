package tunnel

import (
	"bytes"
	"errors"
)

// What our service and a phone that listens say to each other: a byte that says
// what it is, then
//
//	service to phone: 01 ‖ tunnel id, 16 bytes ‖ routing id, 3 bytes ‖ client payload
//	phone to service: 02 ‖ tunnel id, 16 bytes
const (
	kindWake    = 1
	kindRefusal = 2

	wakeHead       = 1 + len(ID{}) + len(RoutingID{})
	maxWakePayload = 256
	refusalSize    = 1 + len(ID{})
)

// Wake says that somebody who has linked with this phone waits for it in a tunnel.
type Wake struct {
	ID        ID
	RoutingID RoutingID
	// Payload is the client payload as it came: the CBOR map {1: link id, 2: client
	// nonce, 3: hint}. Whoever knows the contact id can send any.
	Payload []byte
}

// Append appends the wake-up as our service sends it.
func (w Wake) Append(b []byte) []byte {
	b = append(b, kindWake)
	b = append(b, w.ID[:]...)
	b = append(b, w.RoutingID[:]...)
	return append(b, w.Payload...)
}

// ParseWake reads what [Wake.Append] wrote. It keeps no part of b.
func ParseWake(b []byte) (Wake, error) {
	if len(b) < wakeHead || len(b) > wakeHead+maxWakePayload || b[0] != kindWake {
		return Wake{}, errors.New("tunnel: the service sent something else than a wake-up")
	}
	var w Wake
	b = b[1:]
	b = b[copy(w.ID[:], b):]
	b = b[copy(w.RoutingID[:], b):]
	w.Payload = bytes.Clone(b)
	return w, nil
}

// AppendRefusal appends what a phone sends to have the wake-up with this id
// answered with 410.
func AppendRefusal(b []byte, id ID) []byte { return append(append(b, kindRefusal), id[:]...) }

// ParseRefusal reads what [AppendRefusal] wrote.
func ParseRefusal(b []byte) (ID, error) {
	if len(b) != refusalSize || b[0] != kindRefusal {
		return ID{}, errors.New("tunnel: the phone sent something else than a refusal")
	}
	return ID(b[1:]), nil
}
