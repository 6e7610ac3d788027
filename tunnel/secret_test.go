package tunnel_test

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/hitherauth/hither/tunnel"
)

func TestContactSecret(t *testing.T) {
	t.Parallel()
	secret, err := tunnel.ContactSecretFromBytes(bytes.Repeat([]byte{0x5a}, 32))
	if err != nil {
		t.Fatal(err)
	}
	// printf 'hither contact id\0' | cat - <(printf 'Z%.0s' {1..32}) | sha256sum
	const want = "0734e44e3c81238c35491c22cd93a6a003b4abd55f4f86c6a2310f96dcf2182b67"
	if got := hex.EncodeToString(secret.ContactID(7)); got != want {
		t.Errorf("contact id %s, want %s", got, want)
	}
	if same, err := tunnel.ParseContactSecret(secret.Bearer()); err != nil || !same.Equal(secret) {
		t.Errorf("a secret does not come back: %v", err)
	}
	if same, err := tunnel.ContactSecretFromBytes(secret.Bytes()); err != nil || !same.Equal(secret) {
		t.Errorf("a secret does not come back: %v", err)
	}
	for _, b := range [][]byte{nil, make([]byte, 31), make([]byte, 32), make([]byte, 33)} {
		if got, err := tunnel.ContactSecretFromBytes(b); err == nil || !got.Equal(tunnel.ContactSecret{}) {
			t.Errorf("took %x", b)
		}
	}
	if _, err := tunnel.NewContactSecret(strings.NewReader("short")); err == nil {
		t.Error("made a secret of five bytes")
	}
}

func TestContactSecretDoesNotPrint(t *testing.T) {
	t.Parallel()
	secret, err := tunnel.ContactSecretFromBytes(bytes.Repeat([]byte{0x5a}, 32))
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%c", "%U", "%o", "%b"} {
		fmt.Fprintf(&out, verb+verb+verb, secret, &secret, struct{ S tunnel.ContactSecret }{secret})
	}
	slog.New(slog.NewTextHandler(&out, nil)).Info("secret", "secret", secret)
	slog.New(slog.NewJSONHandler(&out, nil)).Info("secret", "secret", &secret)
	if err := json.NewEncoder(&out).Encode(map[string]any{"secret": secret}); err != nil {
		t.Fatal(err)
	}
	for _, shown := range []string{"5a5a", "5A5A", "ZZ", "90 90", "WlpaWl", "1011010", "132132"} {
		if strings.Contains(out.String(), shown) {
			t.Errorf("%q is printed in %s", shown, out.String())
		}
	}
}
