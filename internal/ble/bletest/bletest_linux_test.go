package bletest_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/godbus/dbus/v5"
	"go.uber.org/goleak"

	"github.com/hitherauth/hither/internal/ble/bletest"
)

const (
	fido     = "0000fff9-0000-1000-8000-00805f9b34fb"
	foreign  = "0000fcf1-0000-1000-8000-00805f9b34fb"
	adapter1 = "org.bluez.Adapter1"
	device1  = "org.bluez.Device1"
	manager1 = "org.bluez.LEAdvertisingManager1"
	hci0     = dbus.ObjectPath("/org/bluez/hci0")
	longest  = 20 * time.Second
)

type dict = map[string]dbus.Variant

func TestMain(m *testing.M) {
	if os.Getenv("HITHER_TEST_BLETEST_PROGRAM") != "" {
		program()
	}
	goleak.VerifyTestMain(m)
}

func start(t *testing.T, c bletest.Config) (*bletest.Bus, *bletest.BlueZ) {
	t.Helper()
	if _, err := exec.LookPath("dbus-daemon"); err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal("dbus-daemon is missing: make deps installs it")
		}
		t.Skip("dbus-daemon is missing: make deps installs it")
	}
	ctx := context.WithoutCancel(t.Context())
	bus, err := bletest.StartBus(ctx, bletest.BusConfig{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := bus.Close(); err != nil {
			t.Error(err)
		}
	})
	bluez, err := bletest.StartBlueZ(ctx, bus.Address(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { bluez.Close() })
	return bus, bluez
}

// peer is a program on the bus that speaks to BlueZ in its own way.
type peer struct {
	*dbus.Conn
	signals chan *dbus.Signal
}

func join(t *testing.T, bus *bletest.Bus) peer {
	t.Helper()
	conn, err := dbus.Connect(bus.Address())
	if err != nil {
		t.Fatal(err)
	}
	p := peer{Conn: conn, signals: make(chan *dbus.Signal, 1000)}
	conn.Signal(p.signals)
	if err := conn.AddMatchSignal(dbus.WithMatchSender("org.bluez")); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return p
}

// ask calls a method of BlueZ.
func (p peer) ask(path dbus.ObjectPath, method string, args ...any) *dbus.Call {
	return p.Object("org.bluez", path).Call(method, 0, args...)
}

// does calls a method that must work.
func (p peer) does(t *testing.T, path dbus.ObjectPath, method string, args ...any) []any {
	t.Helper()
	call := p.ask(path, method, args...)
	if call.Err != nil {
		t.Fatalf("%s: %v", method, call.Err)
	}
	return call.Body
}

// refused calls a method that must fail with the error of that name.
func (p peer) refused(t *testing.T, want string, path dbus.ObjectPath, method string, args ...any) {
	t.Helper()
	err, ok := errors.AsType[dbus.Error](p.ask(path, method, args...).Err)
	if !ok || err.Name != want {
		t.Errorf("%s: error %q, want %q", method, err.Name, want)
	}
}

// sees waits for a signal of that name that is as it should be.
func (p peer) sees(t *testing.T, name string, good func(*dbus.Signal) bool) *dbus.Signal {
	t.Helper()
	timer := time.NewTimer(longest)
	defer timer.Stop()
	for {
		select {
		case s := <-p.signals:
			if strings.HasSuffix(s.Name, "."+name) && good(s) {
				return s
			}
		case <-timer.C:
			t.Fatalf("no such signal %s", name)
		}
	}
}

// advertise registers an advert with these properties, and says what BlueZ says.
func (p peer) advertise(t *testing.T, path dbus.ObjectPath, properties dict) *dbus.Call {
	t.Helper()
	table := map[string]any{"GetAll": func(string) (dict, *dbus.Error) { return properties, nil }}
	if err := p.ExportMethodTable(table, path, "org.freedesktop.DBus.Properties"); err != nil {
		t.Fatal(err)
	}
	return p.ask(hci0, manager1+".RegisterAdvertisement", path, dict{})
}

func broadcast(data []byte) dict {
	return dict{"Type": dbus.MakeVariant("broadcast"), "ServiceData": dbus.MakeVariant(dict{fido: dbus.MakeVariant(data)})}
}

func whichever(*dbus.Signal) bool { return true }

// TestBrowser does what Chromium 156 does between the press of a button and the
// advert of a phone.
func TestBrowser(t *testing.T) {
	t.Parallel()
	bus, bluez := start(t, bletest.Config{Interval: 10 * time.Millisecond})
	bluez.SetPower(false)
	browser, phone := join(t, bus), join(t, bus)

	objects, _ := browser.does(t, "/", "org.freedesktop.DBus.ObjectManager.GetManagedObjects")[0].(map[dbus.ObjectPath]map[string]dict)
	adapter := objects[hci0][adapter1]
	if on, ok := adapter["Powered"].Value().(bool); !ok || on {
		t.Errorf("adapter %v", adapter)
	}
	if _, ok := objects["/org/bluez"]["org.bluez.AgentManager1"]; !ok {
		t.Error("no manager of agents")
	}
	browser.does(t, "/org/bluez", "org.bluez.AgentManager1.RegisterAgent", dbus.ObjectPath("/agent"), "KeyboardDisplay")
	browser.does(t, "/org/bluez", "org.bluez.AgentManager1.RequestDefaultAgent", dbus.ObjectPath("/agent"))
	browser.does(t, "/org/bluez", "org.bluez.ProfileManager1.RegisterProfile", dbus.ObjectPath("/profile"), fido, dict{})
	browser.does(t, "/org/bluez", "org.bluez.AgentManager1.UnregisterAgent", dbus.ObjectPath("/agent"))

	browser.refused(t, bletest.NotReady, hci0, adapter1+".StartDiscovery")
	browser.does(t, hci0, "org.freedesktop.DBus.Properties.Set", adapter1, "Powered", dbus.MakeVariant(true))
	browser.sees(t, "PropertiesChanged", func(s *dbus.Signal) bool {
		properties, _ := s.Body[1].(dict)
		on, _ := properties["Powered"].Value().(bool)
		return s.Path == hci0 && on
	})
	browser.does(t, hci0, adapter1+".SetDiscoveryFilter", dict{"Transport": dbus.MakeVariant("le")})
	browser.does(t, hci0, adapter1+".StartDiscovery")
	browser.sees(t, "PropertiesChanged", func(s *dbus.Signal) bool {
		properties, _ := s.Body[1].(dict)
		on, _ := properties["Discovering"].Value().(bool)
		return s.Path == hci0 && on
	})

	advert := make([]byte, 20)
	properties := broadcast(advert)
	properties["ServiceUUIDs"] = dbus.MakeVariant([]string{foreign})
	if err := phone.advertise(t, "/phone", properties).Err; err != nil {
		t.Fatal(err)
	}
	s := browser.sees(t, "InterfacesAdded", whichever)
	path, _ := s.Body[0].(dbus.ObjectPath)
	interfaces, _ := s.Body[1].(map[string]dict)
	device := interfaces[device1]
	if uuids, ok := device["UUIDs"].Value().([]string); !ok || !slices.Equal(uuids, []string{foreign}) {
		t.Errorf("device has UUIDs %q", uuids)
	}
	for _, name := range []string{"Address", "Alias", "Adapter", "Paired", "Connected", "Trusted", "RSSI", "ServiceData"} {
		if _, ok := device[name]; !ok {
			t.Errorf("device has no %s", name)
		}
	}
	properties, _ = browser.does(t, path, "org.freedesktop.DBus.Properties.GetAll", device1)[0].(dict)
	if len(properties) != len(device) {
		t.Errorf("device has %d properties, and said %d", len(properties), len(device))
	}
	// It has not asked for repetitions: the device is reported once, and again when it is gone.
	phone.does(t, hci0, manager1+".UnregisterAdvertisement", dbus.ObjectPath("/phone"))
	for s := range browser.signals {
		if s.Path == path && strings.HasSuffix(s.Name, ".PropertiesChanged") {
			t.Error("the device was reported again")
		}
		if strings.HasSuffix(s.Name, ".InterfacesRemoved") {
			break
		}
	}
	browser.does(t, hci0, adapter1+".StopDiscovery")
}

// TestFolders has the bus in a folder whose name means something in an address, in XML and in text.
func TestFolders(t *testing.T) {
	folder := filepath.Join(t.TempDir(), `a b,c=d;e:f%20<&>"'é`)
	if err := os.Mkdir(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("TMPDIR", folder)
	bus, _ := start(t, bletest.Config{})
	join(t, bus).does(t, "/", "org.freedesktop.DBus.ObjectManager.GetManagedObjects")
	if entries, err := os.ReadDir(folder); err != nil || len(entries) != 1 {
		t.Errorf("%v, %v", entries, err)
	}
}

func TestDevicesGoWithTheirPrograms(t *testing.T) {
	t.Parallel()
	bus, bluez := start(t, bletest.Config{Interval: 10 * time.Millisecond})
	listener, phone := join(t, bus), join(t, bus)
	listener.does(t, hci0, adapter1+".StartDiscovery")
	if err := phone.advertise(t, "/phone", broadcast(make([]byte, 20))).Err; err != nil {
		t.Fatal(err)
	}
	added := listener.sees(t, "InterfacesAdded", whichever)
	phone.Close()
	listener.sees(t, "InterfacesRemoved", func(s *dbus.Signal) bool { return s.Body[0] == added.Body[0] })
	listener.Close()
	deadline := time.Now().Add(longest)
	for bluez.Discovering() > 0 {
		if time.Now().After(deadline) {
			t.Fatal("a program that is gone discovers")
		}
		time.Sleep(time.Millisecond)
	}
}

// TestRefusals wants BlueZ to refuse what the real one refuses.
func TestRefusals(t *testing.T) {
	t.Parallel()
	bus, _ := start(t, bletest.Config{Slots: 2})
	p := join(t, bus)
	const (
		invalid  = "org.bluez.Error.InvalidArguments"
		failed   = "org.bluez.Error.Failed"
		noMethod = "org.freedesktop.DBus.Error.UnknownMethod"
		noObject = "org.freedesktop.DBus.Error.UnknownObject"
		noArgs   = "org.freedesktop.DBus.Error.InvalidArgs"
	)
	p.refused(t, invalid, hci0, adapter1+".SetDiscoveryFilter", dict{"Transport": dbus.MakeVariant("smoke")})
	p.refused(t, invalid, hci0, adapter1+".SetDiscoveryFilter", dict{"DuplicateData": dbus.MakeVariant("yes")})
	p.refused(t, invalid, hci0, adapter1+".SetDiscoveryFilter", dict{"Odd": dbus.MakeVariant(true)})
	p.refused(t, noMethod, hci0, adapter1+".SetDiscoveryFilter")
	p.refused(t, failed, hci0, adapter1+".StopDiscovery")
	p.does(t, hci0, adapter1+".StartDiscovery")
	p.refused(t, bletest.InProgress, hci0, adapter1+".StartDiscovery")
	p.refused(t, noObject, "/org/bluez/hci1", adapter1+".StartDiscovery")
	p.refused(t, noObject, "/org/bluez/hci1", manager1+".RegisterAdvertisement", dbus.ObjectPath("/a"), dict{})
	p.refused(t, noMethod, hci0, adapter1+".Ghost")
	p.refused(t, noMethod, "/", "org.bluez.Ghost1.Ghost")
	p.refused(t, noArgs, hci0, "org.freedesktop.DBus.Properties.Get", adapter1, "Ghost")
	p.refused(t, noArgs, hci0, "org.freedesktop.DBus.Properties.GetAll", device1)
	p.refused(t, "org.freedesktop.DBus.Error.PropertyReadOnly", "/org/bluez", "org.freedesktop.DBus.Properties.Set", "org.bluez.AgentManager1", "A", dbus.MakeVariant(1))
	p.refused(t, invalid, hci0, "org.freedesktop.DBus.Properties.Set", adapter1, "Powered", dbus.MakeVariant("on"))
	p.refused(t, "org.bluez.Error.DoesNotExist", hci0, adapter1+".RemoveDevice", hci0+"/dev")
	p.refused(t, "org.bluez.Error.DoesNotExist", hci0, manager1+".UnregisterAdvertisement", dbus.ObjectPath("/a"))
	p.refused(t, failed, hci0, manager1+".RegisterAdvertisement", dbus.ObjectPath("/nothing/here"), dict{})

	for name, row := range map[string]struct {
		name  string
		value any
		want  string
	}{
		"type":          {"Type", "smoke", invalid},
		"discoverable":  {"Discoverable", false, invalid},
		"interval":      {"MinInterval", uint32(100), invalid},
		"data":          {"ServiceData", dict{fido: dbus.MakeVariant("text")}, invalid},
		"uuid":          {"ServiceData", dict{"fff9": dbus.MakeVariant([]byte{1})}, invalid},
		"length":        {"ServiceData", dict{fido: dbus.MakeVariant(make([]byte, 28))}, "org.bluez.Error.InvalidLength"},
		"name_too_long": {"LocalName", "computer", "org.bluez.Error.InvalidLength"},
		"uuids":         {"ServiceUUIDs", []string{fido, fido, fido}, "org.bluez.Error.InvalidLength"},
	} {
		properties := broadcast(make([]byte, 24))
		properties[row.name] = dbus.MakeVariant(row.value)
		err, _ := errors.AsType[dbus.Error](p.advertise(t, "/a", properties).Err)
		if err.Name != row.want {
			t.Errorf("advert %s: error %q, want %q", name, err.Name, row.want)
		}
	}
	for path, want := range map[dbus.ObjectPath]string{"/a": "org.bluez.Error.AlreadyExists", "/c": bletest.NotPermitted} {
		for _, first := range []dbus.ObjectPath{"/a", "/b"} {
			_ = p.advertise(t, first, broadcast([]byte{1})) // the second time, it is there
		}
		err, _ := errors.AsType[dbus.Error](p.advertise(t, path, broadcast([]byte{1})).Err)
		if err.Name != want {
			t.Errorf("advert %s: error %q, want %q", path, err.Name, want)
		}
	}
}

func TestStart(t *testing.T) {
	t.Parallel()
	t.Run("one_bluez_a_bus", func(t *testing.T) {
		t.Parallel()
		bus, _ := start(t, bletest.Config{})
		if _, err := bletest.StartBlueZ(t.Context(), bus.Address(), bletest.Config{}); err == nil {
			t.Error("a second one")
		}
	})
	t.Run("no_bus", func(t *testing.T) {
		t.Parallel()
		if _, err := bletest.StartBlueZ(t.Context(), "unix:path="+t.TempDir()+"/bus", bletest.Config{}); err == nil {
			t.Error("no error")
		}
	})
	t.Run("no_daemon", func(t *testing.T) {
		t.Parallel()
		if _, err := bletest.StartBus(t.Context(), bletest.BusConfig{Program: "no-such-dbus-daemon"}); !errors.Is(err, exec.ErrNotFound) {
			t.Errorf("error %v", err)
		}
	})
	t.Run("bad_policy", func(t *testing.T) {
		t.Parallel()
		start(t, bletest.Config{}) // skips where there is no dbus-daemon
		if _, err := bletest.StartBus(t.Context(), bletest.BusConfig{Policy: "<smoke/>"}); err == nil || !strings.Contains(err.Error(), "smoke") {
			t.Errorf("error %v does not say what is wrong", err)
		}
	})
	t.Run("ends_with_context", func(t *testing.T) {
		t.Parallel()
		start(t, bletest.Config{}) // skips where there is no dbus-daemon
		ctx, cancel := context.WithCancel(t.Context())
		bus, err := bletest.StartBus(ctx, bletest.BusConfig{})
		if err != nil {
			t.Fatal(err)
		}
		bluez, err := bletest.StartBlueZ(ctx, bus.Address(), bletest.Config{})
		if err != nil {
			t.Fatal(err)
		}
		cancel()
		if err := bus.Close(); err != nil {
			t.Error(err)
		}
		bluez.Close()
		bluez.SetPower(false) // nobody hears it
		if _, err := os.Stat(strings.TrimPrefix(bus.Address(), "unix:path=")); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("the socket: %v", err)
		}
	})
}

// TestBusEndsWithItsProgram kills a program that has started a bus.
func TestBusEndsWithItsProgram(t *testing.T) {
	t.Parallel()
	start(t, bletest.Config{}) // skips where there is no dbus-daemon
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^$")
	cmd.Env = append(os.Environ(), "HITHER_TEST_BLETEST_PROGRAM=1", "TMPDIR="+t.TempDir())
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	address, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	conn, err := dbus.Connect(strings.TrimSpace(address))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // it was killed
	select {
	case <-conn.Context().Done():
	case <-time.After(longest):
		t.Fatal("the bus is still there")
	}
	// The kernel closes one socket of it after the other.
	deadline := time.Now().Add(longest)
	for {
		conn, err := net.Dial("unix", strings.TrimPrefix(strings.TrimSpace(address), "unix:path=")) //nolint:noctx // there is nothing to wait for
		if err != nil {
			break
		}
		conn.Close()
		if time.Now().After(deadline) {
			t.Fatal("somebody still listens")
		}
		time.Sleep(time.Millisecond)
	}
}

// program is that program.
func program() {
	bus, err := bletest.StartBus(context.Background(), bletest.BusConfig{})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	if _, err := fmt.Fprintln(os.Stdout, bus.Address()); err != nil {
		os.Exit(1)
	}
	time.Sleep(longest)
	os.Exit(1)
}
