package authenticator_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"filippo.io/age"

	"github.com/hitherauth/hither/authenticator"
	"github.com/hitherauth/hither/webauthn/webauthntest"
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
	path := filepath.Join(t.TempDir(), "vault.age")
	if err := os.WriteFile(path, encryptTo(t, text, other.Recipient(), mine.Recipient()), 0o600); err != nil {
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

// A process that keeps the vault for itself keeps nobody for ever.
func TestHostileVaultBusy(t *testing.T) {
	t.Parallel()
	path, key := filepath.Join(t.TempDir(), "vault.age"), identityKey(t)
	v := createVault(t, path, key)
	c := oneCredential(t)
	defer holdLock(t, path+".lock")()
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		if err := v.Put(t.Context(), c, nil); !errors.Is(err, authenticator.ErrVaultBusy) {
			t.Errorf("got error %v", err)
		}
		if waited := time.Since(began); waited != 30*time.Second {
			t.Errorf("waited %v", waited)
		}
	})
	if all := allOf(t, v); len(all) != 0 {
		t.Error("it was changed without the lock")
	}
}

// Each of these is an error of its own class: another program, or no vault at all.
func TestHostileVaultClasses(t *testing.T) {
	t.Parallel()
	mine, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	path, key := filepath.Join(t.TempDir(), "vault.age"), keyOf(t, mine)
	newer := writtenVault()
	newer.head.Set(webauthntest.CBORInt(2), webauthntest.CBORInt(2))
	for _, row := range []struct {
		name    string
		text    []byte
		damaged bool
	}{
		{"nothing", nil, true},
		{"newer", newer.encode(), false},
		{"huge", make([]byte, 4<<20), true},
		{"larger_than_any", make([]byte, 2<<20+1), true},
	} {
		if err := os.WriteFile(path, encryptTo(t, row.text, mine.Recipient()), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := authenticator.OpenVault(path, key)
		if err == nil || errors.Is(err, authenticator.ErrVaultDamaged) != row.damaged || errors.Is(err, authenticator.ErrVaultKey) {
			t.Errorf("%s: got error %v", row.name, err)
		}
	}
	if v, err := authenticator.OpenVault(path, authenticator.VaultKey{}); err == nil || v != nil {
		t.Errorf("without a key: %v", err)
	}
}

func encryptTo(t testing.TB, text []byte, recipients ...age.Recipient) []byte {
	t.Helper()
	var file bytes.Buffer
	w, err := age.Encrypt(&file, recipients...)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(text); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return file.Bytes()
}

// What is no passphrase for a vault, and what a passphrase costs who guesses.
func TestPassphraseKey(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		passphrase string
		factor     int
	}{
		"empty": {"", 10}, "factor_9": {"correct horse", 9}, "factor_21": {"correct horse", 21}, "factor_below_0": {"correct horse", -1},
	} {
		if _, err := authenticator.PassphraseKey(row.passphrase, row.factor); err == nil {
			t.Errorf("%s: it was taken", name)
		}
	}
	for factor, want := range map[int]string{10: " 10\n", 11: " 11\n"} {
		key, err := authenticator.PassphraseKey("correct horse", factor)
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(t.TempDir(), "vault.age")
		createVault(t, path, key)
		if line := bytes.SplitAfterN(readFile(t, path), []byte("\n"), 3)[1]; !bytes.HasSuffix(line, []byte(want)) {
			t.Errorf("factor %d: the header says %q", factor, line)
		}
	}
}
