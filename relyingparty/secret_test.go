package relyingparty_test

import (
	"bytes"
	"testing"

	"github.com/hitherauth/hither/internal/secret/secrettest"
	"github.com/hitherauth/hither/relyingparty"
)

func TestSecretDoesNotPrint(t *testing.T) {
	t.Parallel()
	raw := []byte("nobody may read what stands here")
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
	secrettest.Check(t, "relyingparty.Secret", secret, raw)
	secrettest.Check(t, "relyingparty.CeremonyKey", key, raw)
	secrettest.Check(t, "relyingparty.Keyring", keyring, raw)
	secrettest.Check(t, "relyingparty.RelyingParty", s.rp, raw)
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
