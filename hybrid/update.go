package hybrid

import (
	"crypto/ecdh"
	"crypto/hmac"
	"crypto/sha256"
	"errors"
	"fmt"

	"github.com/hitherauth/hither/internal/cbor"
	"github.com/hitherauth/hither/tunnel"
)

// LinkID names a link to the phone that made it.
type LinkID [8]byte

// update is the payload of an update frame: what a phone says at any time after
// the post-handshake message, CTAP 2.2 §11.5. All that is defined is linking.
type update struct {
	linking *linkingInfo // nil: none
}

// linkingInfo is what a phone gives a client platform to be remembered by.
type linkingInfo struct {
	contactID tunnel.ContactID // how the tunnel service wakes the phone
	linkID    LinkID
	secret    LinkSecret
	phoneKey  *ecdh.PublicKey // long-term
	name      string          // a stranger's text
	proof     [32]byte        // see linkProof
}

// Keys of the two maps.
const (
	paddingKey    = int64(0)
	updateLinking = int64(1)

	linkingContactID = int64(1)
	linkingLinkID    = int64(2)
	linkingSecret    = int64(3)
	linkingPhoneKey  = int64(4)
	linkingName      = int64(5)
	linkingProof     = int64(6)
	// linkingNew is true in what phones with Google's services send. Nobody minds it.
	linkingNew = int64(999)
)

// updateFrameSize is how long the frame of every update is, type and all: its
// length does not tell the tunnel service whether the user has agreed.
const updateFrameSize = 512

// append appends the payload to b, so padded that its frame has updateFrameSize
// bytes. Too long a contact id or name is an error.
func (u update) append(b []byte) ([]byte, error) {
	m := map[any]any{}
	if u.linking != nil {
		m[updateLinking] = u.linking.toMap()
	}
	text, err := padded(m, updateFrameSize-1)
	if errors.Is(err, errPadding) && u.linking != nil {
		// A few lengths cannot be had. They can with four bytes more.
		linking := u.linking.toMap()
		linking[linkingNew] = true
		m[updateLinking] = linking
		text, err = padded(m, updateFrameSize-1)
	}
	if err != nil {
		return nil, err
	}
	return append(b, text...), nil
}

var errPadding = errors.New("the contact id and the name are too long for an update")

// padded encodes m with as much padding as makes it size bytes long.
func padded(m map[any]any, size int) ([]byte, error) {
	delete(m, paddingKey)
	text, err := cbor.Encode(m)
	if err != nil {
		return nil, err
	}
	left := size - len(text) - 1 // for a byte string behind its key
	switch {
	case left >= 1 && left <= 24:
		left--
	case left >= 26 && left <= 257:
		left -= 2
	case left >= 259:
		left -= 3
	default:
		return nil, errPadding
	}
	m[paddingKey] = make([]byte, left)
	return cbor.Encode(m)
}

// parseUpdate reads the payload of an update frame. What it does not know it
// ignores.
func parseUpdate(b []byte) (update, error) {
	v, err := cbor.Message.Decode(b)
	if err != nil {
		return update{}, err
	}
	m, ok := v.(map[any]any)
	if !ok {
		return update{}, fmt.Errorf("an update is %s", cbor.Describe(v))
	}
	if err := checkPadding(m); err != nil {
		return update{}, err
	}
	v, ok = m[updateLinking]
	if !ok {
		return update{}, nil
	}
	linking, ok := v.(map[any]any)
	if !ok {
		return update{}, fmt.Errorf("what a phone links with is %s", cbor.Describe(v))
	}
	info, err := linkingFromMap(linking)
	if err != nil {
		return update{}, err
	}
	return update{linking: &info}, nil
}

func (l *linkingInfo) toMap() map[any]any {
	secret := l.secret.Bytes()
	return map[any]any{
		linkingContactID: []byte(l.contactID),
		linkingLinkID:    l.linkID[:],
		linkingSecret:    secret[:],
		linkingPhoneKey:  l.phoneKey.Bytes(),
		linkingName:      l.name,
		linkingProof:     l.proof[:],
	}
}

// linkingFromMap wants all six, and a point of P-256. It does not know what would
// be a right proof.
func linkingFromMap(m map[any]any) (linkingInfo, error) {
	var l linkingInfo
	contactID, ok := m[linkingContactID].([]byte)
	if !ok {
		return linkingInfo{}, errors.New("linking: there is no contact id")
	}
	l.contactID = contactID
	var secret [32]byte
	for _, part := range []struct {
		key  int64
		to   []byte
		name string
	}{{linkingLinkID, l.linkID[:], "link id"}, {linkingSecret, secret[:], "link secret"}, {linkingProof, l.proof[:], "proof"}} {
		b, _ := m[part.key].([]byte)
		if len(b) != len(part.to) {
			return linkingInfo{}, fmt.Errorf("linking: there is no %s of %d bytes", part.name, len(part.to))
		}
		copy(part.to, b)
	}
	l.secret = LinkSecretFromBytes(secret)
	point, _ := m[linkingPhoneKey].([]byte)
	var err error
	if l.phoneKey, err = ecdh.P256().NewPublicKey(point); err != nil {
		return linkingInfo{}, errors.New("linking: the phone's key is no point of P-256")
	}
	if l.name, ok = m[linkingName].(string); !ok {
		return linkingInfo{}, errors.New("linking: there is no name")
	}
	return l, nil
}

// linkProof ties linking to the handshake in which it happens, and so to the QR
// code: a MAC of the handshake hash under what the phone's long-term key and the
// client platform's key of the QR code agree on. Each end has one of the two.
func linkProof(own *ecdh.PrivateKey, other *ecdh.PublicKey, handshakeHash [32]byte) ([32]byte, error) {
	shared, err := own.ECDH(other)
	if err != nil {
		return [32]byte{}, fmt.Errorf("proving a link: %w", err)
	}
	defer clear(shared)
	mac := hmac.New(sha256.New, shared)
	mac.Write(handshakeHash[:])
	return [32]byte(mac.Sum(nil)), nil
}

// proven says, in constant time, whether the phone has proved that it has its
// long-term key. own is the client platform's key of the QR code.
func (l *linkingInfo) proven(own *ecdh.PrivateKey, handshakeHash [32]byte) bool {
	proof, err := linkProof(own, l.phoneKey, handshakeHash)
	return err == nil && hmac.Equal(proof[:], l.proof[:])
}
