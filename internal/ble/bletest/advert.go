package bletest

import (
	"context"
	"crypto/rand"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/godbus/dbus/v5"
)

// legacyRoom is how many bytes an advert has room for before Bluetooth 5.
const legacyRoom = 31

// advert is what is on the air. All of it is guarded by BlueZ's mutex.
type advert struct {
	program     string          // unique name of the program that registered it; empty: no program did
	path        dbus.ObjectPath // where that program has it
	adapter     *adapter        // which sends it; nil: a device nearby does
	registered  time.Time
	address     string                  // a new random one for each, as phones have
	properties  map[string]dbus.Variant // of LEAdvertisement1
	serviceData map[string]dbus.Variant
	uuids       []string // sent as a list
	sent        int      // how many times
}

// register is LEAdvertisingManager1.RegisterAdvertisement. It calls the program
// back, so it must not hold the mutex.
func (b *BlueZ) register(a *adapter, program string, path dbus.ObjectPath) error {
	ctx, cancel := context.WithTimeout(b.conn.Context(), 5*time.Second)
	defer cancel()
	var properties map[string]dbus.Variant
	if err := b.conn.Object(program, path).CallWithContext(ctx, propertiesIface+".GetAll", 0, advertIface).Store(&properties); err != nil {
		return refusal(Failed, "Failed to register advertisement")
	}
	ad := &advert{program: program, path: path, adapter: a, registered: time.Now(), address: randomAddress(), properties: properties}
	if err := ad.read(); err != nil {
		return err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	used := 0
	for _, other := range b.adverts {
		if other.program == program && other.path == path && other.adapter == a {
			return refusal(alreadyExists, "Already Exists")
		}
		if other.adapter == a {
			used++
		}
	}
	if used >= b.config.Slots {
		return refusal(NotPermitted, "Maximum advertisements reached")
	}
	if !slices.Contains(b.adapters, a) {
		return refusal(Failed, "Failed to register advertisement")
	}
	b.adverts = append(b.adverts, ad)
	b.transmit(ad)
	return nil
}

// read judges the properties of an advert.
func (ad *advert) read() error {
	invalid := refusal(invalidArguments, "Invalid arguments in method call")
	kind, _ := ad.properties["Type"].Value().(string)
	_, discoverable := ad.properties["Discoverable"]
	if kind != "broadcast" && kind != "peripheral" || kind == "broadcast" && discoverable {
		return invalid
	}
	shortest, longest := ad.properties["MinInterval"], ad.properties["MaxInterval"]
	if shortest.Value() != nil || longest.Value() != nil {
		from, ok1 := shortest.Value().(uint32)
		to, ok2 := longest.Value().(uint32)
		if !ok1 || !ok2 || from < 20 || from > to || to > 10_485_000 {
			return invalid
		}
	}
	size := 0
	if discoverable {
		size += 3
	}
	if name, ok := ad.properties["LocalName"].Value().(string); ok {
		size += 2 + len(name)
	}
	ad.uuids, _ = ad.properties["ServiceUUIDs"].Value().([]string)
	if len(ad.uuids) > 0 {
		size += 2 + 2*len(ad.uuids)
	}
	ad.serviceData, _ = ad.properties["ServiceData"].Value().(map[string]dbus.Variant)
	for uuid, value := range ad.serviceData {
		data, ok := value.Value().([]byte)
		if !ok || len(uuid) != 36 {
			return invalid
		}
		size += 4 + len(data)
	}
	if size > legacyRoom {
		return refusal(invalidLength, "Advertising data too long")
	}
	return nil
}

// unregister is LEAdvertisingManager1.UnregisterAdvertisement.
func (b *BlueZ) unregister(a *adapter, program string, path dbus.ObjectPath) error {
	for _, ad := range b.adverts {
		if ad.program == program && ad.path == path && ad.adapter == a {
			b.drop(ad)
			return nil
		}
	}
	return refusal(doesNotExist, "Does Not Exist")
}

// transmit sends an advert once: all adapters that discover hear it.
func (b *BlueZ) transmit(ad *advert) {
	if ad.adapter != nil && ad.adapter.off {
		return
	}
	for _, a := range b.adapters {
		if !a.off && len(a.discoverers) > 0 {
			b.cross(ad, a)
		}
	}
}

// cross is the way of an advert through the air to an adapter, with all that goes
// wrong on it.
func (b *BlueZ) cross(ad *advert, to *adapter) {
	if time.Since(ad.registered) < b.faults.Delay {
		return
	}
	if ad.sent++; b.faults.Lose < 0 || ad.sent <= b.faults.Lose {
		return
	}
	serviceData := ad.serviceData
	if b.faults.Corrupt {
		serviceData = corrupted(serviceData)
	}
	for range 1 + max(0, b.faults.Repeat) {
		b.hear(to, ad, serviceData)
	}
}

// corrupted is service data with one bit wrong in each block.
func corrupted(serviceData map[string]dbus.Variant) map[string]dbus.Variant {
	wrong := make(map[string]dbus.Variant, len(serviceData))
	for uuid, value := range serviceData {
		data, _ := value.Value().([]byte)
		data = slices.Clone(data)
		if len(data) > 0 {
			data[len(data)/2] ^= 1
		}
		wrong[uuid] = dbus.MakeVariant(data)
	}
	return wrong
}

// drop takes an advert off the air.
func (b *BlueZ) drop(ad *advert) {
	for _, a := range b.adapters {
		b.forget(a, ad)
	}
	b.adverts = slices.DeleteFunc(b.adverts, func(other *advert) bool { return other == ad })
}

// tellReleased tells a program that its advert is off the air.
func (b *BlueZ) tellReleased(ad *advert) {
	b.conn.Object(ad.program, ad.path).Go(advertIface+".Release", dbus.FlagNoReplyExpected, nil)
}

func randomAddress() string {
	var a [6]byte
	_, _ = rand.Read(a[:]) // never fails
	a[0] &= 0x3f           // non-resolvable private (Bluetooth Core, Vol 6, Part B, §1.3.2.2)
	return fmt.Sprintf("%02X:%02X:%02X:%02X:%02X:%02X", a[0], a[1], a[2], a[3], a[4], a[5])
}

func devicePath(address string) dbus.ObjectPath {
	return dbus.ObjectPath(strings.ReplaceAll(address, ":", "_"))
}
