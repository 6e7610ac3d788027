package relyingparty_test

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/hitherauth/hither/relyingparty"
)

func TestSecretDoesNotPrint(t *testing.T) {
	t.Parallel()
	raw := []byte("0123456789abcdefFEDCBA9876543210")
	secret, err := relyingparty.SecretFromBytes(raw)
	if err != nil {
		t.Fatal(err)
	}
	key := relyingparty.CeremonyKey{Secret: secret}
	keyring, err := relyingparty.NewKeyring(key)
	if err != nil {
		t.Fatal(err)
	}
	s := newScene(t, func(c *relyingparty.Config) { c.Keyring = keyring }, nil)

	var out bytes.Buffer
	for _, v := range []any{secret, &secret, key, &key, []relyingparty.CeremonyKey{key}, map[string]any{"k": key}, keyring, s.rp} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%o", "%b", "%c", "%U", "%t"} {
			fmt.Fprintf(&out, verb+"\n", v)
		}
		slog.New(slog.NewTextHandler(&out, nil)).Info("text", "v", v)
		slog.New(slog.NewJSONHandler(&out, nil)).Info("json", "v", v)
	}
	encoded, err := json.Marshal(key)
	if err != nil {
		t.Fatal(err)
	}
	out.Write(encoded)
	for name, text := range map[string]string{
		"raw":     string(raw),
		"hex":     hex.EncodeToString(raw)[:16],
		"HEX":     strings.ToUpper(hex.EncodeToString(raw))[:16],
		"base64":  base64.RawStdEncoding.EncodeToString(raw)[:12],
		"decimal": "48 49 50 51",
		"commas":  "48, 49, 50",
		"go":      "0x30, 0x31, 0x32",
		"octal":   "60 61 62",
		"binary":  "110000 110001",
	} {
		if strings.Contains(out.String(), text) {
			t.Errorf("the secret printed as %s", name)
		}
	}
	if !strings.Contains(out.String(), "[redacted]") {
		t.Error("nothing was redacted")
	}
}

func TestSecret(t *testing.T) {
	t.Parallel()
	raw := bytes.Repeat([]byte{7}, relyingparty.SecretSize)
	a, err := relyingparty.SecretFromBytes(raw)
	if err != nil {
		t.Fatal(err)
	}
	raw[0] = 8
	b, err := relyingparty.SecretFromBytes(raw)
	if err != nil {
		t.Fatal(err)
	}
	if a.Equal(b) || !a.Equal(a) {
		t.Error("Equal is wrong")
	}
	a.Bytes()[0] = 1
	if !bytes.Equal(a.Bytes(), bytes.Repeat([]byte{7}, relyingparty.SecretSize)) {
		t.Error("the secret shares memory with its caller")
	}
	for _, n := range []int{0, 16, 31, 33, 64} {
		if _, err := relyingparty.SecretFromBytes(bytes.Repeat([]byte{1}, n)); err == nil {
			t.Errorf("%d bytes were accepted", n)
		}
	}
	if _, err := relyingparty.SecretFromBytes(make([]byte, relyingparty.SecretSize)); err == nil {
		t.Error("zeros were accepted")
	}
}
