package ble

import (
	"context"
	"errors"
	"slices"
	"sync"

	"github.com/godbus/dbus/v5"
)

// advertPath is where our advert is on our own connection.
const advertPath = dbus.ObjectPath("/org/hitherauth/advert")

// How often the advert is sent, in milliseconds, where BlueZ and the adapter let
// programs choose: as often as controllers before Bluetooth 5 can send what is
// not connectable. A phone does the same.
const (
	minInterval = uint32(100)
	maxInterval = uint32(150)
)

// advert is one advert, with its connection.
type advert struct {
	radio       *Radio
	bus         *bus
	serviceData []byte
	stopped     chan struct{} // closed by stop
	released    chan struct{} // closed when BlueZ has taken it off the air
	done        chan struct{} // closed when it is off the air
	err         error         // why it was not on the air until it was stopped; read after done

	stopOnce, releaseOnce sync.Once
}

// Advertise sends serviceData, 1 to 27 bytes, until it is stopped or ctx is done.
// It returns as soon as that is on the air: one block under the UUID FFF9, not
// connectable, not discoverable, without a name. stop takes it off the air and
// returns when it is; it may be called twice. Its error, an [*Error], says that
// the advert was off the air earlier, because BlueZ or the adapter went away. err
// is one, too, unless ctx is done before the advert is on the air.
func (r *Radio) Advertise(ctx context.Context, serviceData []byte) (stop func() error, err error) {
	if len(serviceData) == 0 || len(serviceData) > maxAdvert {
		return nil, failure(CodeAdvertRefused, "an advert has room for 1 to %d bytes, not %d", maxAdvert, len(serviceData))
	}
	a := &advert{
		radio: r, serviceData: slices.Clone(serviceData),
		stopped: make(chan struct{}), released: make(chan struct{}), done: make(chan struct{}),
	}
	a.bus, err = connect(ctx, r.config.BusAddress, nil, true)
	if err != nil {
		return nil, err
	}
	if err := a.start(ctx); err != nil {
		a.bus.close()
		return nil, err
	}
	go a.run(ctx)
	return func() error {
		a.stopOnce.Do(func() { close(a.stopped) })
		<-a.done
		return a.err
	}, nil
}

func (a *advert) start(ctx context.Context) error {
	if err := a.bus.wantPower(ctx, a.radio.adapter); err != nil {
		return err
	}
	for iface, methods := range map[string]map[string]any{
		advertIface:     {"Release": a.release},
		propertiesIface: {"GetAll": a.getAll, "Get": a.get},
	} {
		if err := a.bus.conn.ExportMethodTable(methods, advertPath, iface); err != nil {
			return failure(CodeFailed, "making the advert: %w", err)
		}
	}
	err := a.bus.patient(ctx, a.radio.path(), managerIface+".RegisterAdvertisement", advertPath, map[string]dbus.Variant{})
	return judgeAdvert(ctx, err)
}

// judgeAdvert is judge for RegisterAdvertisement, where some errors have a
// meaning of their own.
func judgeAdvert(ctx context.Context, err error) error {
	const doing = "sending the advert"
	if err == nil {
		return nil
	}
	e, ok := errors.AsType[dbus.Error](err)
	if !ok {
		return judge(ctx, doing, err)
	}
	code := codeOf(e.Name)
	switch e.Name {
	case "org.bluez.Error.NotPermitted": // it says "Maximum advertisements reached"
		code = CodeNoSlot
	case "org.freedesktop.DBus.Error.UnknownMethod", "org.freedesktop.DBus.Error.UnknownInterface", "org.bluez.Error.NotSupported":
		code = CodeNoAdvertising
	case "org.bluez.Error.InvalidArguments", "org.bluez.Error.InvalidLength", "org.bluez.Error.AlreadyExists", "org.bluez.Error.Failed":
		code = CodeAdvertRefused
	}
	return failure(code, "%s: %s", doing, described(e))
}

// run keeps the advert on the air until the end, and ends it.
func (a *advert) run(ctx context.Context) {
	defer close(a.done)
	defer a.bus.close()
	select {
	case <-ctx.Done():
	case <-a.stopped:
	case <-a.released:
		a.err = failure(CodeLost, "the advert was taken off the air by BlueZ")
	case <-a.bus.gone:
		a.err = failure(CodeLost, "the advert went off the air: BlueZ has left D-Bus")
	case <-a.bus.down():
		a.err = failure(CodeLost, "the advert went off the air: the connection to D-Bus has ended")
	}
	if a.err != nil {
		a.radio.config.Logger.WarnContext(ctx, "advert lost", "err", a.err)
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTimeout)
	defer cancel()
	err := a.bus.call(ctx, a.radio.path(), managerIface+".UnregisterAdvertisement", advertPath).Err
	if err == nil {
		return
	}
	// Whatever is wrong, the end of the connection takes it off.
	a.radio.config.Logger.DebugContext(ctx, "advert not unregistered", "err", err)
	if code := codeOfError(judge(ctx, "stopping the advert", err)); code == CodeLost || code == CodeNoAdapter || named(err, "org.bluez.Error.DoesNotExist") {
		a.err = failure(CodeLost, "the advert was off the air before it was stopped")
	}
}

// properties are what BlueZ asks for once, when the advert is registered. What is
// not here is not sent: no name, no flags (a broadcast must not have Discoverable),
// no list of UUIDs.
func (a *advert) properties() map[string]dbus.Variant {
	return map[string]dbus.Variant{
		"Type":        dbus.MakeVariant("broadcast"),
		"ServiceData": dbus.MakeVariant(map[string]dbus.Variant{fidoUUID: dbus.MakeVariant(a.serviceData)}),
		"MinInterval": dbus.MakeVariant(minInterval),
		"MaxInterval": dbus.MakeVariant(maxInterval),
	}
}

// getAll is the method org.freedesktop.DBus.Properties.GetAll.
func (a *advert) getAll(iface string) (map[string]dbus.Variant, *dbus.Error) {
	if iface != advertIface {
		return nil, &dbus.ErrMsgUnknownInterface
	}
	return a.properties(), nil
}

// get is the method org.freedesktop.DBus.Properties.Get.
func (a *advert) get(iface, name string) (dbus.Variant, *dbus.Error) {
	value, ok := a.properties()[name]
	if iface != advertIface || !ok {
		return dbus.Variant{}, &dbus.ErrMsgInvalidArg
	}
	return value, nil
}

// release is the method org.bluez.LEAdvertisement1.Release: BlueZ has taken the
// advert off the air.
func (a *advert) release(sender dbus.Sender) *dbus.Error {
	if string(sender) != a.bus.owner() {
		return dbus.NewError("org.freedesktop.DBus.Error.AccessDenied", nil)
	}
	a.releaseOnce.Do(func() { close(a.released) })
	return nil
}
