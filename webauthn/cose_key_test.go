package webauthn_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hitherauth/hither/webauthn"
	"github.com/hitherauth/hither/webauthn/webauthntest"
)

// pairs writes a map of integer labels and values in the order given.
func pairs(items ...any) []byte {
	var o webauthntest.CBORObject
	for i := 0; i < len(items); i += 2 {
		o.Add(item(items[i]), item(items[i+1]))
	}
	return o.Encode()
}

func item(v any) webauthntest.CBOR {
	switch v := v.(type) {
	case int:
		return webauthntest.CBORInt(int64(v))
	case []byte:
		return webauthntest.CBORBytes(v)
	case string:
		return webauthntest.CBORText(v)
	case bool:
		return webauthntest.CBORBool(v)
	default:
		return webauthntest.CBORNull()
	}
}

func TestHostileCOSEKey(t *testing.T) {
	t.Parallel()
	x, y := []byte{1, 2}, []byte{3}
	for _, row := range []struct {
		name string
		b    []byte
		want webauthn.COSEKey
	}{
		{"ec2", pairs(1, 2, 3, -7, -1, 1, -2, x, -3, y), webauthn.COSEKey{KeyType: 2, Algorithm: webauthn.ES256, Curve: 1, X: x, Y: y}},
		{"okp", pairs(1, 1, 3, -8, -1, 6, -2, x), webauthn.COSEKey{KeyType: 1, Algorithm: webauthn.EdDSA, Curve: 6, X: x}},
		{"rsa", pairs(1, 3, 3, -257, -1, x, -2, y), webauthn.COSEKey{KeyType: 3, Algorithm: webauthn.RS256, N: x, E: y}},
		// These are well formed; the relying party judges them.
		{"REG-26_algorithm_never_offered", pairs(1, 2, 3, -47, -1, 8, -2, x, -3, y), webauthn.COSEKey{KeyType: 2, Algorithm: -47, Curve: 8, X: x, Y: y}},
		{"REG-26_algorithm_zero", pairs(1, 2, 3, 0, -1, 1, -2, x, -3, y), webauthn.COSEKey{KeyType: 2, Curve: 1, X: x, Y: y}},
		{"REG-27_curve_of_another_algorithm", pairs(1, 2, 3, -7, -1, 2, -2, x, -3, y), webauthn.COSEKey{KeyType: 2, Algorithm: webauthn.ES256, Curve: 2, X: x, Y: y}},
		{"REG-28_empty_coordinates", pairs(1, 2, 3, -7, -1, 1, -2, []byte{}, -3, []byte{}), webauthn.COSEKey{KeyType: 2, Algorithm: webauthn.ES256, Curve: 1, X: []byte{}, Y: []byte{}}},
		{"unknown_key_type", pairs(1, 7, 3, -48, -1, x), webauthn.COSEKey{KeyType: 7, Algorithm: -48}},
		{"other_members", pairs(1, 1, 2, []byte("id"), 3, -8, -1, 6, -2, x), webauthn.COSEKey{KeyType: 1, Algorithm: webauthn.EdDSA, Curve: 6, X: x}},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			got, err := webauthn.ParseCOSEKey(row.b)
			if err != nil {
				t.Fatal(err)
			}
			want := row.want
			want.Raw = row.b
			if diff := cmp.Diff(got, want); diff != "" {
				t.Errorf("(-got +want)\n%s", diff)
			}
		})
	}
}

func TestHostileCOSEKeyRefuses(t *testing.T) {
	t.Parallel()
	x := []byte{1}
	valid := pairs(1, 2, 3, -7, -1, 1, -2, x, -3, x)
	for _, row := range []struct {
		name   string
		b      []byte
		member string
		want   string
	}{
		{"nothing", nil, "", "EOF"},
		{"array", webauthntest.CBORArray(), "", "an array instead of a map"},
		{"empty_map", pairs(), "kty", "missing"},
		{"byte_behind", append(slices.Clone(valid), 0), "", "1 bytes follow"},
		{"cut", valid[:len(valid)-1], "", "EOF"},
		{"labels_out_of_order", pairs(3, -7, 1, 2, -1, 1, -2, x, -3, x), "", "canonical"},
		{"REG-21_algorithm_twice", pairs(1, 2, 3, -7, 3, -7, -1, 1, -2, x, -3, x), "", "same key twice"},
		{"REG-21_x_twice", pairs(1, 2, 3, -7, -1, 1, -2, x, -2, x, -3, x), "", "same key twice"},
		{"text_label", pairs(1, 2, 3, -7, -1, 1, -2, x, -3, x, "a", 1), "", "a text string instead of an integer"},
		{"null_label", pairs(1, 2, 3, -7, -1, 1, -2, x, -3, x, nil, 1), "", "null instead of an integer"},
		{"no_key_type", pairs(3, -7, -1, 1, -2, x, -3, x), "kty", "missing"},
		{"key_type_is_text", pairs(1, "EC2", 3, -7, -1, 1, -2, x, -3, x), "kty", "a text string instead of an integer"},
		{"no_algorithm", pairs(1, 2, -1, 1, -2, x, -3, x), "alg", "missing"},
		{"algorithm_is_text", pairs(1, 2, 3, "ES256", -1, 1, -2, x, -3, x), "alg", "a text string instead of an integer"},
		{"algorithm_is_null", pairs(1, 2, 3, nil, -1, 1, -2, x, -3, x), "alg", "null instead of an integer"},
		{"no_curve", pairs(1, 2, 3, -7, -2, x, -3, x), "crv", "missing"},
		{"curve_is_text", pairs(1, 2, 3, -7, -1, "P-256", -2, x, -3, x), "crv", "a text string instead of an integer"},
		{"no_x", pairs(1, 2, 3, -7, -1, 1, -3, x), "x", "missing"},
		{"x_is_text", pairs(1, 2, 3, -7, -1, 1, -2, "a", -3, x), "x", "a text string instead of a byte string"},
		{"no_y", pairs(1, 2, 3, -7, -1, 1, -2, x), "y", "missing"},
		{"REG-28_compressed_point", pairs(1, 2, 3, -7, -1, 1, -2, x, -3, true), "y", "a boolean instead of a byte string"},
		{"okp_without_x", pairs(1, 1, 3, -8, -1, 6), "x", "missing"},
		{"rsa_without_n", pairs(1, 3, 3, -257, -2, x), "n", "missing"},
		{"REG-29_rsa_without_e", pairs(1, 3, 3, -257, -1, x), "e", "missing"},
		{"rsa_with_number_e", pairs(1, 3, 3, -257, -1, x, -2, 65537), "e", "an integer instead of a byte string"},
		{"rsa_with_members_of_ec2", pairs(1, 3, 3, -7, -1, 1, -2, x, -3, x), "n", "an integer instead of a byte string"},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			got, err := webauthn.ParseCOSEKey(row.b)
			refused(t, got, err, row.member, row.want)
		})
	}
}
