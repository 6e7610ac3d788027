package webauthn_test

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"runtime"
	"strings"
	"testing"

	"github.com/hitherauth/hither/webauthn"
)

// bombs are bodies of at most 64 KiB that ask for as much work as they can.
func bombs() map[string][]byte {
	const head = `{"id":"AA","rawId":"AA","type":"public-key"`
	names := func(n int) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, `,"%x":0`, i)
		}
		return b.String()
	}
	bomb := bytes.Repeat([]byte{0x98, 60}, 2) // 60 arrays of 60 maps in maps
	bomb = append(bomb[:2:2], bytes.Repeat(append(bomb[:2:2], bytes.Repeat([]byte{0xa1, 0x20, 0xa1, 0x20, 0xa0}, 60)...), 60)...)
	attestation := base64.RawURLEncoding.EncodeToString(bomb)
	return map[string][]byte{
		"REG-14_deep_arrays":   []byte(strings.Repeat("[", 60_000)),
		"REG-14_deep_objects":  []byte(strings.Repeat(`{"":`, 15_000)),
		"REG-14_many_names":    []byte(head + names(7_000) + "}"),
		"REG-14_long_string":   []byte(head + `,"x":"` + strings.Repeat("a", 65_000) + `"}`),
		"REG-14_escapes":       []byte(head + `,"x":"` + strings.Repeat(`\u0061`, 10_000) + `"}`),
		"REG-14_many_values":   []byte(head + `,"x":[` + strings.Repeat("0,", 32_000) + "0]}"),
		"REG-14_many_objects":  []byte(head + `,"x":[` + strings.Repeat(`{"a":0},`, 8_000) + "0]}"),
		"REG-24_cbor":          []byte(head + `,"response":{"attestationObject":"` + attestation + `"}}`),
		"REG-51_transports":    []byte(head + `,"response":{"transports":[` + strings.Repeat(`"usb",`, 10_000) + `"usb"]}}`),
		"REG-51_proto":         []byte(head + `,"clientExtensionResults":{` + strings.Repeat(`"__proto__":{`, 4_000)),
		"signature_of_48_kib":  []byte(head + `,"response":{"signature":"` + strings.Repeat("A", 64_000) + `"}}`),
		"over_the_limit":       bytes.Repeat([]byte("["), 1<<20),
		"number_of_64_kib":     []byte(head + `,"x":` + strings.Repeat("1", 65_000) + "}"),
		"white_space_of_64kib": []byte(head + strings.Repeat(" ", 65_000) + "}"),
	}
}

// REG-14, REG-24: hostile bodies are cheap. It runs alone, since the measure is
// of the whole process.
func TestHostileBombs(t *testing.T) {
	for name, body := range bombs() {
		t.Run(name, func(t *testing.T) {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			_, err := webauthn.ParseRegistrationResponse(body)
			runtime.ReadMemStats(&after)
			if allocated := after.TotalAlloc - before.TotalAlloc; allocated > 4<<20 {
				t.Errorf("%d KiB allocated", allocated>>10)
			}
			if err == nil {
				t.Error("accepted")
			}
			if _, err := webauthn.ParseAuthenticationResponse(body); err == nil {
				t.Error("accepted as an authentication")
			}
		})
	}
}

func BenchmarkBombs(b *testing.B) {
	for name, body := range bombs() {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				_, _ = webauthn.ParseRegistrationResponse(body)
			}
		})
	}
}
