package ctap2_test

import (
	"bytes"
	"encoding/hex"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hitherauth/hither/ctap2"
)

// The maps as Chromium writes them: names of WebAuthn, ids of credentials as keys.
func TestPRFInputOnTheWire(t *testing.T) {
	t.Parallel()
	got, err := prfInput().Append(nil)
	if err != nil {
		t.Fatal(err)
	}
	salt := func(c string) string { return "5820" + strings.Repeat(c, 32) }
	first, second := "65"+hex.EncodeToString([]byte("first")), "66"+hex.EncodeToString([]byte("second"))
	want := unhex(t, "a2"+
		"64"+hex.EncodeToString([]byte("eval"))+"a2"+first+salt("01")+second+salt("02")+
		"70"+hex.EncodeToString([]byte("evalByCredential"))+"a2"+"4108"+"a1"+first+salt("03")+"42ff00"+"a1"+first+salt("04"))
	if !bytes.Equal(got, want) {
		t.Errorf("got  %x\nwant %x", got, want)
	}
}

func TestPRFInputSalts(t *testing.T) {
	t.Parallel()
	p := prfInput()
	for id, want := range map[string]byte{"\x08": 3, "\xff\x00": 4, "another": 1, "": 1} {
		if salts, ok := p.Salts([]byte(id)); !ok || salts.First != filled(want) {
			t.Errorf("id %x: %v, %v", id, salts, ok)
		}
	}
	p.Eval = nil
	if salts, ok := p.Salts([]byte("another")); ok {
		t.Errorf("without eval another credential gets %v", salts)
	}
}

// SHA-256("WebAuthn PRF" ‖ 00 ‖ "input"), by sha256sum.
func TestHashPRFInput(t *testing.T) {
	t.Parallel()
	const want = "9abbfb4a2d05127ef9f85308d433f95e3c837af166b7ae533f5a43c612eb050b"
	salt := ctap2.HashPRFInput([]byte("input"))
	if got := hex.EncodeToString(salt[:]); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestParsePRFIgnoresWhatItDoesNotKnow(t *testing.T) {
	t.Parallel()
	b := edited(t, prfInput(), func(m map[any]any) { m["later"] = int64(1) })
	if got, err := ctap2.ParsePRFInput(b); err != nil || !cmp.Equal(got, prfInput()) {
		t.Errorf("input: %v, %v", got, err)
	}
	b = edited(t, prfOutput(), func(m map[any]any) { m["later"] = int64(1) })
	if got, err := ctap2.ParsePRFOutput(b); err != nil || !cmp.Equal(got, prfOutput()) {
		t.Errorf("output: %v, %v", got, err)
	}
}
