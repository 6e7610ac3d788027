package webauthn_test

import (
	"runtime"
	"strings"
	"testing"

	"github.com/hitherauth/hither/webauthn"
)

// Options come from a server that a client need not trust: at their longest they
// are cheap, too. It runs alone, since the measure is of the whole process.
func TestHostileOptionsBombs(t *testing.T) {
	const head = `{"challenge":"AA"`
	for name, body := range map[string]string{
		"deep_arrays":      strings.Repeat("[", 500_000),
		"deep_objects":     head + strings.Repeat(`,"x":{"":`, 50_000),
		"many_names":       head + "," + many(40_000, `"%x":0`) + "}",
		"long_string":      head + `,"rpId":"` + strings.Repeat("a", 500_000) + `","`,
		"many_hints":       head + `,"hints":[` + strings.Repeat(`"hybrid",`, 50_000) + `""]}`,
		"many_transports":  head + `,"allowCredentials":[{"transports":[` + strings.Repeat(`"usb",`, 80_000) + `""]}]}`,
		"many_credentials": head + `,"allowCredentials":[` + strings.Repeat(`{"type":"public-key","id":"AA"},`, 16_000) + `{}]}`,
		"many_inputs":      head + `,"extensions":{"prf":{"evalByCredential":{` + many(16_000, `"%x":{"first":"AA"}`) + `}}}}`,
		"long_input":       head + `,"extensions":{"prf":{"eval":{"first":"` + strings.Repeat("A", 500_000) + `B"}}}}`,
		"over_the_limit":   strings.Repeat(" ", 1<<20),
	} {
		t.Run(name, func(t *testing.T) {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			_, err := webauthn.ParseRequestOptions([]byte(body))
			runtime.ReadMemStats(&after)
			if allocated := after.TotalAlloc - before.TotalAlloc; allocated > 8<<20 {
				t.Errorf("%d KiB allocated", allocated>>10)
			} else {
				t.Logf("%d KiB allocated", allocated>>10)
			}
			if err == nil && name != "many_names" {
				t.Error("accepted")
			}
			if _, err := webauthn.ParseCreationOptions([]byte(body)); err == nil {
				t.Error("accepted as creation options")
			}
		})
	}
}
