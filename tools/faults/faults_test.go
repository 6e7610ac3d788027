package main

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/hitherauth/hither/tools/daemon/daemontest"
	"github.com/hitherauth/hither/tools/faultfs"
)

// testRig is one for hitherd, where disks of our own can be mounted.
func testRig(t *testing.T) *rig {
	t.Helper()
	if err := faultfs.Available(); err != nil {
		if os.Getenv("CI") == "" {
			t.Skipf("a file system of our own cannot be mounted here: %v", err)
		}
		t.Fatal(err)
	}
	return newRig(daemontest.Program(t), 3, t.Output())
}

func wantNoFailure(t *testing.T, r *rig, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	if r.failures > 0 {
		t.Errorf("%d failures", r.failures)
	}
}

// Every 40th of the first 2,000 ordinals fails once; make faults tries them all.
func TestHostileFaults(t *testing.T) { //nolint:paralleltest // the processors are busy
	for name, kind := range map[string]string{
		"STO-05_disk_full_for_a_moment": "enospc", "STO-07_disk_read_only_for_a_while": "erofs", "STO-08_input_output_errors": "eio",
	} {
		t.Run(name, func(t *testing.T) {
			r := testRig(t)
			lists, err := options{ordinals: 2000, every: 40}.lists()
			if err != nil {
				t.Fatal(err)
			}
			tried := 0
			for i := range lists {
				lists[i] = slices.DeleteFunc(lists[i], func(t trial) bool { return t.kind != kind })
				tried += len(lists[i])
			}
			wantNoFailure(t, r, r.tryOrdinals(t.Context(), lists))
			if r.healed != tried || tried == 0 {
				t.Errorf("%d of %d healed", r.healed, tried)
			}
		})
	}
}

func TestStopsOnAFailingDisk(t *testing.T) { //nolint:paralleltest // the processors are busy
	r := testRig(t)
	wantNoFailure(t, r, r.tryStops(t.Context(), 4))
	if r.stops == 0 {
		t.Error("no request of a stop has failed")
	}
}

func TestPowerCuts(t *testing.T) { //nolint:paralleltest // the processors are busy
	r := testRig(t)
	wantNoFailure(t, r, r.cutPower(t.Context(), 5, 1))
	if r.cuts != 5 {
		t.Errorf("%d power cuts", r.cuts)
	}
}

// A disk that only says that it has synced loses what was acknowledged. When
// this is not found, what the other tests do not find means nothing.
func TestLyingDiskIsFound(t *testing.T) { //nolint:paralleltest // the processors are busy
	for name, run := range map[string]func(*rig) error{
		"by_power_cuts": func(r *rig) error { return r.cutPower(t.Context(), 5, 1) },
		"by_faults": func(r *rig) error { // one that ends in a power cut
			return r.tryOrdinals(t.Context(), [][]trial{{{ordinal: 360, kind: "eio"}}})
		},
	} {
		t.Run(name, func(t *testing.T) {
			r := testRig(t)
			var out bytes.Buffer
			r.lying, r.out = true, &out
			if err := run(r); err != nil {
				t.Fatal(err)
			}
			if r.failures == 0 {
				t.Errorf("nothing was found missing:\n%s", out.Bytes())
			}
		})
	}
}

func TestHostileMigrations(t *testing.T) { //nolint:paralleltest // the processors are busy
	t.Run("STO-12_killed_at_its_requests", func(t *testing.T) {
		r := testRig(t)
		wantNoFailure(t, r, r.killMigrations(t.Context(), filepath.Join("..", ".."), 6))
		if r.kills == 0 {
			t.Error("nothing was killed")
		}
	})
}

func TestRepeatNamesTheChain(t *testing.T) {
	t.Parallel()
	lists, err := options{trials: "17:eio,217:erofs"}.lists()
	if err != nil {
		t.Fatal(err)
	}
	if got, want := repeat(lists[0], 1), "make faults TRIALS=17:eio,217:erofs"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	for _, bad := range []options{{trials: "17"}, {trials: "x:eio"}, {kinds: "fire"}} {
		if _, err := bad.lists(); err == nil {
			t.Errorf("%+v is accepted", bad)
		}
	}
}
