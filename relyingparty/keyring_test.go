package relyingparty_test

import (
	"encoding/base64"
	"errors"
	"sync"
	"testing"
	"testing/iotest"
	"time"

	"github.com/hitherauth/hither/relyingparty"
)

func newKey(tb testing.TB, notBefore time.Time) relyingparty.CeremonyKey {
	tb.Helper()
	key, err := relyingparty.NewCeremonyKey(nil, notBefore)
	if err != nil {
		tb.Fatal(err)
	}
	return key
}

// sealedWith says which of the keys sealed a fresh ceremony.
func sealedWith(t *testing.T, s *scene, keys ...relyingparty.CeremonyKey) int {
	t.Helper()
	_, sealed, err := s.rp.BeginAuthentication(relyingparty.AuthenticationRequest{})
	if err != nil {
		t.Fatal(err)
	}
	raw, err := base64.RawURLEncoding.DecodeString(string(sealed))
	if err != nil {
		t.Fatal(err)
	}
	for i, key := range keys {
		if [8]byte(raw[:8]) == key.ID {
			return i
		}
	}
	return -1
}

func TestKeyringNewestKeyInUseSeals(t *testing.T) {
	t.Parallel()
	start := time.Now()
	old, current, next := newKey(t, start.Add(-time.Hour)), newKey(t, start.Add(-time.Minute)), newKey(t, start.Add(time.Minute))
	keyring, err := relyingparty.NewKeyring(next, old, current)
	if err != nil {
		t.Fatal(err)
	}
	s := newScene(t, func(c *relyingparty.Config) { c.Keyring = keyring }, nil)
	if got := sealedWith(t, s, old, current, next); got != 1 {
		t.Errorf("before its time: key %d sealed, want 1", got)
	}
	s.clock.now = next.NotBefore
	if got := sealedWith(t, s, old, current, next); got != 2 {
		t.Errorf("at its time: key %d sealed, want 2", got)
	}
}

func TestKeyringAllKeysOpen(t *testing.T) {
	t.Parallel()
	first, second := newKey(t, time.Time{}), newKey(t, time.Now().Add(time.Hour))
	keyring, err := relyingparty.NewKeyring(first)
	if err != nil {
		t.Fatal(err)
	}
	s := newScene(t, func(c *relyingparty.Config) { c.Keyring = keyring }, nil)
	// A node whose clock says that the second key's time has come.
	other, err := relyingparty.NewKeyring(relyingparty.CeremonyKey{ID: second.ID, Secret: second.Secret})
	if err != nil {
		t.Fatal(err)
	}
	ahead := newScene(t, func(c *relyingparty.Config) { c.Keyring = other }, nil)
	_, sealed, err := ahead.rp.BeginAuthentication(relyingparty.AuthenticationRequest{})
	if err != nil {
		t.Fatal(err)
	}
	_, old, err := s.rp.BeginAuthentication(relyingparty.AuthenticationRequest{})
	if err != nil {
		t.Fatal(err)
	}
	open := func(text relyingparty.SealedCeremony) string {
		_, err := s.rp.OpenAuthentication(text, nil)
		return verdict(err)
	}
	if got := open(sealed); got != string(relyingparty.CheckCeremony) {
		t.Errorf("a key that is not there: %s", got)
	}
	if err := keyring.Replace([]relyingparty.CeremonyKey{first, second}); err != nil {
		t.Fatal(err)
	}
	if got := open(sealed) + " " + open(old); got != "accepted accepted" {
		t.Errorf("both keys there: %s", got)
	}
	if err := keyring.Replace([]relyingparty.CeremonyKey{{ID: second.ID, Secret: second.Secret}}); err != nil {
		t.Fatal(err)
	}
	if got := open(old); got != string(relyingparty.CheckCeremony) {
		t.Errorf("a key that is gone: %s", got)
	}
}

func TestKeyringRefuses(t *testing.T) {
	t.Parallel()
	key, other := newKey(t, time.Time{}), newKey(t, time.Time{})
	keyring, err := relyingparty.NewKeyring(key)
	if err != nil {
		t.Fatal(err)
	}
	s := newScene(t, func(c *relyingparty.Config) { c.Keyring = keyring }, nil)
	for name, keys := range map[string][]relyingparty.CeremonyKey{
		"no_keys":   nil,
		"same_id":   {key, {ID: key.ID, Secret: other.Secret}},
		"no_secret": {{ID: key.ID}},
	} {
		if err := keyring.Replace(keys); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	if got := sealedWith(t, s, key); got != 0 {
		t.Error("a refused Replace changed the keys")
	}
	if _, err := relyingparty.NewKeyring(relyingparty.CeremonyKey{}); err == nil {
		t.Error("a key of zeros was accepted")
	}
}

func TestKeyringNoKeyInUseYet(t *testing.T) {
	t.Parallel()
	keyring, err := relyingparty.NewKeyring(newKey(t, time.Now().Add(time.Hour)))
	if err != nil {
		t.Fatal(err)
	}
	s := newScene(t, func(c *relyingparty.Config) { c.Keyring = keyring }, nil)
	if _, sealed, err := s.rp.BeginAuthentication(relyingparty.AuthenticationRequest{}); err == nil || sealed != "" {
		t.Errorf("sealed %q, error %v", sealed, err)
	}
}

func TestKeyringConcurrently(t *testing.T) {
	t.Parallel()
	keyring, err := relyingparty.NewKeyring()
	if err != nil {
		t.Fatal(err)
	}
	steady := newKey(t, time.Time{})
	if err := keyring.Replace([]relyingparty.CeremonyKey{steady}); err != nil {
		t.Fatal(err)
	}
	s := newScene(t, func(c *relyingparty.Config) { c.Keyring = keyring }, nil)
	var group sync.WaitGroup
	for range 4 {
		group.Go(func() {
			for range 200 {
				_, sealed, err := s.rp.BeginAuthentication(relyingparty.AuthenticationRequest{})
				if err == nil {
					_, err = s.rp.OpenAuthentication(sealed, nil)
				}
				if err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	for range 200 {
		// The new key never seals: a ceremony sealed by a key that the next set lacks would rightly not open.
		if err := keyring.Replace([]relyingparty.CeremonyKey{newKey(t, time.Now().Add(time.Hour)), steady}); err != nil {
			t.Error(err)
		}
	}
	group.Wait()
}

func TestRandomnessFails(t *testing.T) {
	t.Parallel()
	broken := iotest.ErrReader(errors.New("no entropy"))
	s := newScene(t, func(c *relyingparty.Config) { c.Rand = broken }, nil)
	if _, sealed, err := s.rp.BeginRegistration(registrationRequest()); err == nil || sealed != "" {
		t.Error("a registration began without randomness")
	}
	if _, sealed, err := s.rp.BeginAuthentication(relyingparty.AuthenticationRequest{}); err == nil || sealed != "" {
		t.Error("an authentication began without randomness")
	}
	if _, err := relyingparty.NewCeremonyKey(broken, time.Time{}); err == nil {
		t.Error("a key was made without randomness")
	}
}
