package webauthn_test

import (
	"bytes"
	"encoding/binary"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hitherauth/hither/webauthn"
	"github.com/hitherauth/hither/webauthn/webauthntest"
)

// okpKey is a key of few bytes: {1: 1, 3: -8, -1: 6, -2: h'aa'}.
var okpKey = webauthntest.CBORObject{ //nolint:gochecknoglobals // test data
	{Key: webauthntest.CBORInt(1), Value: webauthntest.CBORInt(1)},
	{Key: webauthntest.CBORInt(3), Value: webauthntest.CBORInt(-8)},
	{Key: webauthntest.CBORInt(-1), Value: webauthntest.CBORInt(6)},
	{Key: webauthntest.CBORInt(-2), Value: webauthntest.CBORBytes([]byte{0xaa})},
}

// attested is authenticator data with a new credential, valid but for what edit breaks.
func attested(edit func(*webauthntest.AuthenticatorData)) []byte {
	d := webauthntest.AuthenticatorData{
		RPIDHash:  bytes.Repeat([]byte{7}, 32),
		Flags:     webauthntest.FlagUserPresent | webauthntest.FlagAttestedCredentialData,
		SignCount: 0x01020304,
		Attested: &webauthntest.AttestedCredential{
			AAGUID:       bytes.Repeat([]byte{9}, 16),
			CredentialID: []byte{1, 2, 3},
			Key:          slices.Clone(okpKey),
		},
	}
	edit(&d)
	return d.Encode()
}

func extensions() webauthntest.CBOR {
	return webauthntest.CBORMap(
		webauthntest.CBORText("credProtect"), webauthntest.CBORInt(2),
		webauthntest.CBORText("hmac-secret"), webauthntest.CBORBool(true),
	)
}

func TestHostileAuthenticatorData(t *testing.T) {
	t.Parallel()
	plain := slices.Concat(bytes.Repeat([]byte{7}, 32), []byte{0x1d, 1, 2, 3, 4})
	hash := [32]byte(plain)
	credential := &webauthn.AttestedCredential{
		AAGUID:       webauthn.AAGUID(bytes.Repeat([]byte{9}, 16)),
		CredentialID: webauthn.Bytes{1, 2, 3},
		PublicKey:    webauthn.COSEKey{Raw: okpKey.Encode(), KeyType: 1, Algorithm: webauthn.EdDSA, Curve: 6, X: []byte{0xaa}},
	}
	for _, row := range []struct {
		name string
		b    []byte
		want webauthn.AuthenticatorData
	}{
		{"AST-23_37_bytes", plain, webauthn.AuthenticatorData{Flags: 0x1d}},
		{"REG-45_reserved_flags", slices.Concat(plain[:32], []byte{0x22}, plain[33:]), webauthn.AuthenticatorData{Flags: 0x22}},
		{"REG-45_backed_up_but_not_eligible", slices.Concat(plain[:32], []byte{0x11}, plain[33:]), webauthn.AuthenticatorData{Flags: 0x11}},
		{"credential", attested(func(*webauthntest.AuthenticatorData) {}), webauthn.AuthenticatorData{Flags: 0x41, AttestedCredential: credential}},
		{
			"REG-52_credential_and_extensions",
			attested(func(d *webauthntest.AuthenticatorData) { d.SetExtensions(extensions()) }),
			webauthn.AuthenticatorData{Flags: 0xc1, AttestedCredential: credential, Extensions: extensions()},
		},
		{
			"extensions_alone",
			slices.Concat(plain[:32], []byte{0x81}, plain[33:], extensions()),
			webauthn.AuthenticatorData{Flags: 0x81, Extensions: extensions()},
		},
		{
			"empty_extensions",
			slices.Concat(plain[:32], []byte{0x81}, plain[33:], []byte{0xa0}),
			webauthn.AuthenticatorData{Flags: 0x81, Extensions: []byte{0xa0}},
		},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			got, err := webauthn.ParseAuthenticatorData(row.b)
			if err != nil {
				t.Fatal(err)
			}
			want := row.want
			want.Raw, want.RPIDHash, want.SignCount = row.b, hash, 0x01020304
			if diff := cmp.Diff(got, want); diff != "" {
				t.Errorf("(-got +want)\n%s", diff)
			}
		})
	}
}

func TestFlags(t *testing.T) {
	t.Parallel()
	all := func(f webauthn.Flags) []bool {
		return []bool{
			f.UserPresent(), false, f.UserVerified(), f.BackupEligible(),
			f.BackupState(), false, f.AttestedCredentialData(), f.ExtensionData(),
		}
	}
	for bit := range 8 {
		want := make([]bool, 8)
		want[bit] = bit != 1 && bit != 5
		if got := all(1 << bit); !slices.Equal(got, want) {
			t.Errorf("bit %d: got %v, want %v", bit, got, want)
		}
	}
}

func TestHostileAuthenticatorDataRefuses(t *testing.T) {
	t.Parallel()
	const key = "attestedCredentialData.credentialPublicKey"
	length := func(n uint16) func(*webauthntest.AuthenticatorData) {
		return func(d *webauthntest.AuthenticatorData) { d.Attested.IDLength = &n }
	}
	for _, row := range []struct {
		name   string
		edit   func(*webauthntest.AuthenticatorData)
		member string
		want   string
	}{
		{"REG-17_byte_behind_the_key", func(d *webauthntest.AuthenticatorData) { d.Trailing = []byte{0} }, "", "1 bytes left over"},
		{"REG-17_map_behind_the_key", func(d *webauthntest.AuthenticatorData) { d.Trailing = extensions() }, "", "left over"},
		{"REG-17_byte_behind_the_extensions", func(d *webauthntest.AuthenticatorData) {
			d.SetExtensions(extensions())
			d.Trailing = []byte{0xa0}
		}, "", "1 bytes left over"},
		{"credential_without_its_flag", func(d *webauthntest.AuthenticatorData) { d.Flags &^= webauthntest.FlagAttestedCredentialData }, "", "left over"},
		{"flag_without_credential", func(d *webauthntest.AuthenticatorData) { d.Attested = nil }, "attestedCredentialData", "0 bytes, fewer than the 18"},
		{"flag_without_extensions", func(d *webauthntest.AuthenticatorData) { d.Flags |= webauthntest.FlagExtensionData }, "extensions", "EOF"},
		{"extensions_are_an_array", func(d *webauthntest.AuthenticatorData) { d.SetExtensions(webauthntest.CBORArray()) }, "extensions", "an array instead of a map"},
		{"extensions_are_a_text", func(d *webauthntest.AuthenticatorData) { d.SetExtensions(webauthntest.CBORText("x")) }, "extensions", "a text string instead of a map"},
		{"extension_identifier_is_an_integer", func(d *webauthntest.AuthenticatorData) {
			d.SetExtensions(webauthntest.CBORMap(webauthntest.CBORInt(1), webauthntest.CBORBool(true)))
		}, "extensions", "an integer instead of text"},
		{"REG-21_extension_twice", func(d *webauthntest.AuthenticatorData) {
			d.SetExtensions(webauthntest.CBORMap(
				webauthntest.CBORText("a"), webauthntest.CBORInt(1), webauthntest.CBORText("a"), webauthntest.CBORInt(1)))
		}, "extensions", "same key twice"},
		{"REG-23_indefinite_extensions", func(d *webauthntest.AuthenticatorData) {
			d.SetExtensions(webauthntest.CBORIndefinite(webauthntest.CBORMajorMap))
		}, "extensions", "indefinite"},
		{"AST-23_bomb_in_extensions", func(d *webauthntest.AuthenticatorData) {
			d.SetExtensions(bytes.Repeat([]byte{0x81}, 5_000))
		}, "extensions", "nested"},
		{"REG-20_empty_credential_id", func(d *webauthntest.AuthenticatorData) { d.Attested.CredentialID = nil }, "attestedCredentialData.credentialId", "empty"},
		{"REG-20_credential_id_of_1024_bytes", func(d *webauthntest.AuthenticatorData) { d.Attested.CredentialID = make([]byte, 1024) }, "attestedCredentialData.credentialId", "limit of 1023"},
		{"REG-20_credential_id_claims_65535", length(65535), "attestedCredentialData.credentialId", "limit of 1023"},
		{"REG-20_credential_id_longer_than_what_is_left", length(100), "attestedCredentialData.credentialId", "100 bytes announced"},
		{"REG-20_credential_id_swallows_the_key", length(3 + uint16(len(okpKey.Encode()))), key, "EOF"},
		{"REG-20_credential_id_claims_too_little", length(2), key, "an integer instead of a map"},
		{"no_key", func(d *webauthntest.AuthenticatorData) { d.Attested.RawKey = []byte{} }, key, "EOF"},
		{"key_is_null", func(d *webauthntest.AuthenticatorData) { d.Attested.RawKey = webauthntest.CBORNull() }, key, "null instead of a map"},
		{"over_8_kib", func(d *webauthntest.AuthenticatorData) { d.Trailing = make([]byte, 8<<10) }, "", "limit of 8192"},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			got, err := webauthn.ParseAuthenticatorData(attested(row.edit))
			refused(t, got, err, row.member, row.want)
		})
	}
}

// REG-18: no prefix of authenticator data is authenticator data.
func TestHostileAuthenticatorDataRefusesEveryPrefix(t *testing.T) {
	t.Parallel()
	t.Run("REG-18_authenticator_data", func(t *testing.T) {
		t.Parallel()
		whole := attested(func(d *webauthntest.AuthenticatorData) { d.SetExtensions(extensions()) })
		for n := range len(whole) {
			got, err := webauthn.ParseAuthenticatorData(whole[:n])
			if err == nil || got.Raw != nil {
				t.Errorf("%d of %d bytes: got %v, %v", n, len(whole), got, err)
			}
		}
	})
}

// The counter is unsigned and big-endian.
func TestSignCount(t *testing.T) {
	t.Parallel()
	for _, want := range []uint32{0, 1, 1 << 31, 1<<32 - 1} {
		b := binary.BigEndian.AppendUint32(make([]byte, 33), want)
		got, err := webauthn.ParseAuthenticatorData(b)
		if err != nil || got.SignCount != want {
			t.Errorf("got %d, %v; want %d", got.SignCount, err, want)
		}
	}
}
