//go:build unix

package sqlite_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/hitherauth/hither/internal/store/sqlite"
)

// counted is what the collectors of a store tell: of a histogram how often it
// was told something.
func counted(t *testing.T, store *sqlite.Store) map[string]float64 {
	t.Helper()
	registry := prometheus.NewPedanticRegistry()
	for _, c := range store.Collectors() {
		if err := registry.Register(c); err != nil {
			t.Fatal(err)
		}
	}
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]float64{}
	for _, f := range families {
		for _, m := range f.GetMetric() {
			words := []string{f.GetName()}
			for _, label := range m.GetLabel() {
				words = append(words, label.GetValue())
			}
			// A metric is one of these.
			out[strings.Join(words, " ")] = m.GetCounter().GetValue() + m.GetGauge().GetValue() + float64(m.GetHistogram().GetSampleCount())
		}
	}
	return out
}

// check wants some of what was counted.
func check(t *testing.T, store *sqlite.Store, want map[string]float64) {
	t.Helper()
	all := counted(t, store)
	got := map[string]float64{}
	for name := range want {
		got[name] = all[name]
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestStoreIsCounted(t *testing.T) {
	t.Parallel()
	path := t.TempDir()
	store := openIn(t, own(t, path))
	setUp(t, store)
	register(t, store, "ada")
	check(t, store, map[string]float64{
		"hither_store_group_size": 4, "hither_store_commit_duration_seconds": 4, "hither_store_wait_duration_seconds": 4,
		"hither_store_checkpoints_total done": 2, "hither_store_ready": 1, "hither_store_queue_length": 0, "hither_store_failures_total": 0,
	})

	database := filepath.Join(path, "hither.db")
	if err := os.Rename(database, database+".moved"); err != nil {
		t.Fatal(err)
	}
	suffers(t, store)
	suffers(t, store) // the first change may have begun the failure
	check(t, store, map[string]float64{"hither_store_ready": 0, "hither_store_failures_total": 1, "hither_store_reopenings_total": 0})
	if n := counted(t, store)["hither_store_refused_total not_ready"]; n == 0 {
		t.Error("what was refused is not counted")
	}
	if err := os.Rename(database+".moved", database); err != nil {
		t.Fatal(err)
	}
	heals(t, store)
	check(t, store, map[string]float64{"hither_store_ready": 1, "hither_store_failures_total": 1, "hither_store_reopenings_total": 1})
}

func TestCensus(t *testing.T) {
	t.Parallel()
	store := openIn(t, own(t, t.TempDir()))
	for _, name := range []string{"ada", "bob", "cy"} {
		c := register(t, store, name)
		if err := store.Apply(t.Context(), signingIn(c.Account.ID, c.Credential.ID)); err != nil {
			t.Fatal(err)
		}
	}
	for after, sessions := range map[time.Duration]int64{0: 6, 400 * 24 * time.Hour: 0} {
		got, err := store.Count(t.Context(), time.Now().Add(after))
		want := sqlite.Census{Accounts: 3, Credentials: 3, Sessions: sessions, Events: 6}
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Errorf("after %v: %v\n%s", after, err, diff)
		}
	}
}
