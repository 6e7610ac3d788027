package webauthntest

import (
	"encoding/binary"
	"slices"
)

// Flags of authenticator data ([WebAuthn L3 §6.1]).
//
// [WebAuthn L3 §6.1]: https://www.w3.org/TR/webauthn-3/#sctn-authenticator-data
const (
	FlagUserPresent            byte = 1 << 0
	FlagReserved1              byte = 1 << 1
	FlagUserVerified           byte = 1 << 2
	FlagBackupEligible         byte = 1 << 3
	FlagBackupState            byte = 1 << 4
	FlagReserved5              byte = 1 << 5
	FlagAttestedCredentialData byte = 1 << 6
	FlagExtensionData          byte = 1 << 7
)

// AuthenticatorData is authenticator data in its parts. Flags and parts are written independently of each other.
type AuthenticatorData struct {
	RPIDHash  []byte // 32 octets when valid
	Flags     byte
	SignCount uint32
	Attested  *AttestedCredential // nil: none
	// Extensions is the CBOR map of extension outputs; nil: none. SetExtensions sets the flag too.
	Extensions []byte
	// Trailing stands behind everything.
	Trailing []byte
}

// AttestedCredential is attested credential data in its parts.
type AttestedCredential struct {
	AAGUID       []byte // 16 octets when valid
	CredentialID []byte
	// IDLength is what the length field claims; nil: the truth.
	IDLength *uint16
	Key      CBORObject
	// RawKey, if not nil, is written in place of Key.
	RawKey []byte
}

// SetExtensions sets extension outputs and their flag.
func (d *AuthenticatorData) SetExtensions(outputs CBOR) {
	d.Extensions = outputs
	d.Flags |= FlagExtensionData
}

// Encode writes authenticator data.
func (d *AuthenticatorData) Encode() []byte {
	out := slices.Concat(d.RPIDHash, []byte{d.Flags})
	out = binary.BigEndian.AppendUint32(out, d.SignCount)
	if d.Attested != nil {
		out = append(out, d.Attested.Encode()...)
	}
	return slices.Concat(out, d.Extensions, d.Trailing)
}

// Encode writes attested credential data.
func (c *AttestedCredential) Encode() []byte {
	length := uint16(len(c.CredentialID)) // an ID that is too long overflows the field in what is sent, too
	if c.IDLength != nil {
		length = *c.IDLength
	}
	return slices.Concat(c.AAGUID, binary.BigEndian.AppendUint16(nil, length), c.CredentialID, c.key())
}

func (c *AttestedCredential) key() []byte {
	if c.RawKey != nil {
		return c.RawKey
	}
	return c.Key.Encode()
}
