package webauthn

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
)

// Ceremony types as they stand in client data.
const (
	TypeCreate = "webauthn.create"
	TypeGet    = "webauthn.get"
)

// maxClientData is the longest client data that is read, in bytes.
const maxClientData = 8 << 10

// ClientData is what the client vouches for, a CollectedClientData in
// [WebAuthn L3 §5.8.1]. The authenticator signs its hash.
//
// [WebAuthn L3 §5.8.1]: https://www.w3.org/TR/webauthn-3/#dictionary-client-data
type ClientData struct {
	Raw         []byte // the JSON text as it came
	Type        string // [TypeCreate], [TypeGet] or whatever else stood there
	Challenge   string // base64url text as it came, not decoded
	Origin      string
	CrossOrigin bool   // false when absent
	TopOrigin   string // "" when absent
}

// ParseClientData reads the JSON of client data, at most 8 KiB. The members type,
// challenge and origin must be there; crossOrigin and topOrigin need not. A
// byte-order mark in front is tolerated, as UTF-8 decoding demands; it stays in
// Raw. The result keeps b, which must not be changed afterwards.
func ParseClientData(b []byte) (ClientData, error) {
	if len(b) > maxClientData {
		return ClientData{}, malformed("", "%d bytes, more than the limit of %d", len(b), maxClientData)
	}
	c := ClientData{Raw: b}
	var hasType, hasChallenge, hasOrigin bool
	err := parseJSONObject(bytes.TrimPrefix(b, []byte("\ufeff")), func(dec *jsontext.Decoder, name string) (err error) {
		switch name {
		case "type":
			hasType = true
			c.Type, err = readString(dec)
		case "challenge":
			hasChallenge = true
			c.Challenge, err = readString(dec)
		case "origin":
			hasOrigin = true
			c.Origin, err = readString(dec)
		case "crossOrigin":
			c.CrossOrigin, err = readBool(dec)
		case "topOrigin":
			c.TopOrigin, err = readString(dec)
		default:
			return skipValue(dec)
		}
		return within(name, err)
	})
	switch {
	case err != nil:
		return ClientData{}, within("", err)
	case !hasType:
		return ClientData{}, within("type", errMissing)
	case !hasChallenge:
		return ClientData{}, within("challenge", errMissing)
	case !hasOrigin:
		return ClientData{}, within("origin", errMissing)
	}
	return c, nil
}

// Hash returns SHA-256 over Raw, every byte of it.
func (c ClientData) Hash() [32]byte { return sha256.Sum256(c.Raw) }

// NewClientData fills in Raw from the other members, by the serialization of
// [WebAuthn L3 §5.8.1.1]: one text for one value, which a verifier may compare
// without reading JSON. What is no UTF-8 in c becomes U+FFFD, there as here.
//
// [WebAuthn L3 §5.8.1.1]: https://www.w3.org/TR/webauthn-3/#clientdatajson-serialization
func NewClientData(c ClientData) ClientData {
	b := appendCCDString([]byte(`{"type":`), c.Type)
	b = appendCCDString(append(b, `,"challenge":`...), c.Challenge)
	b = appendCCDString(append(b, `,"origin":`...), c.Origin)
	b = fmt.Appendf(b, `,"crossOrigin":%t`, c.CrossOrigin)
	if c.TopOrigin != "" {
		b = appendCCDString(append(b, `,"topOrigin":`...), c.TopOrigin)
	}
	c.Raw = append(b, '}')
	return c
}

// appendCCDString is the specification's CCDToString. A JSON encoder escapes
// otherwise: the line break as \n, and often '<' and DEL.
func appendCCDString(b []byte, s string) []byte {
	b = append(b, '"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			b = append(b, '\\', byte(r))
		case r < ' ':
			b = fmt.Appendf(b, `\u%04x`, r)
		default:
			b = utf8.AppendRune(b, r)
		}
	}
	return append(b, '"')
}
