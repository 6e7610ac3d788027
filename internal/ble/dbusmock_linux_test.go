package ble_test

import (
	"context"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/godbus/dbus/v5"

	"github.com/hitherauth/hither/internal/ble"
	"github.com/hitherauth/hither/internal/ble/bletest"
)

// debianPython is the interpreter that Debian's python3-dbusmock belongs to.
const debianPython = "/usr/bin/python3"

// mock is the interface through which dbusmock is told what to be.
const mock = "org.freedesktop.DBus.Mock"

// TestSecondOpinion listens and sends with a BlueZ that somebody else has
// imitated: python3-dbusmock. Of adverts it knows nothing: it is told what to say.
func TestSecondOpinion(t *testing.T) {
	t.Parallel()
	bus := newBus(t, bletest.BusConfig{})
	if err := exec.CommandContext(t.Context(), debianPython, "-c", "import dbusmock").Run(); err != nil {
		missing(t, "python3-dbusmock")
	}
	us := startDBusMock(t, bus)
	config := ble.Config{BusAddress: bus.Address()}
	tell := func(path dbus.ObjectPath, method string, args ...any) []any {
		t.Helper()
		call := us.Object("org.bluez", path).Call(method, 0, args...)
		if call.Err != nil {
			t.Fatalf("%s: %v", method, call.Err)
		}
		return call.Body
	}

	_, err := ble.Open(t.Context(), config)
	wantCode(t, err, ble.CodeNoAdapter)
	tell("/", "org.bluez.Mock.AddAdapter", "hci0", "computer")
	radio, err := ble.Open(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	l := listen(t, radio)
	// The device comes with service data of another type than BlueZ's.
	tell("/", "org.bluez.Mock.AddDevice", "hci0", "01:02:03:04:05:06", "phone")
	for seed, uuid := range []string{fido, google} {
		tell(nearby, mock+".EmitSignal", "org.freedesktop.DBus.Properties", "PropertiesChanged", "sa{sv}as", []dbus.Variant{
			variant(device1), variant(dict{"ServiceData": variant(dict{uuid: variant(some(20, byte(seed)))})}), variant([]string{}),
		})
		l.hearsFirst(t, some(20, byte(seed)))
	}
	l.stop(t)

	_, err = radio.Advertise(ctx, some(20, 1))
	wantCode(t, err, ble.CodeNoAdvertising)
	const manager = "org.bluez.LEAdvertisingManager1"
	tell("/org/bluez/hci0", mock+".AddMethod", manager, "RegisterAdvertisement", "oa{sv}", "", "")
	tell("/org/bluez/hci0", mock+".AddMethod", manager, "UnregisterAdvertisement", "o", "", "")
	stop, err := radio.Advertise(ctx, some(20, 1))
	if err != nil {
		t.Fatal(err)
	}
	if err := stop(); err != nil {
		t.Error(err)
	}
	var calls []string
	for _, method := range []string{"SetDiscoveryFilter", "StartDiscovery", "StopDiscovery", "RegisterAdvertisement", "UnregisterAdvertisement"} {
		made, _ := tell("/org/bluez/hci0", mock+".GetMethodCalls", method)[0].([][]any)
		calls = slices.Concat(calls, slices.Repeat([]string{method}, len(made)))
	}
	want := "SetDiscoveryFilter StartDiscovery StopDiscovery RegisterAdvertisement UnregisterAdvertisement"
	if got := strings.Join(calls, " "); got != want {
		t.Errorf("methods called: %s\nwant: %s", got, want)
	}
}

// startDBusMock starts dbusmock as BlueZ on a bus, and connects to it.
func startDBusMock(t *testing.T, bus *bletest.Bus) *dbus.Conn {
	t.Helper()
	us, err := dbus.Connect(bus.Address())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { us.Close() })
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	program := exec.CommandContext(ctx, debianPython, "-m", "dbusmock", "--system", "--template", "bluez5")
	program.Env = append(os.Environ(), "DBUS_SYSTEM_BUS_ADDRESS="+bus.Address())
	program.Stderr = os.Stderr
	if err := program.Start(); err != nil {
		cancel()
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cancel()
		_ = program.Wait() // it was killed
	})
	// It takes the name first and becomes BlueZ then.
	eventually(t, "dbusmock is there", func() bool {
		call := us.Object("org.bluez", "/org/bluez").Call(mock+".GetCalls", dbus.FlagNoAutoStart)
		return call.Err == nil
	})
	return us
}
