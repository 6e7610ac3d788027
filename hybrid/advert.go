package hybrid

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"log/slog"

	"github.com/hitherauth/hither/internal/secret"
	"github.com/hitherauth/hither/tunnel"
)

const (
	// AdvertSize is the length of the service data that is sent.
	AdvertSize = 20
	tagSize    = 4
)

// EID is what an advert says to those who can decrypt it. Of a QR-initiated
// transaction:
//
//	offset  length  field
//	0       1       reserved, 0
//	1       10      nonce, random
//	11      3       routing ID, from the tunnel service
//	14      2       tunnel domain, little-endian
//
// Of a state-assisted one bytes 1 to 15 are random. Either way it is the salt of
// the PSK, known only to those who heard the advert, and so it does not print.
type EID [16]byte

// NewEID makes the EID of a QR-initiated transaction. random is where its nonce
// comes from; nil means crypto/rand.
func NewEID(random io.Reader, routing tunnel.RoutingID, domain Domain) (EID, error) {
	if !domain.known() {
		return EID{}, fmt.Errorf("hybrid: no tunnel service is assigned to domain %d", domain)
	}
	var eid EID
	if err := fill(random, eid[1:11]); err != nil {
		return EID{}, err
	}
	copy(eid[11:14], routing[:])
	binary.LittleEndian.PutUint16(eid[14:], uint16(domain))
	return eid, nil
}

// NewLinkedEID makes the EID of a state-assisted transaction. random is where it
// comes from; nil means crypto/rand.
//
// Chromium as a client platform looks for a tunnel domain in it all the same and
// would not hear 254 of 65,536 of the possible ones. They are not made.
func NewLinkedEID(random io.Reader) (EID, error) {
	const enough = 64 // 254/65,536 to the power of 64
	for range enough {
		var eid EID
		if err := fill(random, eid[1:]); err != nil {
			return EID{}, err
		}
		if eid.Domain().known() {
			return eid, nil
		}
	}
	return EID{}, errors.New("hybrid: the source of random numbers repeats itself")
}

func fill(random io.Reader, b []byte) error {
	if random == nil {
		random = rand.Reader
	}
	if _, err := io.ReadFull(random, b); err != nil {
		return fmt.Errorf("hybrid: reading random numbers: %w", err)
	}
	return nil
}

// Nonce returns the nonce of a QR-initiated transaction.
func (e EID) Nonce() [10]byte { return [10]byte(e[1:11]) }

// RoutingID returns how the tunnel service finds the tunnel of a QR-initiated transaction.
func (e EID) RoutingID() tunnel.RoutingID { return tunnel.RoutingID(e[11:14]) }

// Domain returns the tunnel service of a QR-initiated transaction.
func (e EID) Domain() Domain { return Domain(binary.LittleEndian.Uint16(e[14:])) }

// String returns a placeholder.
func (e EID) String() string { return hidden[EID]{}.String() }

// GoString returns a placeholder.
func (e EID) GoString() string { return hidden[EID]{}.String() }

// Format writes a placeholder for every verb.
func (e EID) Format(f fmt.State, r rune) { hidden[EID]{}.Format(f, r) }

// LogValue returns a placeholder.
func (e EID) LogValue() slog.Value { return hidden[EID]{}.LogValue() }

// MarshalText returns a placeholder.
func (e EID) MarshalText() ([]byte, error) { return hidden[EID]{}.MarshalText() }

// Seal makes the service data of an advert: one block of AES-256 and the first
// four bytes of its HMAC-SHA-256.
func (k EIDKey) Seal(eid EID) [AdvertSize]byte {
	var advert [AdvertSize]byte
	k.block().Encrypt(advert[:], eid[:])
	tag := k.tag([aes.BlockSize]byte(advert[:]))
	copy(advert[aes.BlockSize:], tag[:])
	return advert
}

// Open says whether service data is an advert made with this key, and what it
// holds. What follows the first 20 bytes, as CTAP 2.3 allows, is not looked at: the
// tag does not cover it. With a key of a QR code the tunnel domain must be known;
// with that of a linked phone there is none.
//
// An advert of somebody else passes once in 2^32 times; it fails in the handshake.
func (k EIDKey) Open(serviceData []byte) (EID, bool) {
	if len(serviceData) < AdvertSize {
		return EID{}, false
	}
	tag := k.tag([aes.BlockSize]byte(serviceData))
	if subtle.ConstantTimeCompare(tag[:], serviceData[aes.BlockSize:AdvertSize]) != 1 {
		return EID{}, false
	}
	var eid EID
	k.block().Decrypt(eid[:], serviceData[:aes.BlockSize])
	if eid[0] != 0 || !k.linked && !eid.Domain().known() {
		return EID{}, false
	}
	return eid, true
}

func (k EIDKey) block() cipher.Block {
	key := secret.Reveal(k.hidden)
	b, err := aes.NewCipher(key[:32])
	if err != nil {
		panic("hybrid: making an AES cipher: " + err.Error()) // of a length that is a constant
	}
	return b
}

// tag is HMAC-SHA-256, cut to four bytes, of a message as long as a block. It is
// written out because every advert in range costs one: crypto/hmac allocates its
// state for each, or keeps one that two goroutines must not share.
func (k EIDKey) tag(message [aes.BlockSize]byte) [tagSize]byte {
	both := secret.Reveal(k.hidden)
	key := both[32:]
	var inner [sha256.BlockSize + aes.BlockSize]byte
	var outer [sha256.BlockSize + sha256.Size]byte
	for i := range sha256.BlockSize {
		var b byte
		if i < len(key) {
			b = key[i]
		}
		inner[i], outer[i] = b^0x36, b^0x5c
	}
	copy(inner[sha256.BlockSize:], message[:])
	digest := sha256.Sum256(inner[:])
	copy(outer[sha256.BlockSize:], digest[:])
	digest = sha256.Sum256(outer[:])
	return [tagSize]byte(digest[:])
}
