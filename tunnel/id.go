package tunnel

import (
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
)

// ID names a tunnel. Both ends derive it from the QR secret; with a linked phone
// the tunnel service chooses it.
type ID [16]byte

// RoutingID is how a tunnel service finds the tunnel again. It is chosen by the
// service; in ours the first byte names the node.
type RoutingID [3]byte

// ContactID is how a tunnel service reaches a phone that has linked with a client
// platform: opaque bytes, chosen by the service.
type ContactID []byte

// MaxContactID is how long a [ContactID] may be, in bytes. Ours have 33; the
// tokens that Android's phones use have a few hundred.
const MaxContactID = 1024

// ParseID reads the 32 hexadecimal digits of a path, in either case.
func ParseID(text string) (ID, error) {
	var id ID
	if err := parseHex(id[:], text); err != nil {
		return ID{}, fmt.Errorf("tunnel: tunnel id: %w", err)
	}
	return id, nil
}

// Text is how a path has it: upper case, as browsers write it.
func (id ID) Text() string { return upperHex(id[:]) }

// ParseRoutingID reads the 6 hexadecimal digits of a path or of the header
// X-caBLE-Routing-ID, in either case.
func ParseRoutingID(text string) (RoutingID, error) {
	var id RoutingID
	if err := parseHex(id[:], text); err != nil {
		return RoutingID{}, fmt.Errorf("tunnel: routing id: %w", err)
	}
	return id, nil
}

// Text is how a path has it: upper case, as browsers write it.
func (id RoutingID) Text() string { return upperHex(id[:]) }

// ParseContactID reads the last segment of a contact's path: base64url without
// padding or stray bits, of 1 to [MaxContactID] bytes.
func ParseContactID(text string) (ContactID, error) {
	if text == "" || len(text) > base64.RawURLEncoding.EncodedLen(MaxContactID) {
		return nil, errors.New("tunnel: contact id: has not 1 to 1024 bytes")
	}
	// The decoder skips line breaks.
	if strings.ContainsAny(text, "\r\n") {
		return nil, errors.New("tunnel: contact id: is not base64url without padding")
	}
	id, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil {
		// Not the decoder's error: it says where.
		return nil, errors.New("tunnel: contact id: is not base64url without padding")
	}
	return id, nil
}

// Text is how a path has it.
func (id ContactID) Text() string { return base64.RawURLEncoding.EncodeToString(id) }

func upperHex(b []byte) string { return strings.ToUpper(hex.EncodeToString(b)) }

func parseHex(into []byte, text string) error {
	if len(text) != hex.EncodedLen(len(into)) {
		return fmt.Errorf("has %d characters, not %d", len(text), hex.EncodedLen(len(into)))
	}
	if _, err := hex.Decode(into, []byte(text)); err != nil {
		return errors.New("is not hexadecimal")
	}
	return nil
}
