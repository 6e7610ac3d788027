package eye

import "testing"

// FuzzSetup reads what X servers and authority files may hold.
func FuzzSetup(f *testing.F) {
	f.Add([]byte("\x00\x00\x00\x04host\x00\x017\x00\x12MIT-MAGIC-COOKIE-1\x00\x02ab"), uint8(0))
	f.Add(append(make([]byte, 20), 1, 1, 0, 0, 32, 32, 8, 255, 0, 0, 0, 0, 24, 32, 32, 0, 0, 0, 0, 0), uint8(1))
	f.Fuzz(func(t *testing.T, b []byte, screen uint8) {
		if s, err := parseSetup(b, int(screen)); err != nil && s != (setup{}) {
			t.Errorf("%+v with %v", s, err)
		}
		if c := findCookie(b, familyLocal, "host", "7"); len(c) > len(b) {
			t.Error("a cookie from nowhere")
		}
		_, _ = parseDisplay(string(b))
	})
}
