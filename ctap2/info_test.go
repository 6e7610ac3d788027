package ctap2_test

import (
	"bytes"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hitherauth/hither/ctap2"
	"github.com/hitherauth/hither/internal/cbor"
	"github.com/hitherauth/hither/webauthn"
)

// Phones say more about themselves than any specification knows, and known things
// in other types. Nothing of it breaks the parse, or what else they say.
func TestParseInfoOddities(t *testing.T) {
	t.Parallel()
	whole := info()
	for _, row := range []struct {
		name string
		edit func(m map[any]any)
		want func(i *ctap2.Info)
	}{
		{"what_iphones_add", func(m map[any]any) {
			m[int64(0x19)] = bytes.Repeat([]byte{7}, 32)  // encIdentifier
			m[int64(0x1c)] = "https://example.com/policy" // pinComplexityPolicyURL, as text instead of bytes
			m[int64(0x1e)] = []any{int64(1), "a"}         // encCredStoreState, as no specification has it
		}, nil},
		{"member_of_a_vendor", func(m map[any]any) { m[int64(999)] = true }, nil},
		{"text_key", func(m map[any]any) { m["later"] = map[any]any{} }, nil},
		{"byte_string_key", func(m map[any]any) { m[cbor.ByteString("later")] = nil }, nil},
		{"negative_key", func(m map[any]any) { m[int64(-1)] = 1.5 }, nil},
		{"option_is_no_boolean", func(m map[any]any) {
			options, _ := m[int64(4)].(map[any]any)
			options["jsonMessages"] = int64(1)
			options[int64(7)] = true
		}, nil},
		{"options_are_a_list", func(m map[any]any) { m[int64(4)] = []any{"rk"} }, func(i *ctap2.Info) { i.Options = nil }},
		{"no_versions", func(m map[any]any) { delete(m, int64(1)) }, func(i *ctap2.Info) { i.Versions = nil }},
		{
			"version_is_a_number", func(m map[any]any) { m[int64(1)] = []any{int64(2), "FIDO_2_3"} },
			func(i *ctap2.Info) { i.Versions = []string{"FIDO_2_3"} },
		},
		{"aaguid_of_15_bytes", func(m map[any]any) { m[int64(3)] = bytes.Repeat([]byte{7}, 15) }, func(i *ctap2.Info) { i.AAGUID = webauthn.AAGUID{} }},
		{"negative_size", func(m map[any]any) { m[int64(5)] = int64(-1) }, func(i *ctap2.Info) { i.MaxMessageSize = 0 }},
		{"size_is_text", func(m map[any]any) { m[int64(5)] = "1024" }, func(i *ctap2.Info) { i.MaxMessageSize = 0 }},
		{"protocols_of_all_kinds", func(m map[any]any) { m[int64(6)] = []any{int64(2), int64(-1), "1", int64(1)} }, nil},
		{"algorithms_of_all_kinds", func(m map[any]any) {
			list, _ := m[int64(10)].([]any)
			m[int64(10)] = append([]any{int64(-7), map[any]any{"alg": int64(-8)}, map[any]any{"alg": "x", "type": "public-key"}}, list...)
		}, nil},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			b := edited(t, whole, row.edit)
			got, err := ctap2.ParseInfo(b)
			if err != nil {
				t.Fatal(err)
			}
			want := whole
			if row.want != nil {
				row.want(&want)
			}
			want.Raw = b
			if diff := cmp.Diff(got, want); diff != "" {
				t.Errorf("(-got +want)\n%s", diff)
			}
			if again, err := got.Append(nil); err != nil || !bytes.Equal(again, b) {
				t.Errorf("written again: %x, %v; want %x", again, err, b)
			}
		})
	}
}

// What an authenticator has nothing to say about is not there, and what is no info is
// not handed on as one.
func TestInfoAppend(t *testing.T) {
	t.Parallel()
	got, err := ctap2.Info{}.Append(nil)
	want := append([]byte("\xa2\x01\x80\x03\x50"), make([]byte, 16)...)
	if err != nil || !bytes.Equal(got, want) {
		t.Errorf("got %x, %v; want %x", got, err, want)
	}
	for _, raw := range [][]byte{{}, {0xff}, {0x80}, append(bytes.Clone(want), 0)} {
		if got, err := (ctap2.Info{Raw: raw}).Append(nil); err == nil || got != nil {
			t.Errorf("%x: got %x", raw, got)
		}
	}
}

// edited writes v with its map changed.
func edited(t testing.TB, v appender, edit func(m map[any]any)) []byte {
	t.Helper()
	b, err := v.Append(nil)
	if err != nil {
		t.Fatal(err)
	}
	decoded, err := cbor.Message.Decode(b)
	if err != nil {
		t.Fatal(err)
	}
	m, _ := decoded.(map[any]any)
	edit(m)
	if b, err = cbor.Encode(m); err != nil {
		t.Fatal(err)
	}
	return b
}
