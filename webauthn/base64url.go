package webauthn

import (
	"encoding/base64"
	"errors"
	"strings"
)

// Bytes is a byte string that travels in JSON as base64url without padding.
// It prints that way too, so it is not for secrets.
type Bytes []byte

// ParseBase64URL decodes s, which must be the one unpadded base64url text that
// encodes its bytes: no padding, no line breaks, no characters of plain base64,
// no bits after the last byte. An empty s gives empty, non-nil Bytes. The error
// is a [*ParseError].
func ParseBase64URL(s string) (Bytes, error) {
	b, err := decodeBase64URL(s)
	if err != nil {
		return nil, within("", err)
	}
	return b, nil
}

// String returns b in base64url.
func (b Bytes) String() string { return base64.RawURLEncoding.EncodeToString(b) }

// MarshalText returns b in base64url. It never fails.
func (b Bytes) MarshalText() ([]byte, error) {
	return base64.RawURLEncoding.AppendEncode(nil, b), nil
}

// UnmarshalText sets b as [ParseBase64URL] does; with an error b is unchanged.
func (b *Bytes) UnmarshalText(text []byte) error {
	decoded, err := ParseBase64URL(string(text))
	if err != nil {
		return err
	}
	*b = decoded
	return nil
}

func decodeBase64URL(s string) (Bytes, error) {
	// The strict decoder checks the last bits, and still skips line breaks.
	if strings.IndexByte(s, '\n') >= 0 || strings.IndexByte(s, '\r') >= 0 {
		return nil, errors.New("line breaks in base64url")
	}
	b, err := base64.RawURLEncoding.Strict().DecodeString(s)
	if err != nil {
		return nil, errors.New("not unpadded base64url")
	}
	return b, nil
}
