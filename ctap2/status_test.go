package ctap2_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/hitherauth/hither/ctap2"
)

// Every byte is a status code, and comes out of an error as it went in.
func TestStatusCode(t *testing.T) {
	t.Parallel()
	known := map[string]bool{}
	for n := range 256 {
		code := ctap2.StatusCode(n)
		got, ok := errors.AsType[ctap2.StatusCode](fmt.Errorf("asking: %w", code))
		if !ok || got != code {
			t.Errorf("0x%02x comes back as %v, %v", n, got, ok)
		}
		if code.Extension() != (n >= 0xe0 && n < 0xf0) || code.Vendor() != (n >= 0xf0) || code.Known() && n >= 0xe0 {
			t.Errorf("0x%02x: known %v, extension %v, vendor %v", n, code.Known(), code.Extension(), code.Vendor())
		}
		hex := fmt.Sprintf("0x%02x", n)
		if text := code.Error(); !strings.HasPrefix(text, "ctap2: ") || !strings.Contains(text, hex) || !strings.Contains(text, code.String()) {
			t.Errorf("0x%02x says %q and %q", n, text, code)
		}
		if !code.Known() {
			continue
		}
		if name := code.String(); known[name] || !strings.HasPrefix(name, "CTAP") {
			t.Errorf("0x%02x is called %q, as another one is", n, name)
		}
		known[code.String()] = true
	}
	if len(known) != 50 {
		t.Errorf("%d codes have names", len(known))
	}
	for code, want := range map[ctap2.StatusCode]string{
		ctap2.StatusNoCredentials: "ctap2: CTAP2_ERR_NO_CREDENTIALS (0x2e)",
		ctap2.StatusOther:         "ctap2: CTAP1_ERR_OTHER (0x7f)",
		0x41:                      "ctap2: status 0x41",
		0xe3:                      "ctap2: extension status 0xe3",
		0xff:                      "ctap2: vendor status 0xff",
	} {
		if got := code.Error(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestCommand(t *testing.T) {
	t.Parallel()
	names := map[string]bool{}
	for n := range 256 {
		names[ctap2.Command(n).String()] = true
	}
	if len(names) != 256 || !names["authenticatorGetInfo"] || !names["command 0x40"] {
		t.Errorf("%d different names", len(names))
	}
}
