package authenticator_test

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"github.com/hitherauth/hither/authenticator"
	"github.com/hitherauth/hither/webauthn/webauthntest"
)

// vaultText is what is inside a vault, in parts that can be broken.
type vaultText struct {
	head        webauthntest.CBORObject
	credentials []webauthntest.CBORObject
	behind      []byte
}

func (v vaultText) encode() []byte {
	b := slices.Clone([]byte(v.head.Encode()))
	for _, c := range v.credentials {
		b = append(b, c.Encode()...)
	}
	return append(b, v.behind...)
}

// writtenVault writes two credentials by hand, from the comment in vault_format.go.
func writtenVault() vaultText {
	var v vaultText
	for n, value := range []webauthntest.CBOR{webauthntest.CBORText("hither vault"), webauthntest.CBORInt(1), webauthntest.CBORInt(2)} {
		v.head.Add(webauthntest.CBORInt(int64(n+1)), value)
	}
	for _, name := range []string{"alice", "bob"} {
		var c webauthntest.CBORObject
		for n, value := range []webauthntest.CBOR{
			webauthntest.CBORBytes([]byte(strings.Repeat(name, 16)[:32])), webauthntest.CBORText("example.org"), webauthntest.CBORText("Example"),
			webauthntest.CBORBytes([]byte(name)), webauthntest.CBORText(name), webauthntest.CBORText(""),
			webauthntest.CBORInt(-7), webauthntest.CBORBytes(bytes.Repeat([]byte{7}, 32)),
			webauthntest.CBORBytes(bytes.Repeat([]byte{9}, 32)), webauthntest.CBORBytes(bytes.Repeat([]byte{10}, 32)),
			webauthntest.CBORBool(true), webauthntest.CBORInt(1), webauthntest.CBORBool(false), webauthntest.CBORInt(5), webauthntest.CBORInt(1700000000),
		} {
			c.Add(webauthntest.CBORInt(int64(n+1)), value)
		}
		v.credentials = append(v.credentials, c)
	}
	return v
}

// Each row breaks one thing of a vault that is read otherwise.
func TestHostileVaultContents(t *testing.T) {
	t.Parallel()
	valid := writtenVault().encode()
	credentials, err := authenticator.ParseVault(valid)
	if err != nil || len(credentials) != 2 || credentials[1].User.Name != "bob" || credentials[0].SignCount != 5 {
		t.Fatalf("%d credentials, %v", len(credentials), err)
	}
	if again, err := authenticator.AppendVault(nil, credentials); err != nil || !bytes.Equal(again, valid) {
		t.Errorf("written again: %x, %v", again, err)
	}
	head := func(key int64, value webauthntest.CBOR) func(*vaultText) {
		return func(v *vaultText) { v.head.Set(webauthntest.CBORInt(key), value) }
	}
	second := func(key int64, value webauthntest.CBOR) func(*vaultText) {
		return func(v *vaultText) { v.credentials[1].Set(webauthntest.CBORInt(key), value) }
	}
	first := func(key int64) webauthntest.CBOR { return writtenVault().credentials[0].Get(webauthntest.CBORInt(key)) }
	for _, row := range []struct {
		name  string
		spoil func(*vaultText)
		want  string
	}{
		{"other_magic", head(1, webauthntest.CBORText("hither")), "not a vault"},
		{"version_0", head(2, webauthntest.CBORInt(0)), "version 0"},
		{"version_2", head(2, webauthntest.CBORInt(2)), "version 2"},
		{"one_fewer", head(3, webauthntest.CBORInt(1)), "follow the last"},
		{"one_more", head(3, webauthntest.CBORInt(3)), "credential 2"},
		{"less_than_none", head(3, webauthntest.CBORInt(-1)), "-1 credentials"},
		{"more_than_fit", head(3, webauthntest.CBORInt(authenticator.MaxCredentials+1)), "1025 credentials"},
		{"another_member_of_the_head", func(v *vaultText) { v.head.Add(webauthntest.CBORInt(4), webauthntest.CBORInt(1)) }, "4 members"},
		{"another_member", func(v *vaultText) { v.credentials[1].Add(webauthntest.CBORInt(16), webauthntest.CBORInt(1)) }, "16 members"},
		{"a_member_less", func(v *vaultText) { v.credentials[1].Delete(webauthntest.CBORInt(13)) }, "member 13"},
		{"a_byte_behind", func(v *vaultText) { v.behind = []byte{0} }, "follow the last"},
		{"a_credential_twice", func(v *vaultText) { v.credentials[1] = v.credentials[0] }, "of another"},
		{"an_id_twice", second(1, first(1)), "of another"},
		{"an_account_twice", second(4, first(4)), "of another"},
		{"rp_id_in_capitals", second(2, webauthntest.CBORText("Example.org")), "RP ID"},
		{"no_handle", second(4, webauthntest.CBORBytes(nil)), "user handle"},
		{"long_name", second(5, webauthntest.CBORText(strings.Repeat("x", authenticator.MaxNameLength+1))), "a name"},
		{"unknown_algorithm", second(7, webauthntest.CBORInt(-257)), "ES256 or EdDSA"},
		{"key_of_zero", second(8, webauthntest.CBORBytes(make([]byte, 32))), "no scalar"},
		{"key_beyond_the_order", second(8, webauthntest.CBORBytes(bytes.Repeat([]byte{0xff}, 32))), "no scalar"},
		{"short_key", second(8, webauthntest.CBORBytes(make([]byte, 31))), "32 bytes long, not 31"},
		{"short_prf_verified", second(9, webauthntest.CBORBytes(make([]byte, 31))), "32 bytes long, not 31"},
		{"long_prf_unverified", second(10, webauthntest.CBORBytes(make([]byte, 33))), "32 bytes long, not 33"},
		{"protection_0", second(12, webauthntest.CBORInt(0)), "protection 0"},
		{"protection_259", second(12, webauthntest.CBORInt(259)), "member 12"},
		{"counter_of_2_to_32", second(14, webauthntest.CBORInt(1<<32)), "member 14"},
		{"counter_below_zero", second(14, webauthntest.CBORInt(-1)), "member 14"},
		{"before_1970", second(15, webauthntest.CBORInt(-1)), "time of creation"},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			v := writtenVault()
			row.spoil(&v)
			got, err := authenticator.ParseVault(v.encode())
			if err == nil || got != nil || !strings.Contains(err.Error(), row.want) {
				t.Errorf("%d credentials, error %v, want %q in it", len(got), err, row.want)
			}
		})
	}
}
