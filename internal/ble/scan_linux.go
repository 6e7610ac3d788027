package ble

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/godbus/dbus/v5"
)

// maxServiceData is how much of it the largest element of an advert has room
// for, its type and 16-bit UUID taken away.
const maxServiceData = 252

// waiting is how many adverts may wait for whoever hears them. More are let go:
// adverts are repeated several times a second.
const waiting = 256

// stopTimeout is how long BlueZ has for stopping what it does for us. The end of
// the connection stops it in any case.
const stopTimeout = 2 * time.Second

// scan is one scan, with its connection.
type scan struct {
	radio   *Radio
	bus     *bus
	adverts chan []byte
	failed  chan *Error   // has at most one value: the radio is gone
	done    chan struct{} // closed at the end
	err     error         // how it ended; read after done
}

// Scan listens for adverts of the hybrid transport. It returns as soon as the
// radio listens; err is an [*Error] unless ctx is done before. From then on heard
// is called from one goroutine with the service data of each advert, again and
// again while it is on the air: 1 to 252 bytes that anybody near may have sent.
// heard must not keep its argument; if it is slow, it misses adverts. wait returns
// when heard will not be called any more: nil if that was because ctx is done,
// else an [*Error].
func (r *Radio) Scan(ctx context.Context, heard func(serviceData []byte)) (wait func() error, err error) {
	s := &scan{radio: r, adverts: make(chan []byte, waiting), failed: make(chan *Error, 1), done: make(chan struct{})}
	s.bus, err = connect(ctx, r.config.BusAddress, s.signal, false)
	if err != nil {
		return nil, err
	}
	if err := s.start(ctx); err != nil {
		s.bus.close()
		return nil, err
	}
	go s.run(ctx, heard)
	return func() error { <-s.done; return s.err }, nil
}

func (s *scan) start(ctx context.Context) error {
	path := s.radio.path()
	for _, rule := range [][]dbus.MatchOption{
		{dbus.WithMatchInterface(objectManager), dbus.WithMatchMember("InterfacesAdded")},
		{dbus.WithMatchInterface(objectManager), dbus.WithMatchMember("InterfacesRemoved"), dbus.WithMatchArgPath(0, string(path))},
		{dbus.WithMatchInterface(propertiesIface), dbus.WithMatchMember("PropertiesChanged"), dbus.WithMatchPathNamespace(path)},
	} {
		if err := s.bus.match(ctx, append(rule, dbus.WithMatchSender(bluezName))...); err != nil {
			return err
		}
	}
	if err := s.bus.wantPower(ctx, s.radio.adapter); err != nil {
		return err
	}
	// BlueZ reports an advert that it has reported before only if it is told to.
	// Filters by UUID are by lists of UUIDs, which some phones do not send.
	filter := map[string]dbus.Variant{"Transport": dbus.MakeVariant("le"), "DuplicateData": dbus.MakeVariant(true)}
	if err := s.bus.patient(ctx, path, adapterIface+".SetDiscoveryFilter", filter); err != nil {
		return judge(ctx, "preparing to listen", err)
	}
	if err := s.bus.patient(ctx, path, adapterIface+".StartDiscovery"); err != nil {
		return judge(ctx, "beginning to listen", err)
	}
	return nil
}

// run passes on what is heard until the end, and ends it.
func (s *scan) run(ctx context.Context, heard func([]byte)) {
	defer close(s.done)
	defer s.bus.close()
	for ctx.Err() == nil {
		select {
		case <-ctx.Done():
		case serviceData := <-s.adverts:
			heard(serviceData)
		case err := <-s.failed:
			s.err = err
			return
		case <-s.bus.gone:
			s.err = failure(CodeLost, "listening: BlueZ has left D-Bus")
			return
		case <-s.bus.down():
			s.err = failure(CodeLost, "listening: the connection to D-Bus has ended")
			return
		}
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTimeout)
	defer cancel()
	if err := s.bus.call(ctx, s.radio.path(), adapterIface+".StopDiscovery").Err; err != nil {
		s.radio.config.Logger.DebugContext(ctx, "scan not stopped", "err", judge(ctx, "ceasing to listen", err))
	}
}

// signal takes a signal of BlueZ. It must not wait.
func (s *scan) signal(g *dbus.Signal) {
	path := s.radio.path()
	switch g.Name {
	case objectManager + ".InterfacesAdded":
		if len(g.Body) < 2 {
			return
		}
		object, _ := g.Body[0].(dbus.ObjectPath)
		interfaces, _ := g.Body[1].(map[string]map[string]dbus.Variant)
		if under(path, object) {
			s.take(interfaces[deviceIface])
		}
	case objectManager + ".InterfacesRemoved":
		if len(g.Body) < 2 {
			return
		}
		object, _ := g.Body[0].(dbus.ObjectPath)
		interfaces, _ := g.Body[1].([]string)
		if object == path && slices.Contains(interfaces, adapterIface) {
			s.fail(failure(CodeNoAdapter, "adapter %s was taken away", s.radio.adapter))
		}
	case propertiesIface + ".PropertiesChanged":
		if len(g.Body) < 2 {
			return
		}
		name, _ := g.Body[0].(string)
		properties, _ := g.Body[1].(map[string]dbus.Variant)
		if name == deviceIface && under(path, g.Path) {
			s.take(properties)
		}
		if on, ok := properties["Powered"].Value().(bool); ok && !on && name == adapterIface && g.Path == path {
			s.fail(failure(CodePoweredOff, "Bluetooth was switched off (adapter %s)", s.radio.adapter))
		}
	}
}

// take queues what a device sends for the hybrid transport.
func (s *scan) take(properties map[string]dbus.Variant) {
	for _, serviceData := range hybridData(properties) {
		select {
		case s.adverts <- serviceData:
		default:
		}
	}
}

func (s *scan) fail(err *Error) {
	select {
	case s.failed <- err:
	default:
	}
}

// hybridData picks the service data of the hybrid transport out of the properties
// of a device. Whatever has another type or size than it should is not there.
func hybridData(properties map[string]dbus.Variant) [][]byte {
	blocks, _ := properties["ServiceData"].Value().(map[string]dbus.Variant)
	var found [][]byte
	for _, uuid := range [...]string{fidoUUID, googleUUID} {
		if data, ok := blocks[uuid].Value().([]byte); ok && len(data) > 0 && len(data) <= maxServiceData {
			found = append(found, data)
		}
	}
	return found
}

// under says whether object is below path.
func under(path, object dbus.ObjectPath) bool {
	return strings.HasPrefix(string(object), string(path)+"/")
}
