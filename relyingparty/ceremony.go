package relyingparty

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"golang.org/x/crypto/cryptobyte"

	"github.com/hitherauth/hither/webauthn"
)

// Limits of what a ceremony holds.
const (
	// MaxAttachment is the most bytes of its own that a caller may put into a ceremony.
	MaxAttachment = 1024
	// MaxAllow is the most credentials that an identified authentication asks for.
	MaxAllow      = 128
	challengeSize = 32
	// maxSealed bounds the text of a sealed ceremony; the largest that is made is shorter.
	maxSealed = 8192
	// maxClockSkew is how far ahead of ours the clock of another node may be.
	maxClockSkew = time.Minute
)

// CeremonyID names a ceremony once and for all; what the table of spent
// ceremonies holds. It begins with the time at which the ceremony began,
// milliseconds since 1970 in 48 bits, so that ids that are spent together lie
// together in an index; the other 80 bits are random.
type CeremonyID [16]byte

func newCeremonyID(at time.Time, random [10]byte) CeremonyID {
	var id CeremonyID
	binary.BigEndian.PutUint64(id[:], uint64(at.UnixMilli())<<16)
	copy(id[6:], random[:])
	return id
}

// String returns the id in hex.
func (id CeremonyID) String() string { return hex.EncodeToString(id[:]) }

// SealedCeremony is the opaque text handed to the client: unpadded base64url,
// at most 8 KiB.
type SealedCeremony string

// Binding ties a ceremony to whoever began it: for a server, something derived
// from the browser's cookie and the session. Begin and open need the same bytes;
// the ceremony carries their hash. Empty binds to nobody in particular.
type Binding []byte

// The verbs, as they stand in what a sealed ceremony authenticates.
const (
	verbRegistration   = "registration"
	verbAuthentication = "authentication"
)

// ceremony is what both kinds have in common, as sealed.
type ceremony struct {
	id               CeremonyID
	challenge        []byte   // challengeSize bytes
	binding          [32]byte // SHA-256
	issuedAt         time.Time
	expiresAt        time.Time
	userVerification bool // required
	identified       bool
	userHandle       []byte // nil: none
	algorithms       []webauthn.Algorithm
	allowed          [][32]byte // SHA-256 of credential ids
	attachment       []byte     // nil: none
}

// begin makes a ceremony with a fresh id and challenge. The caller fills in the rest.
func (rp *RelyingParty) begin(b Binding, attachment []byte) (ceremony, error) {
	if len(attachment) > MaxAttachment {
		return ceremony{}, fmt.Errorf("relyingparty: an attachment of %d bytes is longer than %d", len(attachment), MaxAttachment)
	}
	random, err := rp.random(10 + challengeSize)
	if err != nil {
		return ceremony{}, err
	}
	now := time.Unix(0, rp.now().UnixNano()) // drops the monotonic reading: other nodes cannot share it
	return ceremony{
		id:               newCeremonyID(now, [10]byte(random[:10])),
		challenge:        random[10:],
		binding:          sha256.Sum256(b),
		issuedAt:         now,
		expiresAt:        now.Add(rp.timeout),
		userVerification: rp.userVerification == webauthn.UserVerificationRequired,
		attachment:       slices.Clone(attachment),
	}, nil
}

func (rp *RelyingParty) seal(verb string, c ceremony) (SealedCeremony, error) {
	plaintext, err := c.marshal()
	if err != nil {
		return "", fmt.Errorf("relyingparty: encoding the ceremony: %w", err)
	}
	sealed, err := rp.keyring.seal(rp.rand, rp.now(), rp.sealDomain(verb), plaintext)
	if err != nil {
		return "", err
	}
	return SealedCeremony(base64.RawURLEncoding.EncodeToString(sealed)), nil
}

// open checks the seal, then the binding, then the time.
func (rp *RelyingParty) open(verb string, s SealedCeremony, b Binding) (ceremony, error) {
	c, err := rp.unseal(verb, s)
	if err != nil {
		return ceremony{}, &VerificationError{Check: CheckCeremony, Err: err}
	}
	hash := sha256.Sum256(b)
	if subtle.ConstantTimeCompare(hash[:], c.binding[:]) != 1 {
		return ceremony{}, refuse(CheckBinding, "begun by another browser or session")
	}
	now := rp.now()
	if c.issuedAt.Sub(now) > maxClockSkew {
		return ceremony{}, refuse(CheckExpiry, "begun %v in the future", c.issuedAt.Sub(now).Round(time.Second))
	}
	if !now.Before(c.expiresAt) {
		return ceremony{}, refuse(CheckExpiry, "expired %v ago", now.Sub(c.expiresAt).Round(time.Second))
	}
	return c, nil
}

func (rp *RelyingParty) unseal(verb string, s SealedCeremony) (ceremony, error) {
	if len(s) > maxSealed {
		return ceremony{}, fmt.Errorf("%d characters, more than %d", len(s), maxSealed)
	}
	sealed, err := webauthn.ParseBase64URL(string(s))
	if err != nil {
		return ceremony{}, errors.New("not unpadded base64url")
	}
	plaintext, err := rp.keyring.open(sealed, rp.sealDomain(verb))
	if err != nil {
		return ceremony{}, err
	}
	return unmarshalCeremony(plaintext)
}

// sealDomain is the additional data of a sealed ceremony beside the key's id:
// one that was sealed for another verb or RP ID does not open.
func (rp *RelyingParty) sealDomain(verb string) []byte {
	return []byte("hither ceremony\x00" + verb + "\x00" + rp.id)
}

// A ceremony is encoded in one way only:
//
//	version        1 byte, 1
//	flags          1 byte, see below
//	id             16 bytes
//	challenge      32 bytes
//	binding        32 bytes
//	issued at      8 bytes, nanoseconds since 1970
//	life           8 bytes, nanoseconds, not zero
//	user handle    length (1 byte, at most 64), bytes; length 0 if none
//	algorithms     number (1 byte), 4 bytes each (two's complement)
//	allowed        number (1 byte), 32 bytes each
//	attachment     length (2 bytes), bytes; length 0 if none
const (
	ceremonyVersion = 1

	flagUserVerification = 1 << 0
	flagIdentified       = 1 << 1
)

func (c ceremony) marshal() ([]byte, error) {
	var flags uint8
	if c.userVerification {
		flags |= flagUserVerification
	}
	if c.identified {
		flags |= flagIdentified
	}
	b := cryptobyte.NewBuilder(make([]byte, 0, 128+len(c.userHandle)+4*len(c.algorithms)+32*len(c.allowed)+len(c.attachment)))
	b.AddUint8(ceremonyVersion)
	b.AddUint8(flags)
	b.AddBytes(c.id[:])
	b.AddBytes(c.challenge)
	b.AddBytes(c.binding[:])
	b.AddUint64(uint64(c.issuedAt.UnixNano()))
	b.AddUint64(uint64(c.expiresAt.Sub(c.issuedAt))) //nolint:gosec // a timeout, at most ten minutes
	b.AddUint8LengthPrefixed(addBytes(c.userHandle))
	b.AddUint8(uint8(len(c.algorithms))) //nolint:gosec // New keeps them few
	for _, a := range c.algorithms {
		b.AddUint32(uint32(a)) //nolint:gosec // two's complement of a COSE identifier that New knows
	}
	b.AddUint8(uint8(len(c.allowed))) //nolint:gosec // at most MaxAllow
	for _, id := range c.allowed {
		b.AddBytes(id[:])
	}
	b.AddUint16LengthPrefixed(addBytes(c.attachment))
	return b.Bytes()
}

func addBytes(v []byte) cryptobyte.BuilderContinuation {
	return func(b *cryptobyte.Builder) { b.AddBytes(v) }
}

var errCeremonyEncoding = errors.New("sealed by us, but not a ceremony of this version")

func unmarshalCeremony(b []byte) (ceremony, error) {
	c := ceremony{challenge: make([]byte, challengeSize)}
	s := cryptobyte.String(b)
	var version, flags uint8
	var issued, life uint64
	if !s.ReadUint8(&version) || version != ceremonyVersion ||
		!s.ReadUint8(&flags) || flags&^(flagUserVerification|flagIdentified) != 0 ||
		!s.CopyBytes(c.id[:]) || !s.CopyBytes(c.challenge) || !s.CopyBytes(c.binding[:]) ||
		!s.ReadUint64(&issued) || !s.ReadUint64(&life) || life == 0 || life > uint64(MaxTimeout) ||
		!c.readUserHandle(&s) || !c.readAlgorithms(&s) || !c.readAllowed(&s) || !c.readAttachment(&s) ||
		!s.Empty() {
		return ceremony{}, errCeremonyEncoding
	}
	c.userVerification = flags&flagUserVerification != 0
	c.identified = flags&flagIdentified != 0
	c.issuedAt = time.Unix(0, int64(issued))
	c.expiresAt = c.issuedAt.Add(time.Duration(int64(life)))
	return c, nil
}

func (c *ceremony) readUserHandle(s *cryptobyte.String) bool {
	var v cryptobyte.String
	if !s.ReadUint8LengthPrefixed(&v) || len(v) > maxUserHandle {
		return false
	}
	if len(v) > 0 {
		c.userHandle = slices.Clone([]byte(v))
	}
	return true
}

func (c *ceremony) readAlgorithms(s *cryptobyte.String) bool {
	var n uint8
	if !s.ReadUint8(&n) {
		return false
	}
	for range n {
		var a uint32
		if !s.ReadUint32(&a) {
			return false
		}
		c.algorithms = append(c.algorithms, webauthn.Algorithm(int32(a)))
	}
	return true
}

func (c *ceremony) readAllowed(s *cryptobyte.String) bool {
	var n uint8
	if !s.ReadUint8(&n) || n > MaxAllow {
		return false
	}
	for range n {
		var id [32]byte
		if !s.CopyBytes(id[:]) {
			return false
		}
		c.allowed = append(c.allowed, id)
	}
	return true
}

func (c *ceremony) readAttachment(s *cryptobyte.String) bool {
	var v cryptobyte.String
	if !s.ReadUint16LengthPrefixed(&v) || len(v) > MaxAttachment {
		return false
	}
	if len(v) > 0 {
		c.attachment = slices.Clone([]byte(v))
	}
	return true
}

// allows reports whether id is one of the credentials that the ceremony asked for.
func (c ceremony) allows(id []byte) bool {
	return slices.Contains(c.allowed, sha256.Sum256(id))
}

// RegistrationCeremony is a registration from begin to finish. Made by
// OpenRegistration only; the zero value finishes nothing. It prints as its id.
type RegistrationCeremony struct {
	ID         CeremonyID
	UserHandle []byte
	IssuedAt   time.Time
	ExpiresAt  time.Time
	Attachment []byte // what the caller put in; nil: nothing

	opened *ceremony // what was asked for; nil in a value that was not opened
}

// String returns the kind and the id.
func (c RegistrationCeremony) String() string { return verbRegistration + " " + c.ID.String() }

// GoString is String.
func (c RegistrationCeremony) GoString() string { return c.String() }

// LogValue is the id.
func (c RegistrationCeremony) LogValue() slog.Value { return slog.StringValue(c.String()) }

// AuthenticationCeremony is an authentication from begin to finish. Made by
// OpenAuthentication only; the zero value finishes nothing. It prints as its id.
type AuthenticationCeremony struct {
	ID         CeremonyID
	Identified bool
	UserHandle []byte // nil in a discoverable ceremony, and in one for a name that nobody has
	IssuedAt   time.Time
	ExpiresAt  time.Time
	Attachment []byte // what the caller put in; nil: nothing

	opened *ceremony // what was asked for; nil in a value that was not opened
}

// String returns the kind and the id.
func (c AuthenticationCeremony) String() string { return verbAuthentication + " " + c.ID.String() }

// GoString is String.
func (c AuthenticationCeremony) GoString() string { return c.String() }

// LogValue is the id.
func (c AuthenticationCeremony) LogValue() slog.Value { return slog.StringValue(c.String()) }
