package testbed_test

import (
	"context"
	"errors"
	"image"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/hitherauth/hither/internal/ble"
	"github.com/hitherauth/hither/internal/eye"
	"github.com/hitherauth/hither/testbed"
	"github.com/hitherauth/hither/tunnel"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// needs skips a test where a program is missing, and fails it where none may be.
func needs(t *testing.T, programs ...string) {
	t.Helper()
	for _, name := range programs {
		if _, err := exec.LookPath(name); err != nil {
			if os.Getenv("CI") != "" {
				t.Fatalf("%s is missing: make deps installs it", name)
			}
			t.Skipf("%s is missing: make deps installs it", name)
		}
	}
}

func start(t *testing.T) *testbed.Bed {
	t.Helper()
	needs(t, "Xvfb", "dbus-daemon")
	bed, err := testbed.Start(context.WithoutCancel(t.Context()), testbed.Config{Interval: 10 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := bed.Close(); err != nil {
			t.Error(err)
		}
	})
	return bed
}

// variable is one of the bed's environment.
func variable(t *testing.T, bed *testbed.Bed, name string) string {
	t.Helper()
	for _, entry := range bed.Environ() {
		if value, ok := strings.CutPrefix(entry, name+"="); ok {
			return value
		}
	}
	t.Fatalf("no %s in %q", name, bed.Environ())
	return ""
}

// TestBedsDoNotMeet has two beds at once: what is said in one is heard there alone, and
// when one ends the other goes on.
func TestBedsDoNotMeet(t *testing.T) {
	t.Parallel()
	beds := []*testbed.Bed{start(t), start(t)}
	heard := make([]chan []byte, len(beds))
	advert := make([]byte, 20)
	var radios []*ble.Radio
	for i, bed := range beds {
		radio, err := ble.Open(t.Context(), ble.Config{BusAddress: variable(t, bed, "DBUS_SYSTEM_BUS_ADDRESS")})
		if err != nil {
			t.Fatal(err)
		}
		radios = append(radios, radio)
		heard[i] = make(chan []byte, 1000)
		ctx, cancel := context.WithCancel(t.Context())
		wait, err := radio.Scan(ctx, func(b []byte) { heard[i] <- append([]byte(nil), b...) })
		if err != nil {
			t.Fatal(err)
		}
		defer func() {
			cancel()
			_ = wait() // the bus may be gone
		}()
		for _, other := range beds[:i] {
			for _, name := range []string{"DISPLAY", "XAUTHORITY", "DBUS_SYSTEM_BUS_ADDRESS"} {
				if variable(t, bed, name) == variable(t, other, name) {
					t.Errorf("both have %s %s", name, variable(t, bed, name))
				}
			}
		}
	}
	stop, err := radios[0].Advertise(t.Context(), advert)
	if err != nil {
		t.Fatal(err)
	}
	<-heard[0]
	<-heard[0]
	if err := stop(); err != nil {
		t.Error(err)
	}
	if err := beds[0].Close(); err != nil {
		t.Error(err)
	}
	advert[0] = 1
	stop, err = radios[1].Advertise(t.Context(), advert)
	if err != nil {
		t.Fatal(err)
	}
	if b := <-heard[1]; b[0] != 1 {
		t.Error("an advert of the other bed was heard")
	}
	if err := stop(); err != nil {
		t.Error(err)
	}
}

// TestScreenIsPrivate has somebody look at it who does not have the bed's cookie.
func TestScreenIsPrivate(t *testing.T) {
	t.Parallel()
	bed := start(t)
	if screen, err := eye.Open(t.Context(), variable(t, bed, "DISPLAY"), ""); err == nil {
		t.Errorf("a stranger sees %v", screen)
	}
	picture, err := bed.Photograph()
	if err != nil || picture.Rect.Size() != bed.Screen() || bed.Screen() != image.Pt(1280, 900) {
		t.Errorf("%v, %v", picture.Rect, err)
	}
}

func TestTunnel(t *testing.T) {
	t.Parallel()
	bed := start(t)
	_, service := bed.Tunnel()
	dialer := tunnel.New(tunnel.Config{})
	phone, routing, err := dialer.Create(t.Context(), service, tunnel.ID{1})
	if err != nil {
		t.Fatal(err)
	}
	defer phone.Close()
	browser, err := dialer.Connect(t.Context(), service, routing, tunnel.ID{1})
	if err != nil {
		t.Fatal(err)
	}
	defer browser.Close()
	if err := browser.Send(t.Context(), []byte("hello")); err != nil {
		t.Fatal(err)
	}
	if b, err := phone.Receive(t.Context()); err != nil || string(b) != "hello" {
		t.Errorf("%q, %v", b, err)
	}
	service.RootCAs = nil
	if _, _, err := dialer.Create(t.Context(), service, tunnel.ID{2}); err == nil {
		t.Error("everybody trusts the throw-away certificate")
	}
}

func TestEvents(t *testing.T) {
	t.Parallel()
	bed := start(t)
	if events := bed.Events(0); len(events) > 0 {
		t.Errorf("a new bed has events %v", events)
	}
	waited := make(chan []testbed.Event)
	go func() {
		events, err := bed.WaitEvents(t.Context(), 0)
		if err != nil {
			t.Error(err)
		}
		waited <- events
	}()
	bed.SetPower(false)
	if events := <-waited; len(events) != 1 || events[0].ID != 1 || events[0].Kind != "power_off" || events[0].Time.IsZero() {
		t.Errorf("events %v", events)
	}
	if bed.Power() {
		t.Error("the power is on")
	}
	bed.SetAir(testbed.Air{Lose: -1})
	if events := bed.Events(1); len(events) != 1 || events[0].Kind != "air_set" || bed.Air().Lose != -1 {
		t.Errorf("events %v", events)
	}
	for _, after := range []int{2, 3, 1000} {
		if events := bed.Events(after); len(events) > 0 {
			t.Errorf("events after %d: %v", after, events)
		}
	}
	for range 10_010 {
		bed.SetPower(true)
	}
	if events := bed.Events(-1); len(events) != 10_000 || events[0].ID != 13 {
		t.Errorf("%d events from %d", len(events), events[0].ID)
	}
	go bed.Close()
	if _, err := bed.WaitEvents(t.Context(), 10_012); !errors.Is(err, testbed.ErrClosed) {
		t.Errorf("error %v", err)
	}
}
