package authenticator_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/hitherauth/hither/authenticator"
)

// Each row breaks one thing of a credential that a store takes otherwise. No
// authenticator of this package makes such ones; what a store takes it can give back.
func TestPutRefuses(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", authenticator.MaxNameLength)
	for _, row := range []struct {
		name  string
		spoil func(*authenticator.Credential)
	}{
		{"id_of_15_bytes", func(c *authenticator.Credential) { c.ID = make([]byte, 15) }},
		{"id_of_65_bytes", func(c *authenticator.Credential) { c.ID = make([]byte, 65) }},
		{"no_rp_id", func(c *authenticator.Credential) { c.RP.ID = "" }},
		{"rp_id_in_capitals", func(c *authenticator.Credential) { c.RP.ID = "Example.org" }},
		{"rp_id_of_254_bytes", func(c *authenticator.Credential) { c.RP.ID = strings.Repeat("a.", 126) + "aa" }},
		{"no_user_handle", func(c *authenticator.Credential) { c.User.ID = nil }},
		{"user_handle_of_65_bytes", func(c *authenticator.Credential) { c.User.ID = make([]byte, 65) }},
		{"no_key", func(c *authenticator.Credential) { c.Key = authenticator.PrivateKey{} }},
		{"no_protection", func(c *authenticator.Credential) { c.Protection = 0 }},
		{"protection_4", func(c *authenticator.Credential) { c.Protection = 4 }},
		{"before_1970", func(c *authenticator.Credential) { c.Created = time.Unix(-1, 0).UTC() }},
		{"half_a_second", func(c *authenticator.Credential) { c.Created = c.Created.Add(time.Second / 2) }},
		{"in_another_zone", func(c *authenticator.Credential) { c.Created = c.Created.In(time.FixedZone("", 3600)) }},
		{"rp_name_is_long", func(c *authenticator.Credential) { c.RP.Name = long + "x" }},
		{"user_name_is_long", func(c *authenticator.Credential) { c.User.Name = long + "x" }},
		{"display_name_is_not_utf8", func(c *authenticator.Credential) { c.User.DisplayName = "\xff" }},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			store := &authenticator.MemoryStore{}
			c := oneCredential(t)
			row.spoil(&c)
			if err := store.Put(t.Context(), c, nil); err == nil {
				t.Error("it was taken")
			}
			if all, _ := store.All(t.Context()); len(all) != 0 {
				t.Error("it was kept")
			}
		})
	}
	c := oneCredential(t)
	c.ID, c.User.ID = bytes.Repeat([]byte{1}, 16), make([]byte, 64)
	c.RP.ID, c.RP.Name = strings.Repeat("a.", 126)+"a", long
	if err := (&authenticator.MemoryStore{}).Put(t.Context(), c, nil); err != nil {
		t.Errorf("at the limits: %v", err)
	}
}

// What cannot be written is not remembered either.
func TestCountThatFails(t *testing.T) {
	t.Parallel()
	path, key := filepath.Join(t.TempDir(), "vault.age"), identityKey(t)
	v := createVault(t, path, key)
	c := oneCredential(t)
	if err := v.Put(t.Context(), c, nil); err != nil {
		t.Fatal(err)
	}
	other := c
	other.User.ID = []byte("another account")
	if err := v.Put(t.Context(), other, nil); err == nil {
		t.Error("an id was taken twice")
	}
	if err := os.MkdirAll(filepath.Join(path+".new", "in the way"), 0o700); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if n, err := v.Count(t.Context(), c.ID); err == nil || n != 0 {
			t.Errorf("got count %d, %v", n, err)
		}
	}
	if all := allOf(t, v); len(all) != 1 || all[0].SignCount != 0 {
		t.Errorf("got %v", all)
	}
}
