package bletest

import (
	"fmt"
	"maps"
	"slices"

	"github.com/godbus/dbus/v5"
)

// Interfaces.
const (
	objectManager   = "org.freedesktop.DBus.ObjectManager"
	propertiesIface = "org.freedesktop.DBus.Properties"
	introspectable  = "org.freedesktop.DBus.Introspectable"
	adapterIface    = "org.bluez.Adapter1"
	deviceIface     = "org.bluez.Device1"
	managerIface    = "org.bluez.LEAdvertisingManager1"
	advertIface     = "org.bluez.LEAdvertisement1"
	agentsIface     = "org.bluez.AgentManager1"
	profilesIface   = "org.bluez.ProfileManager1"
)

// adapter is an adapter, with what it has heard. All of it is guarded by BlueZ's
// mutex.
type adapter struct {
	name, address string
	off           bool
	duplicates    map[string]bool    // by program: its filter asks for repeated adverts
	discoverers   map[string]bool    // programs that discover
	devices       map[*advert]device // what was heard
}

// device is an advert as an adapter has heard it last.
type device struct {
	path        dbus.ObjectPath
	serviceData map[string]dbus.Variant
}

func newAdapter(name string, number int) *adapter {
	return &adapter{
		name: name, address: fmt.Sprintf("00:1A:7D:DA:71:%02X", number),
		duplicates: map[string]bool{}, discoverers: map[string]bool{}, devices: map[*advert]device{},
	}
}

func (a *adapter) path() dbus.ObjectPath { return "/org/bluez/" + dbus.ObjectPath(a.name) }

// interfaces are those of an adapter that has so many slots.
func (a *adapter) interfaces(slots int) []string {
	if slots < 0 {
		return []string{adapterIface}
	}
	return []string{adapterIface, managerIface}
}

func (a *adapter) properties() map[string]dbus.Variant {
	return map[string]dbus.Variant{
		"Address": dbus.MakeVariant(a.address), "AddressType": dbus.MakeVariant("public"),
		"Name": dbus.MakeVariant("fake"), "Alias": dbus.MakeVariant("fake"), "Class": dbus.MakeVariant(uint32(0)),
		"Powered": dbus.MakeVariant(!a.off), "Discovering": dbus.MakeVariant(len(a.discoverers) > 0),
		"Discoverable": dbus.MakeVariant(false), "DiscoverableTimeout": dbus.MakeVariant(uint32(0)),
		"Pairable": dbus.MakeVariant(false), "PairableTimeout": dbus.MakeVariant(uint32(0)),
		"UUIDs": dbus.MakeVariant([]string{}), "Modalias": dbus.MakeVariant("usb:v1D6Bp0246d0542"),
	}
}

func (b *BlueZ) adapter(path dbus.ObjectPath) *adapter {
	for _, a := range b.adapters {
		if a.path() == path {
			return a
		}
	}
	return nil
}

func (b *BlueZ) changed(a *adapter, properties map[string]dbus.Variant) {
	b.emit(a.path(), propertiesIface+".PropertiesChanged", adapterIface, properties, []string{})
}

func (b *BlueZ) setPower(a *adapter, on bool) {
	if a.off == !on {
		return
	}
	a.off = !on
	b.changed(a, map[string]dbus.Variant{"Powered": dbus.MakeVariant(on)})
	if on {
		return
	}
	if len(a.discoverers) > 0 {
		clear(a.discoverers)
		b.changed(a, map[string]dbus.Variant{"Discovering": dbus.MakeVariant(false)})
	}
	b.forgetAll(a)
}

// setFilter is Adapter1.SetDiscoveryFilter. Like the real one, it refuses what it
// does not know.
func (b *BlueZ) setFilter(a *adapter, program string, filter map[string]dbus.Variant) error {
	for name, value := range filter {
		ok := false
		switch name {
		case "UUIDs":
			_, ok = value.Value().([]string)
		case "RSSI":
			_, ok = value.Value().(int16)
		case "Pathloss":
			_, ok = value.Value().(uint16)
		case "Transport":
			transport, _ := value.Value().(string)
			ok = slices.Contains([]string{"auto", "bredr", "le"}, transport)
		case "DuplicateData", "Discoverable":
			_, ok = value.Value().(bool)
		case "Pattern":
			_, ok = value.Value().(string)
		}
		if !ok {
			return refusal(invalidArguments, "Invalid arguments in method call")
		}
	}
	duplicates, _ := filter["DuplicateData"].Value().(bool)
	a.duplicates[program] = duplicates
	return nil
}

// startDiscovery is Adapter1.StartDiscovery.
func (b *BlueZ) startDiscovery(a *adapter, program string) error {
	if a.off {
		return refusal(NotReady, "Resource Not Ready")
	}
	if a.discoverers[program] {
		return refusal(InProgress, "Operation already in progress")
	}
	a.discoverers[program] = true
	if len(a.discoverers) == 1 {
		b.changed(a, map[string]dbus.Variant{"Discovering": dbus.MakeVariant(true)})
	}
	return nil
}

// stopDiscovery is Adapter1.StopDiscovery.
func (b *BlueZ) stopDiscovery(a *adapter, program string) error {
	if !a.discoverers[program] {
		return refusal(Failed, "No discovery started")
	}
	delete(a.discoverers, program)
	if len(a.discoverers) == 0 {
		b.changed(a, map[string]dbus.Variant{"Discovering": dbus.MakeVariant(false)})
	}
	return nil
}

// hear has an adapter hear an advert: a device that is new is added, and one that
// is known is reported when it says something else or when a program that
// discovers wants to hear everything.
func (b *BlueZ) hear(a *adapter, ad *advert, serviceData map[string]dbus.Variant) {
	known, ok := a.devices[ad]
	if !ok {
		known.path = a.path() + "/dev_" + devicePath(ad.address)
		known.serviceData = serviceData
		a.devices[ad] = known
		b.emit("/", objectManager+".InterfacesAdded", known.path, map[string]map[string]dbus.Variant{
			deviceIface: deviceProperties(a, ad, serviceData), propertiesIface: {}, introspectable: {},
		})
		return
	}
	everything := false
	for program := range a.discoverers {
		everything = everything || a.duplicates[program]
	}
	same := maps.EqualFunc(known.serviceData, serviceData, func(x, y dbus.Variant) bool { return x.String() == y.String() })
	if same && !everything {
		return
	}
	known.serviceData = serviceData
	a.devices[ad] = known
	b.emit(known.path, propertiesIface+".PropertiesChanged", deviceIface,
		map[string]dbus.Variant{"RSSI": dbus.MakeVariant(int16(-60)), "ServiceData": dbus.MakeVariant(serviceData)}, []string{})
}

// deviceProperties are the properties of Device1. UUIDs has those that were sent
// in a list of UUIDs; those of service data are not among them.
func deviceProperties(a *adapter, ad *advert, serviceData map[string]dbus.Variant) map[string]dbus.Variant {
	return map[string]dbus.Variant{
		"Address": dbus.MakeVariant(ad.address), "AddressType": dbus.MakeVariant("random"),
		"Alias": dbus.MakeVariant(ad.address), "Adapter": dbus.MakeVariant(a.path()),
		"Paired": dbus.MakeVariant(false), "Bonded": dbus.MakeVariant(false), "Trusted": dbus.MakeVariant(false),
		"Blocked": dbus.MakeVariant(false), "LegacyPairing": dbus.MakeVariant(false), "Connected": dbus.MakeVariant(false),
		"ServicesResolved": dbus.MakeVariant(false), "RSSI": dbus.MakeVariant(int16(-60)),
		"UUIDs":       dbus.MakeVariant(slices.Concat([]string{}, ad.uuids)),
		"ServiceData": dbus.MakeVariant(serviceData),
	}
}

// forget removes what an adapter has heard of an advert.
func (b *BlueZ) forget(a *adapter, ad *advert) {
	known, ok := a.devices[ad]
	if !ok {
		return
	}
	delete(a.devices, ad)
	b.emit("/", objectManager+".InterfacesRemoved", known.path, []string{deviceIface, propertiesIface, introspectable})
}

func (b *BlueZ) forgetAll(a *adapter) {
	for ad := range a.devices {
		b.forget(a, ad)
	}
}

// leave ends what BlueZ does for a program that has left the bus.
func (b *BlueZ) leave(program string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, a := range b.adapters {
		delete(a.duplicates, program)
		if a.discoverers[program] {
			_ = b.stopDiscovery(a, program) // it does discover
		}
	}
	for _, ad := range slices.Clone(b.adverts) {
		if ad.program == program {
			b.drop(ad)
		}
	}
}
