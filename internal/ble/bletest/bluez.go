package bletest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/godbus/dbus/v5"
)

// Config describes a fake BlueZ.
type Config struct {
	// Adapters are the names of its adapters, which are switched on. Nil: one,
	// "hci0". Empty: none.
	Adapters []string
	// Slots is how many adverts each adapter can send at a time. 0: five, as most
	// can. Negative: it cannot send adverts at all.
	Slots int
	// Interval is how often adverts are sent. 0: every 100 ms. An advert is sent at
	// once, too, when it is registered and when somebody begins to discover.
	Interval time.Duration
}

// BlueZ is a fake BlueZ on a bus.
type BlueZ struct {
	config Config
	conn   *dbus.Conn
	ended  chan struct{} // closed when nothing is left of it

	mu       sync.Mutex
	adapters []*adapter
	adverts  []*advert
	faults   Faults
}

// StartBlueZ takes the name org.bluez on the bus at address and serves it until
// ctx is done, the bus ends or it is closed.
func StartBlueZ(ctx context.Context, address string, c Config) (*BlueZ, error) {
	if c.Adapters == nil {
		c.Adapters = []string{"hci0"}
	}
	if c.Slots == 0 {
		c.Slots = 5
	}
	if c.Interval <= 0 {
		c.Interval = 100 * time.Millisecond
	}
	b := &BlueZ{config: c, ended: make(chan struct{})}
	for i, name := range c.Adapters {
		b.adapters = append(b.adapters, newAdapter(name, i))
	}
	conn, err := dbus.Connect(address, dbus.WithContext(ctx), dbus.WithHandler(handler{b}), dbus.WithSignalHandler(watch{b}),
		dbus.WithAuth(dbus.AuthExternal(strconv.Itoa(os.Geteuid()))))
	if err != nil {
		return nil, fmt.Errorf("bletest: %w", err)
	}
	b.mu.Lock()
	b.conn = conn
	b.mu.Unlock()
	if err := b.own(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("bletest: %w", err), conn.Close())
	}
	go b.send()
	return b, nil
}

func (b *BlueZ) own(ctx context.Context) error {
	if err := b.conn.AddMatchSignalContext(ctx, dbus.WithMatchSender("org.freedesktop.DBus"),
		dbus.WithMatchInterface("org.freedesktop.DBus"), dbus.WithMatchMember("NameOwnerChanged")); err != nil {
		return err
	}
	reply, err := b.conn.RequestName("org.bluez", dbus.NameFlagDoNotQueue)
	if err != nil {
		return err
	}
	if reply != dbus.RequestNameReplyPrimaryOwner {
		return errors.New("somebody else is BlueZ on this bus")
	}
	return nil
}

// Close ends BlueZ, as a crash would, and returns when nothing is left of it.
func (b *BlueZ) Close() error {
	err := b.conn.Close()
	<-b.ended
	return err
}

// send sends adverts until the end.
func (b *BlueZ) send() {
	defer close(b.ended)
	tick := time.NewTicker(b.config.Interval)
	defer tick.Stop()
	for {
		select {
		case <-b.conn.Context().Done():
			return
		case <-tick.C:
		}
		b.mu.Lock()
		for _, ad := range b.adverts {
			b.transmit(ad)
		}
		b.mu.Unlock()
	}
}

// SetPower switches all adapters on or off.
func (b *BlueZ) SetPower(on bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, a := range b.adapters {
		b.setPower(a, on)
	}
}

// Powered says whether there is an adapter that is switched on.
func (b *BlueZ) Powered() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.ContainsFunc(b.adapters, func(a *adapter) bool { return !a.off })
}

// RemoveAdapter takes an adapter away.
func (b *BlueZ) RemoveAdapter(name string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	i := slices.IndexFunc(b.adapters, func(a *adapter) bool { return a.name == name })
	if i < 0 {
		return
	}
	gone := b.adapters[i]
	b.forgetAll(gone)
	for _, ad := range slices.Clone(b.adverts) {
		if ad.adapter == gone {
			b.drop(ad)
			b.tellReleased(ad)
		}
	}
	b.adapters = slices.Delete(b.adapters, i, i+1)
	b.emit("/", objectManager+".InterfacesRemoved", gone.path(), gone.interfaces(b.config.Slots))
}

// ReleaseAll takes the adverts of all programs off the air, and tells them.
func (b *BlueZ) ReleaseAll() {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, ad := range slices.Clone(b.adverts) {
		if ad.adapter != nil {
			b.drop(ad)
			b.tellReleased(ad)
		}
	}
}

// Transmit puts an advert of a device nearby on the air, which is not a program
// on this bus: service data by UUID. stop takes it off; it may be called twice.
func (b *BlueZ) Transmit(serviceData map[string][]byte) (stop func()) {
	ad := &advert{registered: time.Now(), address: randomAddress(), serviceData: map[string]dbus.Variant{}}
	for uuid, data := range serviceData {
		ad.serviceData[uuid] = dbus.MakeVariant(slices.Clone(data))
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.adverts = append(b.adverts, ad)
	b.transmit(ad)
	return func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.drop(ad)
	}
}

// Emit sends any signal in BlueZ's name. name is interface and member.
func (b *BlueZ) Emit(path dbus.ObjectPath, name string, values ...any) error {
	return b.conn.Emit(path, name, values...)
}

// Discovering is how many programs listen for devices.
func (b *BlueZ) Discovering() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	n := 0
	for _, a := range b.adapters {
		n += len(a.discoverers)
	}
	return n
}

// Registered are the adverts that programs have on the air: the properties of
// each one's org.bluez.LEAdvertisement1.
func (b *BlueZ) Registered() []map[string]dbus.Variant {
	b.mu.Lock()
	defer b.mu.Unlock()
	var all []map[string]dbus.Variant
	for _, ad := range b.adverts {
		if ad.adapter != nil {
			all = append(all, ad.properties)
		}
	}
	return all
}

// emit sends a signal. An error is that of a connection that has ended.
func (b *BlueZ) emit(path dbus.ObjectPath, name string, values ...any) {
	_ = b.conn.Emit(path, name, values...)
}

// watch hears of programs that end.
type watch struct{ b *BlueZ }

// DeliverSignal is called by the connection's reader.
func (w watch) DeliverSignal(iface, member string, s *dbus.Signal) {
	if iface != "org.freedesktop.DBus" || member != "NameOwnerChanged" || len(s.Body) != 3 {
		return
	}
	name, _ := s.Body[0].(string)
	owner, _ := s.Body[2].(string)
	if owner == "" {
		w.b.leave(name)
	}
}
