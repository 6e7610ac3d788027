package ble_test

import (
	"context"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"slices"
	"testing"
	"time"

	"github.com/godbus/dbus/v5"
	"github.com/google/go-cmp/cmp"

	"github.com/hitherauth/hither/internal/ble"
	"github.com/hitherauth/hither/internal/ble/bletest"
)

func TestRadio(t *testing.T) {
	t.Parallel()
	t.Run("scan_then_advertise", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t, quick())
		radio := w.open(t)
		if radio.Adapter() != "hci0" {
			t.Errorf("adapter %q", radio.Adapter())
		}
		l := listen(t, radio)
		stop := advertise(t, radio, some(20, 1))
		l.hearsFirst(t, some(20, 1))
		for range 2 {
			if err := stop(); err != nil {
				t.Error(err)
			}
		}
		if n := len(w.bluez.Registered()); n != 0 {
			t.Errorf("%d adverts on the air after stop", n)
		}
		l.stop(t)
		if n := w.bluez.Discovering(); n != 0 {
			t.Errorf("%d programs discover after the end of the scan", n)
		}
	})
	t.Run("advertise_then_scan", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t, quick())
		radio := w.open(t)
		advertise(t, radio, some(20, 1))
		advertise(t, radio, some(20, 2))
		l := listen(t, radio)
		l.hears(t, some(20, 1))
		l.hears(t, some(20, 2))
	})
	t.Run("all_repetitions", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t, quick())
		radio := w.open(t)
		advertise(t, radio, some(20, 1))
		l := listen(t, radio)
		for range 10 {
			l.hearsFirst(t, some(20, 1))
		}
		l.stop(t)
		// BlueZ knows this device and its data by now, and must report it all the same.
		listen(t, radio).hearsFirst(t, some(20, 1))
	})
	t.Run("both_uuids", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t, quick())
		l := listen(t, w.open(t))
		defer w.bluez.Transmit(map[string][]byte{foreign: some(20, 9)})()
		stop := w.bluez.Transmit(map[string][]byte{google: some(20, 1)})
		l.hearsFirst(t, some(20, 1))
		stop()
		stop()
		defer w.bluez.Transmit(map[string][]byte{google: some(20, 2), fido: some(20, 3), foreign: some(20, 9)})()
		l.hears(t, some(20, 3))
		l.hears(t, some(20, 2))
	})
	t.Run("known_devices_are_not_heard", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t, quick())
		radio := w.open(t)
		defer w.bluez.Transmit(map[string][]byte{fido: some(20, 1)})()
		l := listen(t, radio)
		l.hearsFirst(t, some(20, 1))
		w.bluez.SetFaults(bletest.Faults{Lose: -1}) // it is known, and no longer near
		l.stop(t)
		l = listen(t, radio)
		w.mark(t, 2)
		l.hearsFirst(t, some(20, 2))
	})
	t.Run("end_of_context_takes_advert_off", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t, quick())
		ctx, cancel := context.WithCancel(t.Context())
		stop, err := w.open(t).Advertise(ctx, some(20, 1))
		if err != nil {
			t.Fatal(err)
		}
		cancel()
		eventually(t, "the advert is off the air", func() bool { return len(w.bluez.Registered()) == 0 })
		if err := stop(); err != nil {
			t.Error(err)
		}
	})
	t.Run("two_buses", func(t *testing.T) {
		t.Parallel()
		here, there := newWorld(t, quick()), newWorld(t, quick())
		l := listen(t, here.open(t))
		advertise(t, there.open(t), some(20, 1))
		listen(t, there.open(t)).hearsFirst(t, some(20, 1))
		advertise(t, here.open(t), some(20, 2))
		l.hearsFirst(t, some(20, 2))
	})
	t.Run("first_that_is_on", func(t *testing.T) {
		t.Parallel()
		c := quick()
		c.Adapters = []string{"hci0", "hci1"}
		w := newWorld(t, c)
		somebody, err := dbus.Connect(w.bus.Address())
		if err != nil {
			t.Fatal(err)
		}
		defer somebody.Close()
		if err := somebody.Object("org.bluez", "/org/bluez/hci0").SetProperty("org.bluez.Adapter1.Powered", false); err != nil {
			t.Fatal(err)
		}
		radio := w.open(t)
		if radio.Adapter() != "hci1" {
			t.Errorf("adapter %q, want hci1", radio.Adapter())
		}
		l := listen(t, radio)
		advertise(t, radio, some(20, 1))
		l.hearsFirst(t, some(20, 1))
	})
	t.Run("second_adapter", func(t *testing.T) {
		t.Parallel()
		c := quick()
		c.Adapters = []string{"hci10", "hci2"}
		w := newWorld(t, c)
		radio := w.open(t)
		if radio.Adapter() != "hci2" {
			t.Errorf("adapter %q, want hci2", radio.Adapter())
		}
		other, err := ble.Open(t.Context(), ble.Config{BusAddress: w.bus.Address(), Adapter: "hci10"})
		if err != nil {
			t.Fatal(err)
		}
		l := listen(t, other)
		advertise(t, radio, some(20, 1))
		l.hearsFirst(t, some(20, 1))
	})
}

// mark has BlueZ report an advert that nothing on the air is behind.
func (w *world) mark(t *testing.T, seed byte) {
	t.Helper()
	err := w.bluez.Emit("/org/bluez/hci0/dev_00_00_00_00_00_00", "org.freedesktop.DBus.Properties.PropertiesChanged", "org.bluez.Device1",
		map[string]dbus.Variant{"ServiceData": dbus.MakeVariant(map[string]dbus.Variant{fido: dbus.MakeVariant(some(20, seed))})}, []string{})
	if err != nil {
		t.Fatal(err)
	}
}

func TestAdvertHoldsNothingElse(t *testing.T) {
	t.Parallel()
	w := newWorld(t, bletest.Config{})
	advertise(t, w.open(t), some(20, 1))
	adverts := w.bluez.Registered()
	if len(adverts) != 1 {
		t.Fatalf("%d adverts", len(adverts))
	}
	got := map[string]any{}
	for name, value := range adverts[0] {
		got[name] = value.Value()
	}
	blocks, _ := got["ServiceData"].(map[string]dbus.Variant)
	if names := slices.Collect(maps.Keys(blocks)); len(names) != 1 || names[0] != fido {
		t.Errorf("service data under %q, want %s alone", names, fido)
	}
	got["ServiceData"] = blocks[fido].Value()
	want := map[string]any{"Type": "broadcast", "ServiceData": some(20, 1), "MinInterval": uint32(100), "MaxInterval": uint32(150)}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("advert (-want +got):\n%s", diff)
	}
}

// TestProgramKilled ends a program that listens and sends in the one way in which
// it cannot clean up.
func TestProgramKilled(t *testing.T) {
	t.Parallel()
	w := newWorld(t, quick())
	program := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^$")
	program.Env = append(os.Environ(), "HITHER_TEST_BLE_PROGRAM="+w.bus.Address())
	program.Stderr = os.Stderr
	if err := program.Start(); err != nil {
		t.Fatal(err)
	}
	busy := func() bool { return w.bluez.Discovering() == 1 && len(w.bluez.Registered()) == 1 }
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = program.Wait() // it is killed
	}()
	eventually(t, "the program listens and sends", busy)
	if err := program.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	<-ended
	eventually(t, "nothing is left of it", func() bool { return w.bluez.Discovering() == 0 && len(w.bluez.Registered()) == 0 })
}

// program is that program.
func program(address string) {
	ctx := context.Background()
	radio, err := ble.Open(ctx, ble.Config{BusAddress: address})
	if err == nil {
		_, err = radio.Scan(ctx, func([]byte) {})
	}
	if err == nil {
		_, err = radio.Advertise(ctx, some(20, 1))
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	time.Sleep(longest)
	os.Exit(1)
}

func TestAir(t *testing.T) {
	t.Parallel()
	t.Run("lost", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t, quick())
		w.bluez.SetFaults(bletest.Faults{Lose: -1})
		radio := w.open(t)
		l := listen(t, radio)
		advertise(t, radio, some(20, 1))
		w.mark(t, 2)
		l.hearsFirst(t, some(20, 2))
		w.bluez.SetFaults(bletest.Faults{Lose: 3})
		l.hearsFirst(t, some(20, 1))
	})
	t.Run("repeated", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t, bletest.Config{Interval: time.Hour})
		w.bluez.SetFaults(bletest.Faults{Repeat: 4})
		radio := w.open(t)
		l := listen(t, radio)
		advertise(t, radio, some(20, 1))
		for range 5 {
			l.hearsFirst(t, some(20, 1))
		}
	})
	t.Run("delayed", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t, quick())
		w.bluez.SetFaults(bletest.Faults{Delay: 50 * time.Millisecond})
		radio := w.open(t)
		l := listen(t, radio)
		sent := time.Now()
		advertise(t, radio, some(20, 1))
		l.hearsFirst(t, some(20, 1))
		if early := 50*time.Millisecond - time.Since(sent); early > 0 {
			t.Errorf("heard %s too early", early)
		}
	})
	t.Run("corrupted", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t, quick())
		w.bluez.SetFaults(bletest.Faults{Corrupt: true})
		radio := w.open(t)
		l := listen(t, radio)
		advertise(t, radio, some(20, 1))
		wrong := some(20, 1)
		wrong[10] ^= 1
		l.hearsFirst(t, wrong)
		w.bluez.SetFaults(bletest.Faults{})
		l.hears(t, some(20, 1))
	})
}
