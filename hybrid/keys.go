package hybrid

import (
	"crypto/hkdf"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/binary"

	"github.com/hitherauth/hither/tunnel"
)

// The key schedule of the hybrid transport, CTAP 2.2 §11.5: everything comes from
// the QR secret or the link secret by HKDF-SHA-256 under a purpose.
//
//	value       from         salt           purpose
//	EID key     QR secret    none           1
//	tunnel ID   QR secret    none           2
//	PSK         QR secret    EID            3
//	EID key     link secret  client nonce   1
//	PSK         link secret  EID            3

// QRSecret is the secret that a QR code carries, new for each code.
type QRSecret struct {
	redacted
	b [16]byte
}

// LinkSecret is what a phone and a client platform share once they have linked.
type LinkSecret struct {
	redacted
	b [32]byte
}

// ClientNonce makes the EID key of each state-assisted transaction another one,
// so that adverts of one phone cannot be told to be of one phone. It is no secret:
// the tunnel service carries it.
type ClientNonce [16]byte

// EIDKey encrypts adverts, see [EIDKey.Seal] and [EIDKey.Open].
type EIDKey struct {
	redacted
	b      [64]byte // AES-256 key, HMAC-SHA-256 key
	linked bool     // from a link secret: the EID has no structure
}

// PSK is the pre-shared key of the handshake. Whoever has it has seen the QR code
// (or holds the link secret) and has heard the advert.
type PSK struct {
	redacted
	b [32]byte
}

// QRSecretFromBytes makes a QR secret of 16 random bytes.
func QRSecretFromBytes(b [16]byte) QRSecret { return QRSecret{b: b} }

// Equal compares in constant time.
func (s QRSecret) Equal(t QRSecret) bool { return subtle.ConstantTimeCompare(s.b[:], t.b[:]) == 1 }

// EIDKey is the key of the advert of a QR-initiated transaction.
func (s QRSecret) EIDKey() (k EIDKey) {
	derive(k.b[:], s.b[:], nil, purposeEIDKey)
	return k
}

// TunnelID is the tunnel of a QR-initiated transaction. The tunnel service learns
// it, and nothing about the secret from it.
func (s QRSecret) TunnelID() (id tunnel.ID) {
	derive(id[:], s.b[:], nil, purposeTunnelID)
	return id
}

// PSK is the pre-shared key of a QR-initiated transaction whose advert holds eid.
func (s QRSecret) PSK(eid EID) (p PSK) {
	derive(p.b[:], s.b[:], eid[:], purposePSK)
	return p
}

// LinkSecretFromBytes makes a link secret of 32 random bytes.
func LinkSecretFromBytes(b [32]byte) LinkSecret { return LinkSecret{b: b} }

// Bytes gives a copy of the secret up, for a store. What it returns prints.
func (s LinkSecret) Bytes() [32]byte { return s.b }

// Equal compares in constant time.
func (s LinkSecret) Equal(t LinkSecret) bool { return subtle.ConstantTimeCompare(s.b[:], t.b[:]) == 1 }

// EIDKey is the key of the advert of the state-assisted transaction to which the
// client platform gave nonce.
func (s LinkSecret) EIDKey(nonce ClientNonce) EIDKey {
	k := EIDKey{linked: true}
	derive(k.b[:], s.b[:], nonce[:], purposeEIDKey)
	return k
}

// PSK is the pre-shared key of a state-assisted transaction whose advert holds eid.
func (s LinkSecret) PSK(eid EID) (p PSK) {
	derive(p.b[:], s.b[:], eid[:], purposePSK)
	return p
}

// Equal compares in constant time.
func (k EIDKey) Equal(l EIDKey) bool { return subtle.ConstantTimeCompare(k.b[:], l.b[:]) == 1 }

// Equal compares in constant time.
func (p PSK) Equal(q PSK) bool { return subtle.ConstantTimeCompare(p.b[:], q.b[:]) == 1 }

// purpose says what a derived value is for. Chromium has more of them, which
// never leave a phone.
type purpose uint32

const (
	purposeEIDKey   purpose = 1
	purposeTunnelID purpose = 2
	purposePSK      purpose = 3
)

// derive fills out. The info of HKDF is the purpose in four bytes, little-endian.
func derive(out, secret, salt []byte, p purpose) {
	info := binary.LittleEndian.AppendUint32(nil, uint32(p))
	key, err := hkdf.Key(sha256.New, secret, salt, string(info), len(out))
	if err != nil {
		panic("hybrid: deriving a key: " + err.Error()) // of lengths that are constants of this file
	}
	copy(out, key)
	clear(key)
}
