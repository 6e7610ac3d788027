package hybrid

import (
	"crypto/ecdh"

	"github.com/hitherauth/hither/hybrid/internal/noise"
	"github.com/hitherauth/hither/internal/secret"
	"github.com/hitherauth/hither/tunnel"
)

// What the tests need that is nobody else's business.

// Digits writes b as the digits of a QR code.
func Digits(b []byte) string { return string(appendDigits(nil, b)) }

// ParseDigits reads the digits of a QR code.
func ParseDigits(digits string) ([]byte, error) { return parseDigits(digits) }

// Derive is the key schedule with the secret and the salt of a vector.
func Derive(ikm, salt []byte, p uint32, n int) []byte {
	out := make([]byte, n)
	derive(out, ikm, salt, purpose(p))
	return out
}

// Reveal gives up what does not print.
func (s QRSecret) Reveal() []byte { return s.bytes() }

// Reveal gives up what does not print.
func (k EIDKey) Reveal() []byte {
	b := secret.Reveal(k.hidden)
	return b[:]
}

// Reveal gives up what does not print.
func (p PSK) Reveal() []byte { return p.bytes()[:] }

// SealRecord makes a record.
func SealRecord(state *noise.CipherState, plaintext []byte) ([]byte, error) {
	return sealRecord(state, plaintext)
}

// OpenRecord reads a record.
func OpenRecord(state *noise.CipherState, record []byte) ([]byte, error) {
	return openRecord(state, record)
}

// AppendFrame writes a frame.
func AppendFrame(b []byte, kind byte, payload []byte) []byte {
	return frame{kind: frameType(kind), payload: payload}.append(b)
}

// ParseFrame reads a frame.
func ParseFrame(plaintext []byte) (kind byte, payload []byte, err error) {
	f, err := parseFrame(plaintext)
	return byte(f.kind), f.payload, err
}

// PostHandshake is the message after the handshake.
type PostHandshake struct {
	Info     []byte
	Features []string
	Linking  *LinkingInfo
}

// Append writes the message.
func (p PostHandshake) Append(b []byte) ([]byte, error) {
	return postHandshake{info: p.Info, features: p.Features}.append(b)
}

// ParsePostHandshake reads the message.
func ParsePostHandshake(b []byte) (PostHandshake, error) {
	p, err := parsePostHandshake(b)
	return PostHandshake{p.info, p.features, exported(p.linking)}, err
}

// LinkingInfo is what a phone gives to be remembered by.
type LinkingInfo struct {
	ContactID tunnel.ContactID
	LinkID    LinkID
	Secret    [32]byte
	PhoneKey  *ecdh.PublicKey
	Name      string
	Proof     [32]byte
}

func exported(l *linkingInfo) *LinkingInfo {
	if l == nil {
		return nil
	}
	return &LinkingInfo{l.contactID, l.linkID, l.secret.Bytes(), l.phoneKey, l.name, l.proof}
}

func (l *LinkingInfo) internal() *linkingInfo {
	if l == nil {
		return nil
	}
	return &linkingInfo{l.ContactID, l.LinkID, LinkSecretFromBytes(l.Secret), l.PhoneKey, l.Name, l.Proof}
}

// Proven judges the proof.
func (l *LinkingInfo) Proven(own *ecdh.PrivateKey, handshakeHash [32]byte) bool {
	return l.internal().proven(own, handshakeHash)
}

// LinkProof makes a proof.
func LinkProof(own *ecdh.PrivateKey, other *ecdh.PublicKey, handshakeHash [32]byte) ([32]byte, error) {
	return linkProof(own, other, handshakeHash)
}

// AppendUpdate writes the payload of an update frame.
func AppendUpdate(b []byte, l *LinkingInfo) ([]byte, error) {
	return update{l.internal()}.append(b)
}

// ParseUpdate reads the payload of an update frame.
func ParseUpdate(b []byte) (*LinkingInfo, error) {
	u, err := parseUpdate(b)
	return exported(u.linking), err
}

// ClientPayload is what a client platform says to a linked phone beforehand.
type ClientPayload struct {
	LinkID LinkID
	Nonce  ClientNonce
	Hint   Hint
}

// Append writes the payload.
func (p ClientPayload) Append(b []byte) ([]byte, error) {
	return clientPayload{p.LinkID, p.Nonce, p.Hint}.append(b)
}

// ParseClientPayload reads a payload.
func ParseClientPayload(b []byte) (ClientPayload, error) {
	p, err := parseClientPayload(b)
	return ClientPayload{p.linkID, p.nonce, p.hint}, err
}
