package authenticator_test

import (
	"testing"

	"github.com/hitherauth/hither/authenticator"
	"github.com/hitherauth/hither/internal/secret/secrettest"
	"github.com/hitherauth/hither/webauthn"
)

func TestSecretsAreHidden(t *testing.T) {
	t.Parallel()
	raw := []byte("nobody may read what stands here")
	prf, err := authenticator.PRFSecretFromBytes(raw)
	if err != nil {
		t.Fatal(err)
	}
	private, err := authenticator.ParsePrivateKey(webauthn.EdDSA, raw)
	if err != nil {
		t.Fatal(err)
	}
	vault, err := authenticator.PassphraseKey(string(raw), 10)
	if err != nil {
		t.Fatal(err)
	}
	secrettest.Check(t, "authenticator.PRFSecret", prf, raw)
	secrettest.Check(t, "authenticator.PrivateKey", private, raw)
	secrettest.Check(t, "authenticator.VaultKey", vault, raw)
}
