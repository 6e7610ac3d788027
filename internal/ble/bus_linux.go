package ble

import (
	"context"
	"errors"
	"io/fs"
	"net"
	"os"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/godbus/dbus/v5"
)

// callTimeout is how long BlueZ and the bus have for an answer.
const callTimeout = 10 * time.Second

// Names on the bus.
const (
	bluezName       = "org.bluez"
	busName         = "org.freedesktop.DBus"
	introspectable  = "org.freedesktop.DBus.Introspectable"
	objectManager   = "org.freedesktop.DBus.ObjectManager"
	propertiesIface = "org.freedesktop.DBus.Properties"
	adapterIface    = "org.bluez.Adapter1"
	deviceIface     = "org.bluez.Device1"
	managerIface    = "org.bluez.LEAdvertisingManager1"
	advertIface     = "org.bluez.LEAdvertisement1"
)

// bus is a connection to the bus that BlueZ is on. Calls go to the BlueZ that was
// there in the beginning, and signals are taken from it alone: on a system bus
// anybody may send anybody a signal.
type bus struct {
	conn    *dbus.Conn
	signals func(*dbus.Signal) // of BlueZ; runs in the connection's reader, so it must not wait

	mu    sync.Mutex
	bluez string        // unique name of BlueZ
	gone  chan struct{} // closed when BlueZ has left the bus
}

// connect connects to BlueZ. signals may be nil. calls says whether BlueZ will
// want to call methods of ours.
func connect(ctx context.Context, address string, signals func(*dbus.Signal), calls bool) (*bus, error) {
	if address == "" {
		address = systemBus
	}
	socket, err := dial(ctx, address)
	if err != nil {
		return nil, err
	}
	// The library's handshake knows no context: it ends when the socket does.
	release := context.AfterFunc(ctx, func() { _ = socket.Close() })
	b := &bus{signals: signals, gone: make(chan struct{})}
	err = b.open(ctx, newWire(socket, calls))
	if !release() && err == nil {
		err = ctx.Err()
	}
	if err != nil {
		_ = socket.Close()
		b.close()
		if ctx.Err() != nil {
			return nil, judge(ctx, "connecting to BlueZ", ctx.Err())
		}
		return nil, err
	}
	return b, nil
}

// dial connects to the first socket of an address that somebody listens on.
func dial(ctx context.Context, address string) (net.Conn, error) {
	sockets, err := parseAddress(address)
	if err != nil {
		return nil, &Error{Code: CodeNoBus, Err: err}
	}
	var dialer net.Dialer
	var failed error
	for _, socket := range sockets {
		conn, err := dialer.DialContext(ctx, "unix", socket)
		if err == nil {
			return conn, nil
		}
		failed = err
	}
	code := CodeNoBus
	if errors.Is(failed, fs.ErrPermission) {
		code = CodeNoPermission
	}
	return nil, failure(code, "no D-Bus there: %w", failed)
}

func (b *bus) open(ctx context.Context, w *wire) error {
	conn, err := dbus.NewConn(w, dbus.WithSignalHandler(b))
	if err != nil {
		return failure(CodeNoBus, "no D-Bus there: %w", err)
	}
	b.conn = conn
	if err := conn.Auth([]dbus.Auth{dbus.AuthExternal(strconv.Itoa(os.Geteuid()))}); err != nil {
		return failure(CodeNoBus, "D-Bus does not let us in: %w", err)
	}
	if err := conn.Hello(); err != nil {
		return failure(CodeNoBus, "D-Bus does not let us in: %w", err)
	}
	// First the watch, then the look: whoever goes away in between is missed by neither.
	if err := b.match(ctx, dbus.WithMatchSender(busName), dbus.WithMatchInterface(busName), dbus.WithMatchMember("NameOwnerChanged"), dbus.WithMatchArg(0, bluezName)); err != nil {
		return err
	}
	owner, err := answer[string](b.ask(ctx, busName, "/org/freedesktop/DBus", busName+".GetNameOwner", bluezName))
	if named(err, "org.freedesktop.DBus.Error.NameHasNoOwner") {
		return failure(CodeNoBlueZ, "D-Bus is there, BlueZ is not")
	}
	if err != nil {
		return judge(ctx, "looking for BlueZ", err)
	}
	b.mu.Lock()
	b.bluez = owner
	b.mu.Unlock()
	return nil
}

// DeliverSignal is called by the connection's reader.
func (b *bus) DeliverSignal(_, _ string, s *dbus.Signal) {
	bluez := b.owner()
	switch {
	case bluez == "": // not yet
	case s.Sender == bluez && b.signals != nil:
		b.signals(s)
	case s.Sender == busName && s.Name == busName+".NameOwnerChanged" && slices.Equal(s.Body[:min(2, len(s.Body))], []any{bluezName, bluez}):
		b.mu.Lock()
		defer b.mu.Unlock()
		select {
		case <-b.gone:
		default:
			close(b.gone)
		}
	}
}

// owner is the unique name of BlueZ, empty as long as it is not known.
func (b *bus) owner() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.bluez
}

// match asks the bus for signals.
func (b *bus) match(ctx context.Context, rule ...dbus.MatchOption) error {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	if err := b.conn.AddMatchSignalContext(ctx, rule...); err != nil {
		return judge(ctx, "asking for signals", err)
	}
	return nil
}

// call calls a method of BlueZ.
func (b *bus) call(ctx context.Context, path dbus.ObjectPath, method string, args ...any) *dbus.Call {
	return b.ask(ctx, b.owner(), path, method, args...)
}

func (b *bus) ask(ctx context.Context, name string, path dbus.ObjectPath, method string, args ...any) *dbus.Call {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	return b.conn.Object(name, path).CallWithContext(ctx, method, dbus.FlagNoAutoStart, args...)
}

// patient calls a method of BlueZ again for a while when BlueZ says that it is
// busy, as it does when programs come and go.
func (b *bus) patient(ctx context.Context, path dbus.ObjectPath, method string, args ...any) error {
	pause := time.NewTicker(busyPause)
	defer pause.Stop()
	for tries := 1; ; tries++ {
		err := b.call(ctx, path, method, args...).Err
		if !named(err, "org.bluez.Error.InProgress") || tries == busyTries {
			return err
		}
		select {
		case <-pause.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// How often BlueZ may say that it is busy, and how long we wait each time.
const (
	busyTries = 10
	busyPause = 150 * time.Millisecond
)

// down is closed when the connection is.
func (b *bus) down() <-chan struct{} { return b.conn.Context().Done() }

// close ends the connection, and with it whatever BlueZ does for it.
func (b *bus) close() {
	if b.conn != nil {
		_ = b.conn.Close() // there is nothing left to lose
	}
}
