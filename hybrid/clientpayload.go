package hybrid

import (
	"errors"
	"fmt"

	"github.com/hitherauth/hither/internal/cbor"
)

// clientPayload is what a client platform says to a linked phone by way of the
// tunnel service, which can read it: a header of the contact request.
type clientPayload struct {
	linkID LinkID
	nonce  ClientNonce
	hint   Hint
}

// Keys of the map.
const (
	payloadLinkID = int64(1)
	payloadNonce  = int64(2)
	payloadHint   = int64(3)
)

// maxClientPayload is how long a client payload may be, in bytes. Ours have 33 or 34.
const maxClientPayload = 256

// append appends the payload to b.
func (p clientPayload) append(b []byte) ([]byte, error) {
	text, err := cbor.Encode(map[any]any{payloadLinkID: p.linkID[:], payloadNonce: p.nonce[:], payloadHint: p.hint.String()})
	if err != nil {
		return nil, err
	}
	return append(b, text...), nil
}

// parseClientPayload reads a payload. All three are required; what it does not know
// it ignores, and a hint that it does not know is the first.
func parseClientPayload(b []byte) (clientPayload, error) {
	if len(b) > maxClientPayload {
		return clientPayload{}, fmt.Errorf("a client payload of %d bytes", len(b))
	}
	v, err := cbor.Decode(b)
	if err != nil {
		return clientPayload{}, err
	}
	m, ok := v.(map[any]any)
	if !ok {
		return clientPayload{}, fmt.Errorf("a client payload is %s", cbor.Describe(v))
	}
	var p clientPayload
	linkID, _ := m[payloadLinkID].([]byte)
	nonce, _ := m[payloadNonce].([]byte)
	if len(linkID) != len(p.linkID) || len(nonce) != len(p.nonce) {
		return clientPayload{}, errors.New("a client payload has no link id of 8 bytes, or no nonce of 16")
	}
	copy(p.linkID[:], linkID)
	copy(p.nonce[:], nonce)
	hint, ok := m[payloadHint].(string)
	if !ok {
		return clientPayload{}, errors.New("a client payload has no hint")
	}
	p.hint = parseHint(hint)
	return p, nil
}
