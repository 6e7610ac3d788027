package cbor_test

import (
	"bytes"
	"encoding/binary"
	"math"
	"testing"
	"unicode/utf8"

	"github.com/hitherauth/hither/internal/cbor"
)

// reference is a second reader of the same profile, written from the rules alone
// and without the library. It returns the length of the first item of b, or -1.
// What is in it counts against items.
func reference(b []byte, limits cbor.Limits, items *int, depth int) int {
	if *items++; *items > limits.Items {
		return -1
	}
	if len(b) == 0 {
		return -1
	}
	major, argument := b[0]>>5, b[0]&31
	if major == 7 {
		return referenceSimple(b)
	}
	n, head := uint64(argument), 1
	if argument >= 24 {
		size := 1 << (argument - 24)
		if argument > 27 || len(b) < 1+size {
			return -1
		}
		var wide [8]byte
		copy(wide[8-size:], b[1:])
		n, head = binary.BigEndian.Uint64(wide[:]), 1+size
		shortest := [...]uint64{24, 1 << 8, 1 << 16, 1 << 32}[argument-24]
		if n < shortest {
			return -1
		}
	}
	switch major {
	case 0, 1:
		if n > math.MaxInt64 {
			return -1
		}
		return head
	case 2, 3:
		if n > uint64(len(b)-head) || major == 3 && !utf8.Valid(b[head:head+int(n)]) {
			return -1
		}
		return head + int(n)
	case 4, 5:
		if depth == limits.Depth || n > uint64(limits.Elements) {
			return -1
		}
		return referenceContainer(b, limits, items, head, int(n), depth+1, major == 5)
	default:
		return -1
	}
}

func referenceSimple(b []byte) int {
	switch {
	case b[0] >= 0xf4 && b[0] <= 0xf6:
		return 1
	case b[0] == 0xfb && len(b) >= 9 && !math.IsNaN(math.Float64frombits(binary.BigEndian.Uint64(b[1:]))):
		return 9
	default:
		return -1
	}
}

func referenceContainer(b []byte, limits cbor.Limits, items *int, at, n, depth int, isMap bool) int {
	var last []byte
	zero := false // the two zeros of floating point are one key
	for range n {
		if isMap {
			length := reference(b[at:], limits, items, depth)
			if length < 0 {
				return -1
			}
			key := b[at : at+length]
			at += length
			switch key[0] >> 5 {
			case 2:
				if !limits.ByteKeys {
					return -1
				}
			case 4, 5:
				return -1
			}
			if last != nil && bytes.Compare(last, key) >= 0 {
				return -1
			}
			last = key
			if key[0] == 0xfb && math.Float64frombits(binary.BigEndian.Uint64(key[1:])) == 0 {
				if zero {
					return -1
				}
				zero = true
			}
		}
		length := reference(b[at:], limits, items, depth)
		if length < 0 {
			return -1
		}
		at += length
	}
	return at
}

// FuzzDecodeFirst holds the adapter against the reference, both ways.
func FuzzDecodeFirst(f *testing.F) {
	for _, seed := range []string{
		"a0", "a10102", "a201020326", "8301a2616101616280f5", "a201010101", "bf0102ff", "a2fb000000000000000000fb800000000000000000",
		"a163666d74646e6f6e65", "9817", "fb7ff8000000000000", "818181818181818180", "3bffffffffffffffff", "c101", "f7", "61ff", "a1400000", "a300014101006100f4", "a2410000410100",
	} {
		f.Add(unhex(f, seed))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, p := range []cbor.Profile{cbor.Ceremony, cbor.Message} {
			againstReference(t, p, b)
		}
	})
}

func againstReference(t *testing.T, p cbor.Profile, b []byte) {
	t.Helper()
	items, limits := 0, p.Limits()
	want := reference(b, limits, &items, 0)
	if want > limits.Bytes {
		want = -1
	}
	v, rest, err := p.DecodeFirst(b)
	if err != nil {
		if want >= 0 {
			t.Fatalf("profile %d: %x: refused (%v), the reference accepts %d bytes", p, b, err, want)
		}
		if v != nil || rest != nil {
			t.Fatalf("profile %d: %x: %v and %x beside an error", p, b, v, rest)
		}
		return
	}
	if n := len(b) - len(rest); n != want {
		t.Fatalf("profile %d: %x: %d bytes accepted, the reference says %d", p, b, n, want)
	}
	again, err := cbor.Encode(v)
	if err != nil || !bytes.Equal(again, b[:want]) {
		t.Fatalf("profile %d: %x: encoded again as %x, %v", p, b[:want], again, err)
	}
}
