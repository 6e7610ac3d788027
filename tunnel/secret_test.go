package tunnel_test

import (
	"bytes"
	"encoding/hex"
	"strings"
	"testing"

	"github.com/hitherauth/hither/internal/secret/secrettest"
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
	raw := []byte("nobody may read what stands here")
	secret, err := tunnel.ContactSecretFromBytes(raw)
	if err != nil {
		t.Fatal(err)
	}
	secrettest.Check(t, "tunnel.ContactSecret", secret, raw)
}
