package webauthn_test

import (
	"bytes"
	"testing"

	"github.com/hitherauth/hither/webauthn"
)

func TestParseBase64URL(t *testing.T) {
	t.Parallel()
	for text, want := range map[string][]byte{
		"": {}, "AA": {0}, "AAA": {0, 0}, "AAAA": {0, 0, 0}, "-_8": {0xfb, 0xff}, "_w": {0xff},
	} {
		got, err := webauthn.ParseBase64URL(text)
		if err != nil || got == nil || !bytes.Equal(got, want) {
			t.Errorf("%q: got %x, %v; want %x", text, []byte(got), err, want)
		}
		if got.String() != text {
			t.Errorf("%q prints as %q", text, got)
		}
	}
}

// AST-28: one text for the same bytes.
func TestHostileBase64URLRefuses(t *testing.T) {
	t.Parallel()
	for _, row := range []struct{ name, text, want string }{
		{"padding", "AA==", "not unpadded base64url"},
		{"padding_alone", "=", "not unpadded base64url"},
		{"plus", "AA+A", "not unpadded base64url"},
		{"slash", "AA/A", "not unpadded base64url"},
		{"one_letter", "A", "not unpadded base64url"},
		{"five_letters", "AAAAA", "not unpadded base64url"},
		{"stray_bits_after_one_byte", "AB", "not unpadded base64url"},
		{"stray_bits_after_two_bytes", "AAB", "not unpadded base64url"},
		{"space_in_front", " AAAA", "not unpadded base64url"},
		{"space_inside", "AA AA", "not unpadded base64url"},
		{"tab", "AAAA\t", "not unpadded base64url"},
		{"line_feed", "AAAA\n", "line breaks"},
		{"line_feed_inside", "AA\nAA", "line breaks"},
		{"carriage_return", "AAAA\r", "line breaks"},
		{"nul", "AAAA\x00", "not unpadded base64url"},
		{"not_ascii", "AAAÄ", "not unpadded base64url"},
	} {
		t.Run("AST-28_"+row.name, func(t *testing.T) {
			t.Parallel()
			got, err := webauthn.ParseBase64URL(row.text)
			refused(t, got, err, "", row.want)
		})
	}
}

func TestBytesUnmarshalTextKeepsOldValue(t *testing.T) {
	t.Parallel()
	b := webauthn.Bytes{1}
	if err := b.UnmarshalText([]byte("AB")); err == nil || !bytes.Equal(b, []byte{1}) {
		t.Errorf("got %x, %v", []byte(b), err)
	}
	if err := b.UnmarshalText([]byte("AAE")); err != nil || !bytes.Equal(b, []byte{0, 1}) {
		t.Errorf("got %x, %v", []byte(b), err)
	}
}
