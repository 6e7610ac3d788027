package server_test

import (
	"bytes"
	"fmt"
	"net/http"
	"runtime"
	"strings"
	"testing"

	"github.com/hitherauth/hither/webauthn/webauthntest"
)

// costly is a valid body with one member that asks for as much work as it can within 64 KiB.
type costly struct {
	path   string
	edit   func(*webauthntest.Ceremony)
	status int
}

func costlyBodies() map[string]costly {
	member := func(name string, value []byte) func(*webauthntest.Ceremony) {
		return func(c *webauthntest.Ceremony) {
			c.At(webauthntest.BeforeBody, func() { c.Response.SetBytes(name, value) })
		}
	}
	envelope := func(name, value string) func(*webauthntest.Ceremony) {
		return func(c *webauthntest.Ceremony) { c.At(webauthntest.BeforeBody, func() { c.Envelope.Set(name, value) }) }
	}
	transports := func(c *webauthntest.Ceremony) {
		c.At(webauthntest.BeforeBody, func() { c.Response.Set("transports", "["+strings.Repeat(`"usb",`, 10_000)+`"usb"]`) })
	}
	bomb := append([]byte{0x98, 60}, bytes.Repeat(append([]byte{0x98, 60}, bytes.Repeat([]byte{0xa1, 0x20, 0xa1, 0x20, 0xa0}, 60)...), 60)...)
	extensions := append(append(make([]byte, 32), 0x85, 0, 0, 0, 0), bomb...)
	deep, long := []byte(strings.Repeat(`{"a":`, 9_000)), []byte(`{"type":"`+strings.Repeat("a", 46_000)+`"}`)
	objects, nested := "["+strings.Repeat(`{"a":0},`, 7_500)+"0]", strings.Repeat(`{"a":`, 9_000)+"0"+strings.Repeat("}", 9_000)
	const bad = http.StatusBadRequest
	return map[string]costly{
		"REG-14_client_data_deep":           {pathRegFinish, member("clientDataJSON", deep), bad},
		"REG-14_client_data_long":           {pathRegFinish, member("clientDataJSON", long), bad},
		"REG-14_client_data_deep_sign_in":   {pathAuthFinish, member("clientDataJSON", deep), bad},
		"REG-14_client_data_long_sign_in":   {pathAuthFinish, member("clientDataJSON", long), bad},
		"REG-14_many_objects":               {pathRegFinish, envelope("x", objects), http.StatusCreated},
		"REG-14_nested_objects":             {pathAuthFinish, envelope("x", nested), bad},
		"REG-24_attestation_object":         {pathRegFinish, member("attestationObject", bomb), bad},
		"REG-24_attestation_object_deep":    {pathRegFinish, member("attestationObject", bytes.Repeat([]byte{0x81}, 40_000)), bad},
		"REG-24_AST-23_authenticator_data":  {pathAuthFinish, member("authenticatorData", extensions), bad},
		"REG-51_ten_thousand_transports":    {pathRegFinish, transports, http.StatusCreated},
		"REG-51_extension_results_of_60KiB": {pathRegFinish, envelope("clientExtensionResults", `{"x":`+objects+"}"), http.StatusCreated},
	}
}

// At most 4 MiB are allocated for a body of 64 KiB, by client and server together. It runs alone, since the measure
// is of the whole process.
func TestHostileBodiesAllocateLittle(t *testing.T) {
	h := openHouse(t)
	owner := h.browser()
	owner.signUp("owner")
	names := 0
	for name, row := range costlyBodies() {
		names++
		t.Run(name, func(t *testing.T) {
			b := h.browser()
			var body string
			if row.path == pathAuthFinish {
				b.key = owner.key
				body = b.assert(b.beginAuthentication(object{}), func(a *assertion) { row.edit(&a.Ceremony) })
			} else {
				_, body = b.create(b.beginRegistration(object{"name": fmt.Sprint("costly", names)}), func(r *registration) { row.edit(&r.Ceremony) })
			}
			if len(body) > 64<<10 {
				t.Fatalf("%d bytes", len(body))
			}
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			a := b.do(http.MethodPost, row.path, body)
			runtime.ReadMemStats(&after)
			if a.status != row.status {
				t.Errorf("got %d %.300s", a.status, a.body)
			}
			allocated := after.TotalAlloc - before.TotalAlloc
			t.Logf("%d bytes in, %d KiB allocated", len(body), allocated>>10)
			if allocated > 4<<20 {
				t.Errorf("%d KiB allocated", allocated>>10)
			}
		})
	}
}
