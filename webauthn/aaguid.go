package webauthn

import (
	"encoding/hex"
	"errors"
)

// AAGUID says which model an authenticator is. All zeros say nothing.
// It prints and travels in JSON as a UUID: "ee882879-721c-4913-9775-3dfcce97072a".
type AAGUID [16]byte

// ParseAAGUID reads a UUID of 32 hexadecimal digits, in either case, and four
// hyphens. The error is a [*ParseError].
func ParseAAGUID(s string) (AAGUID, error) {
	malformed := errors.New("an AAGUID has the form of a UUID: 8, 4, 4, 4 and 12 hexadecimal digits")
	if len(s) != 36 || s[8] != '-' || s[13] != '-' || s[18] != '-' || s[23] != '-' {
		return AAGUID{}, within("", malformed)
	}
	var a AAGUID
	if _, err := hex.Decode(a[:], []byte(s[:8]+s[9:13]+s[14:18]+s[19:23]+s[24:])); err != nil {
		return AAGUID{}, within("", malformed)
	}
	return a, nil
}

// String returns a as a UUID in lower case.
func (a AAGUID) String() string {
	digits := hex.EncodeToString(a[:])
	return digits[:8] + "-" + digits[8:12] + "-" + digits[12:16] + "-" + digits[16:20] + "-" + digits[20:]
}

// MarshalText returns what String returns. It never fails.
func (a AAGUID) MarshalText() ([]byte, error) { return []byte(a.String()), nil }

// UnmarshalText sets a as [ParseAAGUID] does; with an error a is unchanged.
func (a *AAGUID) UnmarshalText(text []byte) error {
	parsed, err := ParseAAGUID(string(text))
	if err != nil {
		return err
	}
	*a = parsed
	return nil
}
