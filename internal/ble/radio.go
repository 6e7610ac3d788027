package ble

import (
	"log/slog"
)

// The service UUIDs of the hybrid transport, as BlueZ writes 16-bit ones: FIDO's,
// under which adverts are sent, and Google's, under which older phones send them.
const (
	fidoUUID   = "0000fff9-0000-1000-8000-00805f9b34fb"
	googleUUID = "0000fde2-0000-1000-8000-00805f9b34fb"
)

// maxAdvert is how much service data there is room for in a legacy advert: 31
// bytes, of which a length, a type and a 16-bit UUID take four.
const maxAdvert = 27

// Config says where Bluetooth is.
type Config struct {
	// BusAddress is the D-Bus address of the bus that BlueZ is on: one or more
	// unix sockets, such as "unix:path=/run/dbus/system_bus_socket". Empty: the
	// well-known place of the system bus. The environment is not read.
	BusAddress string
	// Adapter is the name of an adapter, such as "hci0". Empty: the first one that
	// is switched on.
	Adapter string
	// Logger gets what is wrong and stops nothing. Nil: discarded.
	Logger *slog.Logger
}

// Radio is a Bluetooth adapter that was found and switched on. It holds nothing
// open, needs no closing, and may be used by several goroutines.
type Radio struct {
	config  Config
	adapter string
}

// Adapter is the name of the adapter, such as "hci0".
func (r *Radio) Adapter() string { return r.adapter }

func newRadio(c Config, adapter string) *Radio {
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	return &Radio{config: c, adapter: adapter}
}
