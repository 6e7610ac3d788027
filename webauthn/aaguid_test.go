package webauthn_test

import (
	"testing"

	"github.com/hitherauth/hither/webauthn"
)

func TestAAGUID(t *testing.T) {
	t.Parallel()
	want := webauthn.AAGUID{0xee, 0x88, 0x28, 0x79, 0x72, 0x1c, 0x49, 0x13, 0x97, 0x75, 0x3d, 0xfc, 0xce, 0x97, 0x07, 0x2a}
	const text = "ee882879-721c-4913-9775-3dfcce97072a"
	for _, s := range []string{text, "EE882879-721C-4913-9775-3DFCCE97072A"} {
		got, err := webauthn.ParseAAGUID(s)
		if err != nil || got != want {
			t.Errorf("%q: got %v, %v", s, got, err)
		}
	}
	if want.String() != text {
		t.Errorf("prints as %q", want)
	}
	var a webauthn.AAGUID
	marshalled, err := want.MarshalText()
	if err != nil || a.UnmarshalText(marshalled) != nil || a != want {
		t.Errorf("through text: %v, %v", a, err)
	}
	if a.UnmarshalText([]byte("x")) == nil || a != want {
		t.Errorf("after an error: %v", a)
	}
}

func TestParseAAGUIDRefuses(t *testing.T) {
	t.Parallel()
	for _, row := range []struct{ name, text string }{
		{"empty", ""},
		{"no_hyphens", "ee882879721c491397753dfcce97072a"},
		{"hyphen_moved", "ee8828797-21c-4913-9775-3dfcce97072a"},
		{"braces", "{ee882879-721c-4913-9775-3dfcce97072a}"},
		{"one_digit_short", "ee882879-721c-4913-9775-3dfcce97072"},
		{"one_digit_long", "ee882879-721c-4913-9775-3dfcce97072a0"},
		{"no_digit", "ee882879-721c-4913-9775-3dfcce97072g"},
		{"urn", "urn:uuid:ee882879-721c-4913-9775-3dfcce97072a"},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			got, err := webauthn.ParseAAGUID(row.text)
			refused(t, got, err, "", "UUID")
		})
	}
}
