package cbor_test

import (
	"bytes"
	"errors"
	"slices"
	"testing"

	"github.com/hitherauth/hither/internal/cbor"
)

// Items are counted right whatever the width of what announces them: exactly the
// limit passes, and one more does not.
func TestHostileItems(t *testing.T) {
	t.Parallel()
	limits := cbor.Message.Limits()
	for name, element := range map[string][]byte{
		"small":            {0x01},
		"in_1_byte":        {0x18, 0x80},
		"in_2_bytes":       {0x19, 0x80, 0x80},
		"in_4_bytes":       {0x1a, 0x80, 0x80, 0x80, 0x80},
		"in_8_bytes":       {0x1b, 0x40, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80},
		"text_of_30_bytes": append([]byte{0x78, 30}, bytes.Repeat([]byte{'a'}, 30)...),
		"bytes_of_30":      append([]byte{0x58, 30}, bytes.Repeat([]byte{0x81}, 30)...),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			// An array of 256 arrays of 63 elements, and of one that fills up.
			inner := slices.Concat([]byte{0x98, 63}, bytes.Repeat(element, 63))
			full := bytes.Repeat(inner, 255)
			for left, want := range map[int]error{limits.Items - 2 - 255*64: nil, limits.Items - 1 - 255*64: cbor.ErrLimit} {
				b := slices.Concat([]byte{0x99, 0x01, 0x00}, full, []byte{0x98, byte(left)}, bytes.Repeat(element, left))
				if _, err := cbor.Message.Decode(b); !errors.Is(err, want) {
					t.Errorf("%d in the last: got %v, want %v", left, err, want)
				}
			}
		})
	}
}
