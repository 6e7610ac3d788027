package webauthn

import (
	"encoding/binary"

	"github.com/hitherauth/hither/internal/cbor"
)

const (
	// maxAuthenticatorData is the longest authenticator data that is read: a
	// credential id, a post-quantum key and some extensions fit well.
	maxAuthenticatorData = 8 << 10
	// maxCredentialID is the limit of [WebAuthn L3 §4], "credential ID".
	maxCredentialID = 1023
)

// Flags are the bits that the authenticator sets, [WebAuthn L3 §6.1]. Reserved
// bits are kept and mean nothing.
//
// [WebAuthn L3 §6.1]: https://www.w3.org/TR/webauthn-3/#authdata-flags
type Flags byte

const (
	flagUserPresent            Flags = 1 << 0
	flagUserVerified           Flags = 1 << 2
	flagBackupEligible         Flags = 1 << 3
	flagBackupState            Flags = 1 << 4
	flagAttestedCredentialData Flags = 1 << 6
	flagExtensionData          Flags = 1 << 7
)

// UserPresent reports whether somebody was there (UP).
func (f Flags) UserPresent() bool { return f&flagUserPresent != 0 }

// UserVerified reports whether the authenticator verified its user (UV).
func (f Flags) UserVerified() bool { return f&flagUserVerified != 0 }

// BackupEligible reports whether the credential may leave the device (BE).
func (f Flags) BackupEligible() bool { return f&flagBackupEligible != 0 }

// BackupState reports whether the credential is backed up now (BS).
func (f Flags) BackupState() bool { return f&flagBackupState != 0 }

// AttestedCredentialData reports whether a new credential follows (AT).
func (f Flags) AttestedCredentialData() bool { return f&flagAttestedCredentialData != 0 }

// ExtensionData reports whether an extension map follows (ED).
func (f Flags) ExtensionData() bool { return f&flagExtensionData != 0 }

// AuthenticatorData is what the authenticator vouches for, [WebAuthn L3 §6.1]:
//
//	0        32      33        37
//	┌────────┬───────┬─────────┬──────────────────────────┬────────────┐
//	│ RP ID  │ flags │ counter │ attested credential data │ extensions │
//	│ hash   │       │         │ exactly if AT is set     │ if ED is   │
//	└────────┴───────┴─────────┴──────────────────────────┴────────────┘
//
// [WebAuthn L3 §6.1]: https://www.w3.org/TR/webauthn-3/#sctn-authenticator-data
type AuthenticatorData struct {
	Raw                []byte // all of it; what is signed together with the client data's hash
	RPIDHash           [32]byte
	Flags              Flags
	SignCount          uint32
	AttestedCredential *AttestedCredential // nil unless AT is set
	Extensions         []byte              // a canonical CBOR map; nil unless ED is set
}

// AttestedCredential is attested credential data, [WebAuthn L3 §6.5.1]:
//
//	0        16       18       18+n
//	┌────────┬────────┬────────┬──────────┐
//	│ AAGUID │ length │ id     │ COSE key │
//	│        │ n      │        │          │
//	└────────┴────────┴────────┴──────────┘
//
// [WebAuthn L3 §6.5.1]: https://www.w3.org/TR/webauthn-3/#sctn-attested-credential-data
type AttestedCredential struct {
	AAGUID       AAGUID
	CredentialID Bytes // 1-1023 bytes
	PublicKey    COSEKey
}

// ParseAuthenticatorData reads authenticator data, at most 8 KiB, to its last
// byte. The result keeps b, which must not be changed afterwards.
func ParseAuthenticatorData(b []byte) (AuthenticatorData, error) {
	switch {
	case len(b) > maxAuthenticatorData:
		return AuthenticatorData{}, malformed("", "%d bytes, more than the limit of %d", len(b), maxAuthenticatorData)
	case len(b) < 37:
		return AuthenticatorData{}, malformed("", "%d bytes, fewer than the 37 of the shortest authenticator data", len(b))
	}
	a := AuthenticatorData{
		Raw:       b,
		RPIDHash:  [32]byte(b[:32]),
		Flags:     Flags(b[32]),
		SignCount: binary.BigEndian.Uint32(b[33:37]),
	}
	rest := b[37:]
	var err error
	if a.Flags.AttestedCredentialData() {
		a.AttestedCredential, rest, err = parseAttestedCredential(rest)
		if err != nil {
			return AuthenticatorData{}, within("attestedCredentialData", err)
		}
	}
	if a.Flags.ExtensionData() {
		a.Extensions, rest, err = parseExtensions(rest)
		if err != nil {
			return AuthenticatorData{}, within("extensions", err)
		}
	}
	if len(rest) > 0 {
		return AuthenticatorData{}, malformed("", "%d bytes left over that no flag announces", len(rest))
	}
	return a, nil
}

// parseAttestedCredential reads the attested credential data at the start of b
// and returns what follows it.
func parseAttestedCredential(b []byte) (*AttestedCredential, []byte, error) {
	if len(b) < 18 {
		return nil, nil, malformed("", "%d bytes, fewer than the 18 before the credential id", len(b))
	}
	n := int(binary.BigEndian.Uint16(b[16:18]))
	after := b[18:]
	switch {
	case n == 0:
		return nil, nil, malformed("credentialId", "empty")
	case n > maxCredentialID:
		return nil, nil, malformed("credentialId", "%d bytes, more than the limit of %d", n, maxCredentialID)
	case n > len(after):
		return nil, nil, malformed("credentialId", "%d bytes announced, %d left", n, len(after))
	}
	key, rest, err := parseFirstCOSEKey(after[n:])
	if err != nil {
		return nil, nil, within("credentialPublicKey", err)
	}
	return &AttestedCredential{
		AAGUID:       AAGUID(b[:16]),
		CredentialID: Bytes(after[:n:n]),
		PublicKey:    key,
	}, rest, nil
}

// parseExtensions returns the bytes of the CBOR map at the start of b and what
// follows it.
func parseExtensions(b []byte) (extensions, rest []byte, err error) {
	v, rest, err := cbor.DecodeFirst(b)
	if err != nil {
		return nil, nil, err
	}
	outputs, ok := v.(map[any]any)
	if !ok {
		return nil, nil, malformed("", "%s instead of a map", cbor.Describe(v))
	}
	for id := range outputs {
		if _, ok := id.(string); !ok { // §9: extension identifiers are strings
			return nil, nil, malformed("", "%s instead of text as an extension's identifier", cbor.Describe(id))
		}
	}
	n := len(b) - len(rest)
	return b[:n:n], rest, nil
}
