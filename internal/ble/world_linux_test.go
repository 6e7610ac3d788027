package ble_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/hitherauth/hither/internal/ble"
	"github.com/hitherauth/hither/internal/ble/bletest"
)

// longest is how long anything may take before a test says that it will not come.
const longest = 20 * time.Second

// UUIDs as BlueZ writes them.
const (
	fido    = "0000fff9-0000-1000-8000-00805f9b34fb"
	google  = "0000fde2-0000-1000-8000-00805f9b34fb"
	foreign = "0000fcf1-0000-1000-8000-00805f9b34fb"
)

func TestMain(m *testing.M) {
	if address := os.Getenv("HITHER_TEST_BLE_PROGRAM"); address != "" {
		program(address)
	}
	goleak.VerifyTestMain(m)
}

// world is a bus with a fake BlueZ.
type world struct {
	bus   *bletest.Bus
	bluez *bletest.BlueZ
}

func newBus(t *testing.T, c bletest.BusConfig) *bletest.Bus {
	t.Helper()
	if _, err := exec.LookPath("dbus-daemon"); err != nil {
		missing(t, "dbus-daemon")
	}
	// Not the test's context, which ends before its cleanups.
	bus, err := bletest.StartBus(context.WithoutCancel(t.Context()), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := bus.Close(); err != nil {
			t.Error(err)
		}
	})
	return bus
}

// missing skips without a program where nothing is promised.
func missing(t *testing.T, what string) {
	t.Helper()
	if os.Getenv("CI") != "" {
		t.Fatalf("%s is missing: make deps installs it", what)
	}
	t.Skipf("%s is missing: make deps installs it", what)
}

func newWorld(t *testing.T, c bletest.Config) *world {
	t.Helper()
	bus := newBus(t, bletest.BusConfig{})
	bluez, err := bletest.StartBlueZ(context.WithoutCancel(t.Context()), bus.Address(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { bluez.Close() })
	return &world{bus: bus, bluez: bluez}
}

// quick is a BlueZ whose adverts are repeated often.
func quick() bletest.Config { return bletest.Config{Interval: 10 * time.Millisecond} }

func (w *world) config() ble.Config { return ble.Config{BusAddress: w.bus.Address()} }

func (w *world) open(t *testing.T) *ble.Radio {
	t.Helper()
	radio, err := ble.Open(t.Context(), w.config())
	if err != nil {
		t.Fatal(err)
	}
	return radio
}

// listener is a scan and what it has heard.
type listener struct {
	heard  chan []byte // the first 4096
	cancel context.CancelFunc
	wait   func() error
}

func listen(t *testing.T, radio *ble.Radio) *listener {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	l := &listener{heard: make(chan []byte, 4096), cancel: cancel}
	wait, err := radio.Scan(ctx, func(serviceData []byte) {
		select {
		case l.heard <- bytes.Clone(serviceData):
		default:
		}
	})
	if err != nil {
		cancel()
		t.Fatal(err)
	}
	l.wait = wait
	t.Cleanup(func() {
		cancel()
		_ = wait() // its error is the test's business
	})
	return l
}

// hears waits until serviceData is heard, past whatever else is.
func (l *listener) hears(t *testing.T, serviceData []byte) {
	t.Helper()
	timer := time.NewTimer(longest)
	defer timer.Stop()
	for {
		select {
		case got := <-l.heard:
			if bytes.Equal(got, serviceData) {
				return
			}
		case <-timer.C:
			t.Fatalf("advert %x was not heard", serviceData)
		}
	}
}

// hearsFirst waits for the next advert, which must be serviceData.
func (l *listener) hearsFirst(t *testing.T, serviceData []byte) {
	t.Helper()
	select {
	case got := <-l.heard:
		if !bytes.Equal(got, serviceData) {
			t.Fatalf("heard %x, want %x", got, serviceData)
		}
	case <-time.After(longest):
		t.Fatalf("advert %x was not heard", serviceData)
	}
}

// stop ends the scan in good order.
func (l *listener) stop(t *testing.T) {
	t.Helper()
	l.cancel()
	if err := l.wait(); err != nil {
		t.Errorf("wait after the end of the context: %v", err)
	}
}

// ends waits until the scan has ended by itself, with that code.
func (l *listener) ends(t *testing.T, want ble.Code) {
	t.Helper()
	result := make(chan error, 1)
	go func() { result <- l.wait() }()
	select {
	case err := <-result:
		wantCode(t, err, want)
	case <-time.After(longest):
		t.Fatal("the scan goes on")
	}
}

func advertise(t *testing.T, radio *ble.Radio, serviceData []byte) (stop func() error) {
	t.Helper()
	stop, err := radio.Advertise(t.Context(), serviceData)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = stop() }) // its error is the test's business
	return stop
}

func wantCode(t *testing.T, err error, want ble.Code) {
	t.Helper()
	e, ok := errors.AsType[*ble.Error](err)
	if !ok {
		t.Fatalf("got error %v, want one with code %s", err, want)
	}
	if e.Code != want {
		t.Errorf("got code %s, want %s (%v)", e.Code, want, err)
	}
	if e.Hint() == "" {
		t.Errorf("code %s has no hint", e.Code)
	}
}

// eventually waits until done.
func eventually(t *testing.T, what string, done func() bool) {
	t.Helper()
	deadline := time.Now().Add(longest)
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !done() {
		if time.Now().After(deadline) {
			t.Fatal("never happened: " + what)
		}
		<-tick.C
	}
}

// some is n bytes of service data that differ from those of other seeds.
func some(n int, seed byte) []byte {
	data := make([]byte, n)
	for i := range data {
		data[i] = seed + byte(i)
	}
	return data
}
