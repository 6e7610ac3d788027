package hybrid_test

import (
	"bytes"
	"fmt"
	"slices"
	"testing"

	"github.com/hitherauth/hither/hybrid"
	"github.com/hitherauth/hither/hybrid/internal/noise"
)

func direction() *noise.CipherState { return noise.NewCipherState(&[noise.KeySize]byte{1}) }

// unpadded encrypts a plaintext as it is, which no end of ours would do.
func unpadded(t *testing.T, plaintexts ...[]byte) (records [][]byte) {
	t.Helper()
	state := direction()
	for _, plaintext := range plaintexts {
		record, err := state.Seal(nil, plaintext)
		if err != nil {
			t.Fatal(err)
		}
		records = append(records, record)
	}
	return records
}

func TestHostilePadding(t *testing.T) {
	t.Parallel()
	t.Run("HYB-09_round_trip", func(t *testing.T) {
		t.Parallel()
		send, receive := direction(), direction()
		for n := range 531 {
			plaintext := bytes.Repeat([]byte{byte(n)}, n)
			record, err := hybrid.SealRecord(send, plaintext)
			if err != nil {
				t.Fatal(err)
			}
			if want := (n/32+1)*32 + noise.Overhead; len(record) != want {
				t.Errorf("%d bytes make a record of %d, want %d", n, len(record), want)
			}
			got, err := hybrid.OpenRecord(receive, record)
			if err != nil || !bytes.Equal(got, plaintext) {
				t.Fatalf("%d bytes: %x (error: %v)", n, got, err)
			}
		}
	})
	for name, row := range map[string]struct {
		padded []byte
		want   []byte // nil: refused
	}{
		"HYB-09_empty":                     {[]byte{}, nil},
		"HYB-09_one_byte_zero":             {[]byte{0}, []byte{}},
		"HYB-09_one_byte_one":              {[]byte{1}, nil},
		"HYB-09_one_byte_255":              {[]byte{255}, nil},
		"HYB-09_all_zero":                  {make([]byte, 32), make([]byte, 31)},
		"HYB-09_padding_alone":             {append(make([]byte, 31), 31), []byte{}},
		"HYB-09_padding_one_too_long":      {append(make([]byte, 31), 32), nil},
		"HYB-09_padding_255_of_32":         {append(make([]byte, 31), 255), nil},
		"HYB-09_padding_255_of_255":        {append(make([]byte, 254), 255), nil},
		"HYB-09_padding_255_of_256":        {append(make([]byte, 255), 255), []byte{}},
		"HYB-09_no_multiple_of_32":         {append([]byte{1, 4, 0, 0}, 2), []byte{1, 4}},
		"HYB-09_padded_before_the_type":    {slices.Concat([]byte{1}, append(make([]byte, 31), 30)), []byte{1, 0}},
		"HYB-09_longer_padding_than_usual": {append(make([]byte, 64), 63), []byte{0}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			next := append(make([]byte, 31), 31)
			records := unpadded(t, row.padded, next)
			receive := direction()
			got, err := hybrid.OpenRecord(receive, records[0])
			if (err == nil) != (row.want != nil) || !bytes.Equal(got, row.want) || err != nil && got != nil {
				t.Errorf("%x, want %x (error: %v)", got, row.want, err)
			}
			// After a record that is wrong in any way there is none.
			if _, err := hybrid.OpenRecord(receive, records[1]); (err == nil) != (row.want != nil) {
				t.Errorf("the record after it: error %v", err)
			}
		})
	}
	t.Run("HYB-09_lengths_1_to_33", func(t *testing.T) {
		t.Parallel()
		for n := 1; n <= 33; n++ {
			for last := range 256 {
				padded := append(bytes.Repeat([]byte{7}, n-1), byte(last))
				got, err := hybrid.OpenRecord(direction(), unpadded(t, padded)[0])
				if last+1 > n {
					if err == nil || got != nil {
						t.Errorf("%d of %d bytes are padding: %x", last+1, n, got)
					}
				} else if err != nil || !bytes.Equal(got, padded[:n-last-1]) {
					t.Errorf("%d of %d bytes are padding: %x (error: %v)", last+1, n, got, err)
				}
			}
		}
	})
}

func TestHostileRecords(t *testing.T) {
	t.Parallel()
	for name, do := range map[string]func(r [][]byte) [][]byte{
		"HYB-08_replayed":  func(r [][]byte) [][]byte { return [][]byte{r[0], bytes.Clone(r[0]), r[1], r[2]} },
		"HYB-08_reordered": func(r [][]byte) [][]byte { return [][]byte{r[0], r[2], r[1], r[2]} },
		"HYB-08_dropped":   func(r [][]byte) [][]byte { return [][]byte{r[0], r[2]} },
		"HYB-08_truncated": func(r [][]byte) [][]byte { return [][]byte{r[0], r[1][:32], r[1], r[2]} },
		"HYB-08_extended":  func(r [][]byte) [][]byte { return [][]byte{r[0], append(bytes.Clone(r[1]), 0), r[1], r[2]} },
		"HYB-08_empty":     func(r [][]byte) [][]byte { return [][]byte{r[0], {}, r[1], r[2]} },
		"HYB-08_nil":       func(r [][]byte) [][]byte { return [][]byte{r[0], nil, r[1], r[2]} },
		"HYB-08_changed": func(r [][]byte) [][]byte {
			bad := bytes.Clone(r[1])
			bad[0] ^= 1
			return [][]byte{r[0], bad, r[1], r[2]}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			send, receive := direction(), direction()
			var records [][]byte
			for i := range 3 {
				record, err := hybrid.SealRecord(send, []byte{1, byte(i)})
				if err != nil {
					t.Fatal(err)
				}
				records = append(records, record)
			}
			for i, record := range do(records) {
				got, err := hybrid.OpenRecord(receive, record)
				if i == 0 && (err != nil || !bytes.Equal(got, []byte{1, 0})) {
					t.Errorf("the good record: %x (error: %v)", got, err)
				}
				if i > 0 && (err == nil || got != nil) {
					t.Errorf("record %d is opened as %x", i, got)
				}
			}
		})
	}
}

func TestHostileFrames(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		plaintext []byte
		kind      int // -1: refused
	}{
		"HYB-10_shutdown":                 {[]byte{0}, 0},
		"HYB-10_shutdown_with_payload":    {[]byte{0, 1, 2}, 0},
		"HYB-10_CTAP":                     {[]byte{1, 4}, 1},
		"HYB-10_CTAP_without_command":     {[]byte{1}, -1},
		"HYB-10_update":                   {[]byte{2, 0xa0}, 2},
		"HYB-10_update_without_map":       {[]byte{2}, 2},
		"HYB-10_JSON":                     {[]byte("\x03{}"), 3},
		"HYB-10_JSON_without_text":        {[]byte{3}, -1},
		"HYB-10_JSON_not_utf8":            {[]byte{3, 0xff}, -1},
		"HYB-10_empty":                    {[]byte{}, -1},
		"HYB-10_nil":                      {nil, -1},
		"HYB-10_post_handshake_as_frame":  {[]byte{0xa1, 0x01, 0x41, 0xa0}, -1},
		"HYB-10_type_in_two_bytes_of_one": {[]byte{0x01, 0x01}, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			requireFrame(t, row.plaintext, row.kind)
		})
	}
	t.Run("HYB-10_unknown_types", func(t *testing.T) {
		t.Parallel()
		for kind := 4; kind < 256; kind++ {
			requireFrame(t, []byte{byte(kind)}, -1)
			requireFrame(t, []byte{byte(kind), 0xa0}, -1)
		}
	})
}

// requireFrame fails unless a plaintext is a frame of that type, or refused.
func requireFrame(t *testing.T, plaintext []byte, want int) {
	t.Helper()
	kind, payload, err := hybrid.ParseFrame(plaintext)
	switch {
	case want < 0 && (err == nil || kind != 0 || payload != nil):
		t.Errorf("%x is a frame of type %d with %x (error: %v)", plaintext, kind, payload, err)
	case want >= 0 && (err != nil || int(kind) != want || !bytes.Equal(payload, plaintext[1:])):
		t.Errorf("%x is a frame of type %d with %x, want type %d (error: %v)", plaintext, kind, payload, want, err)
	case want >= 0 && !bytes.Equal(hybrid.AppendFrame([]byte("before"), kind, payload), fmt.Appendf(nil, "before%s", plaintext)):
		t.Errorf("%x is written as another frame", plaintext)
	}
}
