package cbor_test

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hitherauth/hither/internal/cbor"
)

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestDecode(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name string
		hex  string
		want any
	}{
		{"zero", "00", int64(0)},
		{"one_byte_integer", "1818", int64(24)},
		{"largest_integer", "1b7fffffffffffffff", int64(1<<63 - 1)},
		{"negative_integer", "390100", int64(-257)},
		{"smallest_integer", "3b7fffffffffffffff", int64(-1 << 63)},
		{"bytes", "43010203", []byte{1, 2, 3}},
		{"no_bytes", "40", []byte{}},
		{"text", "6468c3a9 21", "hé!"},
		{"array", "83010203", []any{int64(1), int64(2), int64(3)}},
		{"empty_array", "80", []any{}},
		{"empty_map", "a0", map[any]any{}},
		{"keys_in_order_of_type_length_bytes", "a5 0100 2000 6000 6162 00 626161 00", map[any]any{
			int64(1): int64(0), int64(-1): int64(0), "": int64(0), "b": int64(0), "aa": int64(0),
		}},
		{"false", "f4", false},
		{"true", "f5", true},
		{"null", "f6", nil},
		{"double", "fb3ff8000000000000", 1.5},
		{"eight_levels", "8181818181818180", []any{[]any{[]any{[]any{[]any{[]any{[]any{[]any{}}}}}}}}},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			b := unhex(t, row.hex)
			got, err := cbor.Decode(b)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(got, row.want); diff != "" {
				t.Errorf("(-got +want)\n%s", diff)
			}
			again, err := cbor.Encode(got)
			if err != nil || !bytes.Equal(again, b) {
				t.Errorf("encoded again: %x, %v; want %x", again, err, b)
			}
			first, rest, err := cbor.DecodeFirst(append(b, 0xff, 0x00))
			if err != nil || !cmp.Equal(first, row.want) || !bytes.Equal(rest, []byte{0xff, 0x00}) {
				t.Errorf("DecodeFirst with two bytes behind: %v, rest %x, %v", first, rest, err)
			}
		})
	}
}

func TestHostileDecode(t *testing.T) {
	t.Parallel()
	const notCanonical = "not in canonical form"
	for _, row := range []struct {
		name string
		hex  string
		want string // in the error
	}{
		{"nothing", "", "EOF"},
		{"two_items", "0000", "1 bytes follow"},
		{"integer_too_long_by_one_size", "1817", notCanonical},
		{"integer_in_eight_bytes", "1b0000000000000001", notCanonical},
		{"negative_integer_too_long", "3800", notCanonical},
		{"length_too_long", "580101", notCanonical},
		{"text_length_too_long", "780161", notCanonical},
		{"array_length_too_long", "980100", notCanonical},
		{"map_length_too_long", "b8010000", notCanonical},
		{"integer_over_int64", "1b8000000000000000", "64 bits"},
		{"integer_under_int64", "3b8000000000000000", "64 bits"},
		{"keys_out_of_order", "a2 0200 0100", notCanonical},
		{"longer_key_first", "a2 626161 00 6162 00", notCanonical},
		{"text_key_before_integer", "a2 6161 00 01 00", notCanonical},
		{"REG-21_same_integer_key_twice", "a2 0100 0101", "same key twice"},
		{"REG-21_same_text_key_twice", "a2 616100 616101", "same key twice"},
		{"REG-21_same_key_in_two_lengths", "a2 0100 180101", "same key twice"},
		{"REG-21_same_key_inside", "81 a2 0100 0101", "same key twice"},
		{"same_nan_key_twice", "a2 fb7ff8000000000000 00 fb7ff8000000000000 00", "NaN"},
		{"byte_string_as_key", "a1 4101 00", "map key"},
		{"array_as_key", "a1 80 00", "map key"},
		{"map_as_key", "a1 a0 00", "map key"},
		{"REG-23_indefinite_map", "bf 0100 ff", "indefinite"},
		{"REG-23_indefinite_array", "9f 01 ff", "indefinite"},
		{"REG-23_indefinite_bytes", "5f 4101 ff", "indefinite"},
		{"REG-23_indefinite_text", "7f 6161 ff", "indefinite"},
		{"break_alone", "ff", "break"},
		{"tag", "c0 00", "tag"},
		{"big_number", "c2 4101", "tag"},
		{"self_described", "d9d9f7 00", "tag"},
		{"half_float", "f93e00", notCanonical},
		{"single_float", "fa3fc00000", notCanonical},
		{"nan", "fb7ff8000000000000", "NaN"},
		{"undefined", "f7", "simple value"},
		{"simple_value", "e0", "simple value"},
		{"simple_value_in_two_bytes", "f8ff", "simple value"},
		{"reserved_head", "1c", "invalid"},
		{"text_not_utf8", "61ff", "UTF-8"},
		{"text_overlong_utf8", "62c080", "UTF-8"},
		{"text_surrogate", "63eda080", "UTF-8"},
		{"cut_in_head", "1900", "EOF"},
		{"cut_in_bytes", "4201", "EOF"},
		{"cut_in_map", "a101", "EOF"},
		{"REG-24_nine_levels", "818181818181818180", "nested level"},
		{"REG-24_ten_levels_of_maps", strings.Repeat("a100", 10) + "00", "nested level"},
		{"REG-24_ten_thousand_levels", strings.Repeat("81", 10_000), "nested level"},
		{"REG-24_ten_thousand_tags", strings.Repeat("c1", 10_000) + "00", "tag"},
		{"REG-24_map_of_2_to_32_pairs", "bb0000000100000000 0000", "max number"},
		{"REG-24_map_of_2_to_64_pairs", "bbffffffffffffffff 0000", ""},
		{"REG-24_array_of_2_to_64_elements", "9bffffffffffffffff 0000", ""},
		{"REG-24_bytes_of_2_to_63", "5b8000000000000000 0000", ""},
		{"REG-24_bytes_of_2_to_62", "5b4000000000000000 0000", "EOF"},
		{"REG-36_sixty_five_elements", "9841" + strings.Repeat("00", 65), "max number"},
		{"longer_than_20_kib", "595000" + strings.Repeat("00", 0x5000), "longer than 20480"},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			v, err := cbor.Decode(unhex(t, row.hex))
			if err == nil {
				t.Fatalf("accepted as %v", v)
			}
			if v != nil {
				t.Errorf("value %v beside an error", v)
			}
			if !strings.HasPrefix(err.Error(), "cbor: ") || !strings.Contains(err.Error(), row.want) || len(err.Error()) > 120 {
				t.Errorf("error %q does not say %q in few words", err, row.want)
			}
		})
	}
}

func TestProfiles(t *testing.T) {
	t.Parallel()
	message, all := []cbor.Profile{cbor.Message}, []cbor.Profile{cbor.Ceremony, cbor.Message}
	array := func(n int, element string) string {
		return fmt.Sprintf("99%04x", n) + strings.Repeat(element, n)
	}
	for _, row := range []struct {
		name   string
		hex    string
		in     []cbor.Profile
		limits bool // the others say that it is over a limit
	}{
		{"byte_string_as_key", "a1 4101 00", message, false},
		{"keys_of_all_kinds", "a3 00 00 41ff 00 6100 00", message, false},
		{"byte_string_keys_out_of_order", "a2 4102 00 4101 00", nil, false},
		{"longer_byte_string_key_first", "a2 420000 00 41ff 00", nil, false},
		{"same_byte_string_key_twice", "a2 4101 00 4101 00", nil, false},
		{"empty_array_as_key", "a1 80 00", nil, false},
		{"elements_64", "9840" + strings.Repeat("00", 64), all, false},
		{"elements_65", "9841" + strings.Repeat("00", 65), message, true},
		{"elements_1024", array(1024, "00"), message, true},
		{"elements_1025", array(1025, "00"), nil, true},
		{"items_16384", "90" + strings.Repeat(array(1024, "00"), 15) + array(1007, "00"), message, true},
		{"items_over_16384", "90" + strings.Repeat(array(1024, "00"), 15) + array(1008, "00"), nil, true},
		{"bytes_20_kib", "594ffd" + strings.Repeat("00", 0x4ffd), all, false},
		{"bytes_over_20_kib", "594ffe" + strings.Repeat("00", 0x4ffe), message, true},
		{"bytes_1_mib", "5a000ffffb" + strings.Repeat("00", 0xffffb), message, true},
		{"bytes_over_1_mib", "5a000ffffc" + strings.Repeat("00", 0xffffc), nil, true},
		{"levels_9", "818181818181818180", nil, false},
	} {
		for _, p := range all {
			t.Run(fmt.Sprintf("%s_%d", row.name, p), func(t *testing.T) {
				t.Parallel()
				b := unhex(t, row.hex)
				v, err := p.Decode(b)
				if want := slices.Contains(row.in, p); want != (err == nil) {
					t.Fatalf("error %v, accepted should be %v", err, want)
				}
				if err != nil {
					if v != nil || errors.Is(err, cbor.ErrLimit) != row.limits {
						t.Errorf("value %v, error %v, over a limit should be %v", v, err, row.limits)
					}
					return
				}
				if again, err := cbor.Encode(v); err != nil || !bytes.Equal(again, b) {
					t.Errorf("encoded again: %x, %v; want %x", again, err, b)
				}
			})
		}
	}
}

func TestErrorsQuoteNoInput(t *testing.T) {
	t.Parallel()
	secret := "do not print me"
	key := append([]byte{0x60 | byte(len(secret))}, secret...)
	b := append([]byte{0xa2}, bytes.Repeat(append(key, 0x00), 2)...)
	_, err := cbor.Decode(b)
	if err == nil || strings.Contains(err.Error(), "print") {
		t.Errorf("got %v", err)
	}
}

func TestEncodeRefusesOtherTypes(t *testing.T) {
	t.Parallel()
	if b, err := cbor.Encode(make(chan int)); err == nil || b != nil {
		t.Errorf("got %x, %v", b, err)
	}
}

func TestDescribe(t *testing.T) {
	t.Parallel()
	for want, v := range map[string]any{
		"an integer": int64(1), "a byte string": []byte{}, "a text string": "", "a boolean": true, "null": nil,
		"a floating-point number": 1.5, "an array": []any{}, "a map": map[any]any{}, "no CBOR value": struct{}{},
	} {
		if got := cbor.Describe(v); got != want {
			t.Errorf("%T: got %q, want %q", v, got, want)
		}
	}
}

// bombs are as large in memory as their few bytes can be within the limits:
// leaves, sixty to an array, sixty of those to an array, and so on.
func bombs(limits cbor.Limits) map[string][]byte {
	fill := func(leaf string) []byte {
		b, items := []byte(leaf), 0
		if reference(b, limits, &items, 0) != len(b) {
			panic("the leaf is no item")
		}
		for range 3 {
			n := min(60, (limits.Bytes-200)/len(b), (limits.Items-1)/items)
			if n < 2 {
				break
			}
			head := []byte{0x98, byte(n)}
			if n < 24 {
				head = []byte{0x80 | byte(n)}
			}
			b, items = append(head, bytes.Repeat(b, n)...), items*n+1
		}
		return b
	}
	long := func(head byte, room int) []byte {
		n := room - 5
		return append([]byte{head, 0, byte(n >> 16), byte(n >> 8), byte(n)}, bytes.Repeat([]byte("a"), n)...)
	}
	wide := func() []byte {
		b := []byte{0xb9, byte(limits.Elements >> 8), byte(limits.Elements)}
		if limits.Elements < 256 {
			b = []byte{0xb8, byte(limits.Elements)}
		}
		for n := range limits.Elements {
			key, _ := cbor.Encode(int64(n))
			b = append(append(b, key...), 0)
		}
		return b
	}
	maps := fill("\xa1\x20\xa1\x20\xa1\x20\xa1\x20\xa0")
	return map[string][]byte{
		"wide_maps":            fill(string(wide())),
		"maps_and_a_long_text": append(append([]byte{0x82}, maps...), long(0x7a, limits.Bytes-1-len(maps))...),
		"empty_arrays":         fill("\x80"),
		"empty_maps":           fill("\xa0"),
		"maps_of_one":          fill("\xa1\x00\x00"),
		"maps_of_two":          fill("\xa2\x00\x00\x01\x00"),
		"maps_in_maps":         fill("\xa1\x00\xa1\x00\xa1\x00\xa1\x00\xa0"),
		"maps_in_deep_maps":    fill("\xa1\x20\xa1\x20\xa1\x20\xa1\x20\xa1\x20\xa0"),
		"maps_in_arrays":       fill("\x81\xa1\x00\x81\xa1\x00\x80"),
		"arrays_of_one":        fill("\x81\x80"),
		"empty_byte_strings":   fill("\x40"),
		"one_letter_texts":     fill("\x61\x61"),
		"long_integers":        fill("\x1b\x01\x01\x01\x01\x01\x01\x01\x01"),
		"one_long_byte_string": long(0x5a, limits.Bytes),
		"one_long_text":        long(0x7a, limits.Bytes),
		"with_a_rest":          append(fill("\xa1\x00\x00"), make([]byte, 40<<10)...),
	}
}

// REG-24: whatever the bytes ask for, no more is allocated than the profile says.
// It runs alone, since the measure is of the whole process.
func TestHostileBombs(t *testing.T) {
	for _, row := range []struct {
		name    string
		profile cbor.Profile
		limit   uint64
	}{{"ceremony", cbor.Ceremony, 4 << 20}, {"message", cbor.Message, 8 << 20}} {
		for name, b := range bombs(row.profile.Limits()) {
			t.Run("REG-24_"+row.name+"_"+name, func(t *testing.T) {
				var before, after runtime.MemStats
				runtime.ReadMemStats(&before)
				_, _, err := row.profile.DecodeFirst(b)
				runtime.ReadMemStats(&after)
				allocated := after.TotalAlloc - before.TotalAlloc
				t.Logf("%d bytes in, %d KiB allocated, error: %v", len(b), allocated>>10, err)
				if allocated > row.limit {
					t.Errorf("%d bytes allocated", allocated)
				}
			})
		}
	}
}

func BenchmarkDecodeBomb(b *testing.B) {
	for name, bomb := range bombs(cbor.Ceremony.Limits()) {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				_, _, _ = cbor.DecodeFirst(bomb)
			}
		})
	}
}
