package ble_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/hitherauth/hither/internal/ble"
	"github.com/hitherauth/hither/internal/ble/bletest"
)

func always(method, name string) bletest.Faults {
	return bletest.Faults{Refusals: []bletest.Refusal{{Method: method, Error: name}}}
}

func TestOpenErrors(t *testing.T) {
	t.Parallel()
	denied := `<policy context="mandatory"><deny send_destination="org.bluez"/></policy>`
	for name, row := range map[string]struct {
		bus     bletest.BusConfig
		bluez   bletest.Config
		faults  bletest.Faults
		adapter string
		want    ble.Code
	}{
		"no_adapter":          {bluez: bletest.Config{Adapters: []string{}}, want: ble.CodeNoAdapter},
		"another_adapter":     {adapter: "hci1", want: ble.CodeNoAdapter},
		"not_a_name":          {adapter: "../hci0", want: ble.CodeNoAdapter},
		"denied_by_bus":       {bus: bletest.BusConfig{Policy: denied}, want: ble.CodeNoPermission},
		"denied_by_bluez":     {faults: always("", bletest.NotAuthorized), want: ble.CodeNoPermission},
		"adapter_denied":      {faults: always("Get", bletest.AccessDenied), want: ble.CodeNoPermission},
		"adapter_fails":       {faults: always("Get", bletest.Failed), want: ble.CodeFailed},
		"something_else_here": {faults: always("Get", "org.freedesktop.DBus.Error.InvalidArgs"), want: ble.CodeNoAdapter},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			bus := newBus(t, row.bus)
			bluez, err := bletest.StartBlueZ(context.WithoutCancel(t.Context()), bus.Address(), row.bluez)
			if err != nil {
				t.Fatal(err)
			}
			defer bluez.Close()
			bluez.SetFaults(row.faults)
			radio, err := ble.Open(t.Context(), ble.Config{BusAddress: bus.Address(), Adapter: row.adapter})
			wantCode(t, err, row.want)
			if radio != nil {
				t.Error("a radio with an error")
			}
		})
	}
	t.Run("no_bluez", func(t *testing.T) {
		t.Parallel()
		_, err := ble.Open(t.Context(), ble.Config{BusAddress: newBus(t, bletest.BusConfig{}).Address()})
		wantCode(t, err, ble.CodeNoBlueZ)
	})
	t.Run("powered_off", func(t *testing.T) {
		t.Parallel()
		c := quick()
		c.Adapters = []string{"hci0", "hci1"}
		w := newWorld(t, c)
		w.bluez.SetPower(false)
		_, err := ble.Open(t.Context(), w.config())
		wantCode(t, err, ble.CodePoweredOff)
		w.bluez.SetPower(true)
		w.open(t)
	})
	for name, address := range map[string]string{
		"nobody_listens": "unix:path=" + t.TempDir() + "/bus",
		"no_address":     ";",
		"not_unix":       "tcp:host=127.0.0.1,port=1",
		"a_program":      "unixexec:path=/bin/true",
		"no_socket":      "unix:tmpdir=/tmp",
		"bad_escape":     "unix:path=%zz",
	} {
		t.Run("no_bus_"+name, func(t *testing.T) {
			t.Parallel()
			_, err := ble.Open(t.Context(), ble.Config{BusAddress: address})
			wantCode(t, err, ble.CodeNoBus)
		})
	}
	t.Run("second_address", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t, quick())
		if _, err := ble.Open(t.Context(), ble.Config{BusAddress: "unix:path=" + t.TempDir() + "/bus,guid=00;" + w.bus.Address()}); err != nil {
			t.Error(err)
		}
	})
}

func TestScanAndAdvertiseErrors(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		faults          bletest.Faults
		scan, advertise ble.Code // empty: it works
	}{
		"in_progress": {always("StartDiscovery", bletest.InProgress), ble.CodeBusy, ""},
		"in_progress_twice": {bletest.Faults{Refusals: []bletest.Refusal{
			{Method: "StartDiscovery", Error: bletest.InProgress, Times: 2}, {Method: "RegisterAdvertisement", Error: bletest.InProgress, Times: 2},
		}}, "", ""},
		"filter_refused":     {always("SetDiscoveryFilter", bletest.Failed), ble.CodeFailed, ""},
		"not_ready":          {always("StartDiscovery", bletest.NotReady), ble.CodePoweredOff, ""},
		"scan_denied":        {always("StartDiscovery", bletest.AccessDenied), ble.CodeNoPermission, ""},
		"scan_not_permitted": {always("StartDiscovery", bletest.NotPermitted), ble.CodeNoPermission, ""},
		"advert_denied":      {always("RegisterAdvertisement", bletest.AccessDenied), "", ble.CodeNoPermission},
		"no_slot":            {always("RegisterAdvertisement", bletest.NotPermitted), "", ble.CodeNoSlot},
		"no_advertising":     {always("RegisterAdvertisement", "org.freedesktop.DBus.Error.UnknownMethod"), "", ble.CodeNoAdvertising},
		"advert_refused":     {always("RegisterAdvertisement", bletest.Failed), "", ble.CodeAdvertRefused},
		"advert_in_progress": {always("RegisterAdvertisement", bletest.InProgress), "", ble.CodeBusy},
		"stop_is_refused":    {bletest.Faults{Refusals: []bletest.Refusal{{Method: "StopDiscovery", Error: bletest.Failed}, {Method: "UnregisterAdvertisement", Error: bletest.Failed}}}, "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, quick())
			radio := w.open(t)
			w.bluez.SetFaults(row.faults)
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			wait, err := radio.Scan(ctx, func([]byte) {})
			if row.scan != "" {
				wantCode(t, err, row.scan)
			} else if err != nil {
				t.Fatal(err)
			}
			stop, err := radio.Advertise(ctx, some(20, 1))
			if row.advertise != "" {
				wantCode(t, err, row.advertise)
			} else if err != nil {
				t.Fatal(err)
			}
			if stop != nil {
				if err := stop(); err != nil {
					t.Error(err)
				}
			}
			cancel()
			if wait != nil {
				if err := wait(); err != nil {
					t.Error(err)
				}
			}
			eventually(t, "nothing is left", func() bool { return w.bluez.Discovering() == 0 && len(w.bluez.Registered()) == 0 })
		})
	}
	t.Run("size", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t, quick())
		radio := w.open(t)
		for _, n := range []int{0, 28, 1000} {
			_, err := radio.Advertise(t.Context(), make([]byte, n))
			wantCode(t, err, ble.CodeAdvertRefused)
		}
		for _, n := range []int{1, 27} {
			advertise(t, radio, some(n, 1))
		}
	})
	t.Run("slots", func(t *testing.T) {
		t.Parallel()
		c := quick()
		c.Slots = 2
		w := newWorld(t, c)
		radio := w.open(t)
		stop := advertise(t, radio, some(20, 1))
		advertise(t, radio, some(20, 2))
		_, err := radio.Advertise(t.Context(), some(20, 3))
		wantCode(t, err, ble.CodeNoSlot)
		if err := stop(); err != nil {
			t.Error(err)
		}
		advertise(t, radio, some(20, 3))
	})
	t.Run("cannot_advertise", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t, bletest.Config{Slots: -1})
		radio := w.open(t)
		_, err := radio.Advertise(t.Context(), some(20, 1))
		wantCode(t, err, ble.CodeNoAdvertising)
		listen(t, radio).stop(t)
	})
}

func TestContextEndsEverything(t *testing.T) {
	t.Parallel()
	for _, method := range []string{"Get", "SetDiscoveryFilter", "StartDiscovery", "RegisterAdvertisement"} {
		t.Run(method, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, quick())
			radio := w.open(t)
			w.bluez.SetFaults(always(method, "")) // no answer
			ctx, cancel := context.WithTimeoutCause(t.Context(), 50*time.Millisecond, errors.New("enough"))
			defer cancel()
			var err error
			if method == "RegisterAdvertisement" {
				_, err = radio.Advertise(ctx, some(20, 1))
			} else {
				_, err = radio.Scan(ctx, func([]byte) {})
			}
			if !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("got %v, want the context's error", err)
			}
			if err != nil && !strings.HasPrefix(err.Error(), "ble: ") {
				t.Errorf("error %q does not say whose it is", err)
			}
		})
	}
	t.Run("done_before", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t, quick())
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := ble.Open(ctx, w.config()); !errors.Is(err, context.Canceled) {
			t.Errorf("got %v, want the context's error", err)
		}
	})
}

func TestRadioGoesAway(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		do        func(t *testing.T, w *world)
		scan      ble.Code
		advertise ble.Code // empty: the advert stays
		open      ble.Code // empty: Bluetooth can be opened again
	}{
		"bus": {func(t *testing.T, w *world) {
			t.Helper()
			if err := w.bus.Close(); err != nil {
				t.Error(err)
			}
		}, ble.CodeLost, ble.CodeLost, ble.CodeNoBus},
		"bluez":       {func(_ *testing.T, w *world) { w.bluez.Close() }, ble.CodeLost, ble.CodeLost, ble.CodeNoBlueZ},
		"adapter":     {func(_ *testing.T, w *world) { w.bluez.RemoveAdapter("hci0") }, ble.CodeNoAdapter, ble.CodeLost, ble.CodeNoAdapter},
		"power":       {func(_ *testing.T, w *world) { w.bluez.SetPower(false) }, ble.CodePoweredOff, "", ble.CodePoweredOff},
		"advert_only": {func(_ *testing.T, w *world) { w.bluez.ReleaseAll() }, "", ble.CodeLost, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, quick())
			radio := w.open(t)
			l := listen(t, radio)
			stop := advertise(t, radio, some(20, 1))
			l.hears(t, some(20, 1))
			row.do(t, w)
			if row.scan != "" {
				l.ends(t, row.scan)
			} else {
				l.stop(t)
			}
			if row.advertise != "" {
				wantStopped(t, stop, row.advertise)
			} else if err := stop(); err != nil {
				t.Error(err)
			}
			_, err := ble.Open(t.Context(), w.config())
			if row.open != "" {
				wantCode(t, err, row.open)
			} else if err != nil {
				t.Error(err)
			}
		})
	}
	t.Run("power_comes_back", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t, quick())
		radio := w.open(t)
		advertise(t, radio, some(20, 1))
		w.bluez.SetPower(false)
		_, err := radio.Advertise(t.Context(), some(20, 2))
		wantCode(t, err, ble.CodePoweredOff)
		_, err = radio.Scan(t.Context(), func([]byte) {})
		wantCode(t, err, ble.CodePoweredOff)
		w.bluez.SetPower(true)
		listen(t, radio).hearsFirst(t, some(20, 1))
	})
}

// wantStopped wants stop to say, each time, that the advert was off the air before.
func wantStopped(t *testing.T, stop func() error, want ble.Code) {
	t.Helper()
	wantCode(t, stop(), want)
	wantCode(t, stop(), want)
}

func TestCheck(t *testing.T) {
	t.Parallel()
	const ok, untried = "ok", "not tried"
	for name, row := range map[string]struct {
		bluez  bletest.Config
		off    bool
		faults bletest.Faults
		want   map[ble.Step]string
	}{
		"all_well": {want: map[ble.Step]string{
			ble.StepAdapter: ok, ble.StepPower: ok, ble.StepPermission: ok, ble.StepScan: ok, ble.StepAdvertise: ok,
		}},
		"no_adapter": {bluez: bletest.Config{Adapters: []string{}}, want: map[ble.Step]string{
			ble.StepAdapter: "no_adapter", ble.StepPower: untried, ble.StepPermission: untried, ble.StepScan: untried, ble.StepAdvertise: untried,
		}},
		"powered_off": {off: true, want: map[ble.Step]string{
			ble.StepAdapter: ok, ble.StepPower: "powered_off", ble.StepPermission: untried, ble.StepScan: untried, ble.StepAdvertise: untried,
		}},
		"denied": {faults: always("", bletest.AccessDenied), want: map[ble.Step]string{
			ble.StepAdapter: untried, ble.StepPower: untried, ble.StepPermission: "no_permission", ble.StepScan: untried, ble.StepAdvertise: untried,
		}},
		"may_not_advertise": {faults: always("RegisterAdvertisement", bletest.AccessDenied), want: map[ble.Step]string{
			ble.StepAdapter: ok, ble.StepPower: ok, ble.StepPermission: "no_permission", ble.StepScan: ok, ble.StepAdvertise: untried,
		}},
		"cannot_scan": {faults: always("StartDiscovery", bletest.Failed), want: map[ble.Step]string{
			ble.StepAdapter: ok, ble.StepPower: ok, ble.StepPermission: ok, ble.StepScan: "failed", ble.StepAdvertise: ok,
		}},
		"cannot_advertise": {bluez: bletest.Config{Slots: -1}, want: map[ble.Step]string{
			ble.StepAdapter: ok, ble.StepPower: ok, ble.StepPermission: ok, ble.StepScan: ok, ble.StepAdvertise: "no_advertising",
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, row.bluez)
			w.bluez.SetPower(!row.off)
			w.bluez.SetFaults(row.faults)
			got := map[ble.Step]string{}
			for _, f := range ble.Check(t.Context(), w.config()) {
				var e *ble.Error
				switch {
				case !f.Tried:
					got[f.Step] = untried
				case errors.As(f.Err, &e):
					got[f.Step] = string(e.Code)
				default:
					got[f.Step] = ok
				}
				if f.Step == ble.StepAdapter && f.Tried && f.Err == nil && f.Detail != "hci0" && !row.off {
					t.Errorf("adapter %q", f.Detail)
				}
			}
			if diff := cmp.Diff(row.want, got); diff != "" {
				t.Errorf("findings (-want +got):\n%s", diff)
			}
			eventually(t, "nothing is left", func() bool { return w.bluez.Discovering() == 0 && len(w.bluez.Registered()) == 0 })
		})
	}
}

func TestHints(t *testing.T) {
	t.Parallel()
	for _, code := range []ble.Code{
		ble.CodeUnsupported, ble.CodeNoBus, ble.CodeNoBlueZ, ble.CodeNoAdapter, ble.CodePoweredOff, ble.CodeNoPermission,
		ble.CodeNoAdvertising, ble.CodeNoSlot, ble.CodeAdvertRefused, ble.CodeBusy, ble.CodeLost, ble.CodeFailed,
	} {
		hint := (&ble.Error{Code: code}).Hint()
		if hint == "" || strings.HasSuffix(hint, ".") {
			t.Errorf("hint of %s: %q", code, hint)
		}
	}
}
