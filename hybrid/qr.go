package hybrid

import (
	"crypto/ecdh"
	"crypto/elliptic"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/hitherauth/hither/internal/cbor"
)

const (
	qrPrefix = "FIDO:/"
	// maxQRText is the number of digits that the largest of all QR codes holds.
	maxQRText = 7089
	// maxQRTime is the last second of the year 9999. Packages time and json have
	// surprises behind it.
	maxQRTime = 253402300799
)

// QRCode is what a client platform shows to a phone, CTAP 2.2 §11.5: its side of
// the handshake and the secret from which everything else comes. Whoever can read
// it can be the phone, if they are near.
type QRCode struct {
	// ClientKey is the public half of a P-256 key that is new for each code.
	ClientKey *ecdh.PublicKey
	Secret    QRSecret
	// KnownDomains is how many assigned tunnel domains the client platform knows,
	// see [QRCode.Knows].
	KnownDomains uint64
	// Time is the client platform's clock, in whole seconds; zero if it does not say.
	Time time.Time
	// Linking says that the client platform can remember the phone.
	Linking bool
	// Hint says what the client platform is going to ask for. It promises nothing.
	Hint Hint
}

// Hint is what a client platform says that it is going to ask for.
type Hint uint8

// The hints. What is unknown counts as the first.
const (
	HintGetAssertion   Hint = iota // "ga"
	HintMakeCredential             // "mc"
	HintPresentation               // "dcp": a digital credential is to be presented
	HintIssuance                   // "dci": a digital credential is to be issued
)

// String returns the hint as it is on the wire.
func (h Hint) String() string {
	switch h {
	case HintMakeCredential:
		return "mc"
	case HintPresentation:
		return "dcp"
	case HintIssuance:
		return "dci"
	default:
		return "ga"
	}
}

func parseHint(text string) Hint {
	for _, h := range []Hint{HintMakeCredential, HintPresentation, HintIssuance} {
		if text == h.String() {
			return h
		}
	}
	return HintGetAssertion
}

// Knows says whether the client platform can reach the tunnel service of a domain:
// a hashed one always, an assigned one if its table is long enough.
func (q QRCode) Knows(d Domain) bool {
	return d >= firstHashedDomain || d.known() && uint64(d) < q.KnownDomains
}

// Keys of the map in a QR code. Key 6 has had two meanings, of which neither
// concerns us, and it makes some phones refuse the code: it is not sent, and
// ignored like any key that is not here.
const (
	qrClientKey    = int64(0)
	qrSecret       = int64(1)
	qrKnownDomains = int64(2)
	qrTime         = int64(3)
	qrLinking      = int64(4)
	qrHint         = int64(5)
)

// Text returns what the QR code says: "FIDO:/" and digits, all of them in the
// alphanumeric set of QR codes. It is "" if ClientKey is not a P-256 key.
func (q QRCode) Text() string {
	if q.ClientKey == nil || q.ClientKey.Curve() != ecdh.P256() {
		return ""
	}
	m := map[any]any{
		qrClientKey:    compressed(q.ClientKey),
		qrSecret:       q.Secret.bytes(),
		qrKnownDomains: min(q.KnownDomains, math.MaxInt64),
		// Old Android without this key falls back to a revision that is gone.
		qrLinking: q.Linking,
		qrHint:    q.Hint.String(),
	}
	if seconds := q.Time.Unix(); seconds >= 0 && seconds <= maxQRTime {
		m[qrTime] = seconds
	}
	b, err := cbor.Encode(m)
	if err != nil {
		panic("hybrid: writing a QR code: " + err.Error()) // of types that are all known
	}
	return string(appendDigits([]byte(qrPrefix), b))
}

// ParseQRCode reads the text of a QR code. Its map must be canonical CBOR with a
// point of P-256 and a secret of 16 bytes; keys that it does not know it ignores.
// The prefix is taken in any case.
func ParseQRCode(text string) (QRCode, error) {
	q, err := parseQRCode(text)
	if err != nil {
		return QRCode{}, fmt.Errorf("hybrid: reading a QR code: %w", err)
	}
	return q, nil
}

func parseQRCode(text string) (QRCode, error) {
	if len(text) > maxQRText {
		return QRCode{}, fmt.Errorf("%d characters do not fit into one", len(text))
	}
	if len(text) < len(qrPrefix) || !strings.EqualFold(text[:len(qrPrefix)], qrPrefix) {
		return QRCode{}, errors.New("it does not begin with FIDO:/")
	}
	b, err := parseDigits(text[len(qrPrefix):])
	if err != nil {
		return QRCode{}, err
	}
	v, err := cbor.Decode(b)
	if err != nil {
		return QRCode{}, err
	}
	m, ok := v.(map[any]any)
	if !ok {
		return QRCode{}, fmt.Errorf("it holds %s instead of a map", cbor.Describe(v))
	}
	return qrCodeFromMap(m)
}

func qrCodeFromMap(m map[any]any) (q QRCode, err error) {
	clientKey, _ := m[qrClientKey].([]byte)
	if q.ClientKey, err = decompress(clientKey); err != nil {
		return QRCode{}, err
	}
	secret, _ := m[qrSecret].([]byte)
	const size = 16
	if len(secret) != size {
		return QRCode{}, fmt.Errorf("the secret is not %d bytes long", size)
	}
	q.Secret = QRSecretFromBytes([size]byte(secret))
	if v, ok := m[qrKnownDomains]; ok {
		n, ok := v.(int64)
		if !ok || n < 0 {
			return QRCode{}, errors.New("the number of known domains is no unsigned integer")
		}
		q.KnownDomains = uint64(n)
	}
	if v, ok := m[qrTime]; ok {
		seconds, ok := v.(int64)
		if !ok || seconds < 0 || seconds > maxQRTime {
			return QRCode{}, errors.New("the time is none between 1970 and 9999")
		}
		q.Time = time.Unix(seconds, 0)
	}
	if v, ok := m[qrLinking]; ok {
		if q.Linking, ok = v.(bool); !ok {
			return QRCode{}, fmt.Errorf("whether it can link is %s", cbor.Describe(v))
		}
	}
	if v, ok := m[qrHint]; ok {
		text, ok := v.(string)
		if !ok {
			return QRCode{}, fmt.Errorf("the hint is %s", cbor.Describe(v))
		}
		q.Hint = parseHint(text)
	}
	return q, nil
}

// compressed returns the 33 bytes of a point of P-256: the parity of Y, and X.
func compressed(key *ecdh.PublicKey) []byte {
	b := key.Bytes() // 4, X, Y
	return append([]byte{2 | b[64]&1}, b[1:33]...)
}

func decompress(b []byte) (*ecdh.PublicKey, error) {
	x, y := elliptic.UnmarshalCompressed(elliptic.P256(), b)
	if x == nil {
		return nil, errors.New("the client's key is no compressed point of P-256")
	}
	point := make([]byte, 65)
	point[0] = 4
	x.FillBytes(point[1:33])
	y.FillBytes(point[33:])
	return ecdh.P256().NewPublicKey(point)
}

// The digits of a QR code. Bytes are taken in groups of seven; each is a
// little-endian number, written in as many digits as its largest value needs.
const (
	groupBytes  = 7
	groupDigits = 17
)

// digitsOf are how many digits a group of so many bytes has.
func digitsOf(n int) int { return [groupBytes + 1]int{0, 3, 5, 8, 10, 13, 15, groupDigits}[n] }

func appendDigits(text, b []byte) []byte {
	for group := range slices.Chunk(b, groupBytes) {
		var padded [8]byte
		copy(padded[:], group)
		digits := strconv.FormatUint(binary.LittleEndian.Uint64(padded[:]), 10)
		for range digitsOf(len(group)) - len(digits) {
			text = append(text, '0')
		}
		text = append(text, digits...)
	}
	return text
}

func parseDigits(digits string) ([]byte, error) {
	b := make([]byte, 0, len(digits)/groupDigits*groupBytes+groupBytes)
	for len(digits) > 0 {
		group := digits[:min(len(digits), groupDigits)]
		digits = digits[len(group):]
		n := 1
		for n < groupBytes && digitsOf(n) < len(group) {
			n++
		}
		if digitsOf(n) != len(group) {
			return nil, fmt.Errorf("%d digits at the end are no whole number of bytes", len(group))
		}
		v, err := strconv.ParseUint(group, 10, 8*n)
		switch {
		case errors.Is(err, strconv.ErrRange):
			return nil, fmt.Errorf("%d digits stand for more than %d bytes", len(group), n)
		case err != nil:
			return nil, errors.New("there is something between the digits")
		}
		b = append(b, binary.LittleEndian.AppendUint64(nil, v)[:n]...)
	}
	return b, nil
}
