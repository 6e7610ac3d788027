package authenticator_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"filippo.io/age"

	"github.com/hitherauth/hither/authenticator"
)

// A file of somebody else's making costs what the bounds of a passphrase allow, and
// no more: scrypt with 2^30 would take an hour and a terabyte.
func TestHostileVaultWorkFactor(t *testing.T) {
	t.Parallel()
	path, key := filepath.Join(t.TempDir(), "vault.age"), passphraseKey(t, "correct horse")
	createVault(t, path, key)
	whole := readFile(t, path)
	for _, factor := range []string{"21", "30", "64", "-1", "0"} {
		spoilt := bytes.Replace(whole, []byte(" 10\n"), []byte(" "+factor+"\n"), 1)
		if bytes.Equal(spoilt, whole) {
			t.Fatal("the header is another")
		}
		if err := os.WriteFile(path, spoilt, 0o600); err != nil {
			t.Fatal(err)
		}
		// It is judged by what it says: with the key tried it would be ErrVaultKey.
		if _, err := authenticator.OpenVault(path, key); !errors.Is(err, authenticator.ErrVaultDamaged) {
			t.Errorf("%s: got error %v", factor, err)
		}
	}
}

// Nobody but the key's holder has a vault: one that others can open too is read, and
// the next change takes it from them.
func TestVaultForOthers(t *testing.T) {
	t.Parallel()
	mine, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	other, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	c := oneCredential(t)
	text, err := authenticator.AppendVault(nil, []authenticator.Credential{c})
	if err != nil {
		t.Fatal(err)
	}
	var file bytes.Buffer
	w, err := age.Encrypt(&file, other.Recipient(), mine.Recipient())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(text); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "vault.age")
	if err := os.WriteFile(path, file.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	v := openVault(t, path, keyOf(t, mine))
	openVault(t, path, keyOf(t, other))
	if _, err := v.Count(t.Context(), c.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := authenticator.OpenVault(path, keyOf(t, other)); !errors.Is(err, authenticator.ErrVaultKey) {
		t.Errorf("the other still opens it: %v", err)
	}
}
