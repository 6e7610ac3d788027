package main

import (
	"errors"
	"log/slog"
	"path/filepath"
	"testing"

	"github.com/hitherauth/hither/internal/rootkey"
	"github.com/hitherauth/hither/internal/store/sqlite"
)

// TestFirstStartHeals opens what a crash at each point of a first start leaves.
func TestFirstStartHeals(t *testing.T) {
	t.Parallel()
	for name, withKey := range map[string]bool{"before_key": false, "before_claim": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := filepath.Join(t.TempDir(), "data")
			d, err := sqlite.OwnDirectory(dir)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := sqlite.Migrate(t.Context(), d); err != nil {
				t.Fatal(err)
			}
			if withKey {
				if _, err := rootkey.Create(filepath.Join(dir, keyName)); err != nil {
					t.Fatal(err)
				}
			}
			h, err := openHouse(t.Context(), config{DataDir: dir}, d, localhost, slog.New(slog.DiscardHandler))
			if err != nil {
				t.Fatal(err)
			}
			system, err := h.store.System(t.Context())
			if err := errors.Join(err, h.close()); err != nil {
				t.Fatal(err)
			}
			if key, err := rootkey.Load(filepath.Join(dir, keyName)); err != nil || !key.Matches(system.KeyCheck) || system.RPID != localhost {
				t.Errorf("key %v, RP ID %q", err, system.RPID)
			}
		})
	}
}
