package tunnel_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hitherauth/hither/tunnel"
)

func TestIDs(t *testing.T) {
	t.Parallel()
	id := tunnel.ID{0x0a, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 0xff}
	const text = "0A0102030405060708090A0B0C0D0EFF"
	if got := id.Text(); got != text {
		t.Errorf("wrote %s, want %s", got, text)
	}
	for _, s := range []string{text, strings.ToLower(text)} {
		if got, err := tunnel.ParseID(s); err != nil || got != id {
			t.Errorf("ParseID(%s) = %x, %v", s, got, err)
		}
	}
	routing := tunnel.RoutingID{0xab, 0, 1}
	if got := routing.Text(); got != "AB0001" {
		t.Errorf("wrote %s", got)
	}
	contact := tunnel.ContactID{0xfb, 0xff, 1}
	if got := contact.Text(); got != "-_8B" {
		t.Errorf("wrote %s", got)
	}
	if got, err := tunnel.ParseContactID("-_8B"); err != nil || !bytes.Equal(got, contact) {
		t.Errorf("ParseContactID = %x, %v", got, err)
	}
}

func TestIDsRefuse(t *testing.T) {
	t.Parallel()
	for _, s := range []string{"", "00", strings.Repeat("0", 31), strings.Repeat("0", 33), strings.Repeat("g", 32), strings.Repeat("٠", 16), " " + strings.Repeat("0", 31)} {
		if got, err := tunnel.ParseID(s); err == nil || got != (tunnel.ID{}) {
			t.Errorf("ParseID(%q) = %x, %v", s, got, err)
		}
	}
	for _, s := range []string{"", "0000", "00000000", "00000g", "0x0000", "00000\n"} {
		if got, err := tunnel.ParseRoutingID(s); err == nil || got != (tunnel.RoutingID{}) {
			t.Errorf("ParseRoutingID(%q) = %x, %v", s, got, err)
		}
	}
	for _, s := range []string{"", "a", "YQ==", "YR", "+/8B", "YWJj\nYWJj", "YWJj\r", strings.Repeat("a", 1368)} {
		if got, err := tunnel.ParseContactID(s); err == nil || got != nil {
			t.Errorf("ParseContactID(%q) = %x, %v", s, got, err)
		}
	}
}

func TestWake(t *testing.T) {
	t.Parallel()
	want := tunnel.Wake{ID: tunnel.ID{1}, RoutingID: tunnel.RoutingID{2}, Payload: []byte("payload")}
	b := want.Append(nil)
	got, err := tunnel.ParseWake(b)
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	clear(b)
	if string(got.Payload) != "payload" {
		t.Error("the payload is a part of what was parsed")
	}
	for _, b := range [][]byte{nil, {1}, make([]byte, 20), append([]byte{1}, make([]byte, 18)...), append([]byte{1}, make([]byte, 20+256)...)} {
		if got, err := tunnel.ParseWake(b); err == nil || !cmp.Equal(got, tunnel.Wake{}) {
			t.Errorf("ParseWake(%x) = %v, %v", b, got, err)
		}
	}
	if id, err := tunnel.ParseRefusal(tunnel.AppendRefusal(nil, want.ID)); err != nil || id != want.ID {
		t.Errorf("ParseRefusal = %x, %v", id, err)
	}
	for _, b := range [][]byte{nil, {2}, make([]byte, 17), append([]byte{2}, make([]byte, 17)...)} {
		if id, err := tunnel.ParseRefusal(b); err == nil || id != (tunnel.ID{}) {
			t.Errorf("ParseRefusal(%x) = %x, %v", b, id, err)
		}
	}
}

func FuzzParseID(f *testing.F) {
	f.Add("0A0102030405060708090a0b0c0d0eff")
	f.Add("")
	f.Fuzz(func(t *testing.T, text string) {
		id, err := tunnel.ParseID(text)
		if err != nil {
			if id != (tunnel.ID{}) {
				t.Error("an error, and an id")
			}
		} else if !strings.EqualFold(id.Text(), text) {
			t.Errorf("%q became %q", text, id.Text())
		}
	})
}

func FuzzParseRoutingID(f *testing.F) {
	f.Add("0A01ff")
	f.Add("")
	f.Fuzz(func(t *testing.T, text string) {
		id, err := tunnel.ParseRoutingID(text)
		if err != nil {
			if id != (tunnel.RoutingID{}) {
				t.Error("an error, and an id")
			}
		} else if !strings.EqualFold(id.Text(), text) {
			t.Errorf("%q became %q", text, id.Text())
		}
	})
}

func FuzzParseContactID(f *testing.F) {
	f.Add("-_8B")
	f.Add("YR")
	f.Add("YWJj\nYWJj")
	f.Fuzz(func(t *testing.T, text string) {
		id, err := tunnel.ParseContactID(text)
		if err != nil {
			if id != nil {
				t.Error("an error, and an id")
			}
		} else if id.Text() != text || len(id) == 0 || len(id) > tunnel.MaxContactID {
			t.Errorf("%q became %q", text, id.Text())
		}
	})
}

func FuzzParseContactSecret(f *testing.F) {
	f.Add("AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA")
	f.Add("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")
	f.Fuzz(func(t *testing.T, text string) {
		secret, err := tunnel.ParseContactSecret(text)
		if err != nil {
			if !secret.Equal(tunnel.ContactSecret{}) {
				t.Error("an error, and a secret")
			}
		} else if secret.Bearer() != text {
			t.Error("it became another one")
		}
	})
}

func FuzzParseWake(f *testing.F) {
	f.Add(tunnel.Wake{ID: tunnel.ID{1}, RoutingID: tunnel.RoutingID{2}, Payload: []byte("payload")}.Append(nil))
	f.Add([]byte{1})
	f.Fuzz(func(t *testing.T, b []byte) {
		w, err := tunnel.ParseWake(b)
		if err != nil {
			if !cmp.Equal(w, tunnel.Wake{}) {
				t.Error("an error, and a wake-up")
			}
		} else if !bytes.Equal(w.Append(nil), b) {
			t.Errorf("%x became %x", b, w.Append(nil))
		}
	})
}

func FuzzParseRefusal(f *testing.F) {
	f.Add(tunnel.AppendRefusal(nil, tunnel.ID{1}))
	f.Fuzz(func(t *testing.T, b []byte) {
		id, err := tunnel.ParseRefusal(b)
		if err != nil {
			if id != (tunnel.ID{}) {
				t.Error("an error, and an id")
			}
		} else if !bytes.Equal(tunnel.AppendRefusal(nil, id), b) {
			t.Errorf("%x became %x", b, tunnel.AppendRefusal(nil, id))
		}
	})
}
