package server_test

import (
	"context"
	"encoding/base64"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/hitherauth/hither/internal/account"
	"github.com/hitherauth/hither/internal/rootkey"
	"github.com/hitherauth/hither/internal/server"
	"github.com/hitherauth/hither/relyingparty"
)

// keyOf is the id of the key that sealed a ceremony.
func keyOf(t *testing.T, g begun) [8]byte {
	t.Helper()
	return [8]byte(must(base64.RawURLEncoding.DecodeString(g.ceremony))(t))
}

func (h *house) storedKeys() []account.Key {
	h.t.Helper()
	return must(h.store.System(h.t.Context()))(h.t).Keys
}

func (h *house) openKeys(root rootkey.Key) (*server.CeremonyKeys, error) {
	return server.OpenCeremonyKeys(h.t.Context(), server.CeremonyKeysConfig{Store: h.store, RootKey: root, Now: h.clock.now})
}

func (h *house) refresh() {
	h.t.Helper()
	if err := h.keys.Refresh(h.t.Context()); err != nil {
		h.t.Fatal(err)
	}
}

func TestHostileCeremonyKeys(t *testing.T) {
	t.Parallel()

	t.Run("first_key_is_used_at_once_and_kept_wrapped", func(t *testing.T) {
		t.Parallel()
		h := openHouse(t)
		stored := h.storedKeys()
		if len(stored) != 1 || stored[0].Purpose != "ceremony" || len(stored[0].Wrapped) != 72 {
			t.Fatalf("got %+v", stored)
		}
		if got := keyOf(t, h.browser().beginAuthentication(object{})); got != stored[0].ID {
			t.Errorf("sealed with %x, stored is %x", got, stored[0].ID)
		}
	})

	t.Run("another_node_opens_what_this_one_sealed", func(t *testing.T) {
		t.Parallel()
		h := openHouse(t)
		other, err := h.openKeys(h.root)
		if err != nil {
			t.Fatal(err)
		}
		if n := len(h.storedKeys()); n != 1 {
			t.Fatalf("there are %d keys", n)
		}
		party := func(ring *relyingparty.Keyring) *relyingparty.RelyingParty {
			return must(relyingparty.New(relyingparty.Config{ID: "localhost", Origins: []string{h.origin}, Keyring: ring}))(t)
		}
		_, sealed, err := party(h.keys.Keyring()).BeginAuthentication(relyingparty.AuthenticationRequest{})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := party(other.Keyring()).OpenAuthentication(sealed, nil); err != nil {
			t.Error(err)
		}
	})

	t.Run("new_key_is_read_and_used_when_its_time_has_come", func(t *testing.T) {
		t.Parallel()
		h := openHouse(t)
		now := h.clock.now()
		fresh := must(relyingparty.NewCeremonyKey(nil, now.Add(time.Minute)))(t)
		key := account.Key{ID: fresh.ID, Purpose: "ceremony", Wrapped: must(h.root.Wrap("ceremony", fresh.Secret.Bytes()))(t), CreatedAt: now, NotBefore: fresh.NotBefore}
		if err := h.store.Apply(t.Context(), account.PutKeys{Add: []account.Key{key}}); err != nil {
			t.Fatal(err)
		}
		b := h.browser()
		h.refresh()
		if keyOf(t, b.beginAuthentication(object{})) == fresh.ID {
			t.Error("the new key is used before all nodes have read it")
		}
		h.clock.move(time.Minute)
		if keyOf(t, b.beginAuthentication(object{})) != fresh.ID {
			t.Error("the new key is not used")
		}
	})

	t.Run("STO-18_clock_goes_back", func(t *testing.T) {
		t.Parallel()
		h := openHouse(t)
		b := h.browser()
		b.signUp("back")
		h.refresh()
		was := h.storedKeys()[0].ID
		h.clock.move(-59 * time.Second)
		h.refresh()
		if keys := h.storedKeys(); len(keys) != 1 || keys[0].ID != was {
			t.Errorf("59 s are too few: got %+v", keys)
		}
		g := b.beginAuthentication(object{})
		body := b.assert(g)
		h.clock.move(-2 * time.Second)
		h.refresh()
		keys := h.storedKeys()
		if len(keys) != 1 || keys[0].ID == was {
			t.Fatalf("the old key is still there: %+v", keys)
		}
		b.do(http.MethodPost, pathAuthFinish, body).want(t, http.StatusBadRequest, "ceremony_invalid")
		b.signIn()
		h.refresh()
		if again := h.storedKeys(); again[0].ID != keys[0].ID {
			t.Error("one step back made two keys")
		}
		if !strings.Contains(h.logs.String(), "clock went back") {
			t.Error("nothing was logged")
		}
	})

	t.Run("STO-18_clock_went_back_while_nobody_looked", func(t *testing.T) {
		t.Parallel()
		h := openHouse(t)
		was := h.storedKeys()[0].ID
		h.clock.move(-time.Hour)
		if _, err := h.openKeys(h.root); err != nil {
			t.Fatal(err)
		}
		if keys := h.storedKeys(); len(keys) != 1 || keys[0].ID == was {
			t.Errorf("got %+v", keys)
		}
	})

	t.Run("STO-21_another_root_key", func(t *testing.T) {
		t.Parallel()
		h := openHouse(t)
		other := must(rootkey.Create(filepath.Join(t.TempDir(), "key")))(t)
		before := h.storedKeys()
		if _, err := h.openKeys(other); err == nil || !strings.Contains(err.Error(), "key file") {
			t.Errorf("got %v", err)
		}
		if after := h.storedKeys(); len(after) != 1 || after[0].ID != before[0].ID {
			t.Error("the keys were replaced")
		}
	})

	t.Run("store_that_fails_leaves_the_ring", func(t *testing.T) {
		t.Parallel()
		h := openHouse(t)
		if err := h.store.Close(); err != nil {
			t.Fatal(err)
		}
		if err := h.keys.Refresh(t.Context()); err == nil {
			t.Error("refreshed from a closed store")
		}
		h.browser().beginAuthentication(object{})
	})

	t.Run("run_ends_with_its_context", func(t *testing.T) {
		t.Parallel()
		h := openHouse(t)
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { h.keys.Run(ctx); close(done) }()
		cancel()
		select {
		case <-done:
		case <-time.After(10 * time.Second):
			t.Error("still running")
		}
	})
}
