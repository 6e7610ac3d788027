package hybrid

import (
	"crypto/hkdf"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/binary"

	"github.com/hitherauth/hither/hybrid/internal/noise"
	"github.com/hitherauth/hither/internal/secret"
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
type QRSecret struct{ hidden[[16]byte] }

// LinkSecret is what a phone and a client platform share once they have linked.
type LinkSecret struct{ hidden[[32]byte] }

// ClientNonce makes the EID key of each state-assisted transaction another one,
// so that adverts of one phone cannot be told to be of one phone. It is no secret:
// the tunnel service carries it.
type ClientNonce [16]byte

// EIDKey encrypts adverts, see [EIDKey.Seal] and [EIDKey.Open].
type EIDKey struct {
	hidden[[64]byte] // AES-256 key, HMAC-SHA-256 key

	linked bool // from a link secret: the EID has no structure
}

// PSK is the pre-shared key of the handshake. Whoever has it has seen the QR code
// (or holds the link secret) and has heard the advert.
type PSK struct{ hidden[[noise.KeySize]byte] }

// QRSecretFromBytes makes a QR secret of 16 random bytes.
func QRSecretFromBytes(b [16]byte) QRSecret { return QRSecret{secret.Hide(b)} }

// Equal compares in constant time.
func (s QRSecret) Equal(t QRSecret) bool {
	return subtle.ConstantTimeCompare(s.bytes(), t.bytes()) == 1
}

func (s QRSecret) bytes() []byte {
	b := secret.Reveal(s.hidden)
	return b[:]
}

// EIDKey is the key of the advert of a QR-initiated transaction.
func (s QRSecret) EIDKey() EIDKey {
	var k [64]byte
	derive(k[:], s.bytes(), nil, purposeEIDKey)
	return EIDKey{hidden: secret.Hide(k)}
}

// TunnelID is the tunnel of a QR-initiated transaction. The tunnel service learns
// it, and nothing about the secret from it.
func (s QRSecret) TunnelID() (id tunnel.ID) {
	derive(id[:], s.bytes(), nil, purposeTunnelID)
	return id
}

// PSK is the pre-shared key of a QR-initiated transaction whose advert holds eid.
func (s QRSecret) PSK(eid EID) PSK { return derivePSK(s.bytes(), eid) }

// LinkSecretFromBytes makes a link secret of 32 random bytes.
func LinkSecretFromBytes(b [32]byte) LinkSecret { return LinkSecret{secret.Hide(b)} }

// Bytes gives a copy of the secret up, for a store. What it returns prints.
func (s LinkSecret) Bytes() [32]byte { return secret.Reveal(s.hidden) }

// Equal compares in constant time.
func (s LinkSecret) Equal(t LinkSecret) bool {
	a, b := s.Bytes(), t.Bytes()
	return subtle.ConstantTimeCompare(a[:], b[:]) == 1
}

// EIDKey is the key of the advert of the state-assisted transaction to which the
// client platform gave nonce.
func (s LinkSecret) EIDKey(nonce ClientNonce) EIDKey {
	b := s.Bytes()
	var k [64]byte
	derive(k[:], b[:], nonce[:], purposeEIDKey)
	return EIDKey{hidden: secret.Hide(k), linked: true}
}

// PSK is the pre-shared key of a state-assisted transaction whose advert holds eid.
func (s LinkSecret) PSK(eid EID) PSK {
	b := s.Bytes()
	return derivePSK(b[:], eid)
}

func derivePSK(ikm []byte, eid EID) PSK {
	var p [noise.KeySize]byte
	derive(p[:], ikm, eid[:], purposePSK)
	return PSK{secret.Hide(p)}
}

// Equal compares in constant time.
func (k EIDKey) Equal(l EIDKey) bool {
	a, b := secret.Reveal(k.hidden), secret.Reveal(l.hidden)
	return subtle.ConstantTimeCompare(a[:], b[:]) == 1
}

// Equal compares in constant time.
func (p PSK) Equal(q PSK) bool { return subtle.ConstantTimeCompare(p.bytes()[:], q.bytes()[:]) == 1 }

// bytes is a copy, as the handshake takes it.
func (p PSK) bytes() *[noise.KeySize]byte { return new(secret.Reveal(p.hidden)) }

// purpose says what a derived value is for. Chromium has more of them, which
// never leave a phone.
type purpose uint32

const (
	purposeEIDKey   purpose = 1
	purposeTunnelID purpose = 2
	purposePSK      purpose = 3
)

// derive fills out. The info of HKDF is the purpose in four bytes, little-endian.
func derive(out, ikm, salt []byte, p purpose) {
	info := binary.LittleEndian.AppendUint32(nil, uint32(p))
	key, err := hkdf.Key(sha256.New, ikm, salt, string(info), len(out))
	if err != nil {
		panic("hybrid: deriving a key: " + err.Error()) // of lengths that are constants of this file
	}
	copy(out, key)
	clear(key)
}
