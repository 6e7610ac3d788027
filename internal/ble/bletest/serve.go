package bletest

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/godbus/dbus/v5"
)

// request is a call of a method of BlueZ.
type request struct {
	path          dbus.ObjectPath
	iface, method string
	program       string // unique name of the caller
	args          []any
}

// serve answers a call. Each call has a goroutine of its own.
func (b *BlueZ) serve(r request) ([]any, error) {
	if name, refused := b.refuse(r.method); refused {
		if name == "" {
			<-b.conn.Context().Done()
			return nil, refusal("org.freedesktop.DBus.Error.NoReply", "") // nobody is there to hear it
		}
		return nil, refusal(name, "a fault of the test bed")
	}
	switch r.iface {
	case objectManager, propertiesIface, introspectable:
		return b.serveObjects(r)
	case adapterIface:
		err := b.serveAdapter(r)
		b.endIfGone(r.program)
		return nil, err
	case managerIface:
		err := b.serveAdverts(r)
		b.endIfGone(r.program)
		return nil, err
	case agentsIface, profilesIface:
		// Nobody is paired with, so agents and profiles have nothing to do.
		if r.path == "/org/bluez" {
			return nil, nil
		}
	}
	return nil, unknown(r)
}

// endIfGone ends what was just begun for a program that has left the bus already:
// the call may have been served after the news of that.
func (b *BlueZ) endIfGone(program string) {
	var there bool
	err := b.conn.BusObject().CallWithContext(b.conn.Context(), "org.freedesktop.DBus.NameHasOwner", 0, program).Store(&there)
	if err == nil && !there {
		b.leave(program)
	}
}

func unknown(r request) error {
	return refusal(unknownMethod, fmt.Sprintf("Method %q on interface %q doesn't exist", r.method, r.iface))
}

func (b *BlueZ) serveAdapter(r request) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	a := b.adapter(r.path)
	if a == nil {
		return refusal(unknownObject, "Method called on an object that doesn't exist")
	}
	switch r.method {
	case "SetDiscoveryFilter":
		filter, ok := argument[map[string]dbus.Variant](r, 0)
		if !ok {
			return unknown(r)
		}
		return b.setFilter(a, r.program, filter)
	case "StartDiscovery":
		if err := b.startDiscovery(a, r.program); err != nil {
			return err
		}
		for _, ad := range b.adverts {
			b.transmit(ad)
		}
		return nil
	case "StopDiscovery":
		return b.stopDiscovery(a, r.program)
	case "RemoveDevice":
		path, _ := argument[dbus.ObjectPath](r, 0)
		for ad, known := range a.devices {
			if known.path == path {
				b.forget(a, ad)
				return nil
			}
		}
		return refusal(doesNotExist, "Does Not Exist")
	}
	return unknown(r)
}

func (b *BlueZ) serveAdverts(r request) error {
	b.mu.Lock()
	a := b.adapter(r.path)
	b.mu.Unlock()
	if a == nil {
		return refusal(unknownObject, "Method called on an object that doesn't exist")
	}
	path, ok := argument[dbus.ObjectPath](r, 0)
	if !ok || b.config.Slots < 0 {
		return unknown(r)
	}
	switch r.method {
	case "RegisterAdvertisement":
		return b.register(a, r.program, path)
	case "UnregisterAdvertisement":
		b.mu.Lock()
		defer b.mu.Unlock()
		return b.unregister(a, r.program, path)
	}
	return unknown(r)
}

func (b *BlueZ) serveObjects(r request) ([]any, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	objects := b.objects()
	switch r.iface + "." + r.method {
	case objectManager + ".GetManagedObjects":
		if r.path != "/" {
			return nil, unknown(r)
		}
		return []any{objects}, nil
	case introspectable + ".Introspect":
		return []any{describe(r.path, slices.Collect(maps.Keys(objects)))}, nil
	}
	iface, _ := argument[string](r, 0)
	properties, ok := objects[r.path][iface]
	if !ok {
		return nil, refusal(invalidArgs, fmt.Sprintf("No such interface '%s'", iface))
	}
	switch r.iface + "." + r.method {
	case propertiesIface + ".GetAll":
		return []any{properties}, nil
	case propertiesIface + ".Get":
		name, _ := argument[string](r, 1)
		if value, ok := properties[name]; ok {
			return []any{value}, nil
		}
		return nil, refusal(invalidArgs, fmt.Sprintf("No such property '%s'", name))
	case propertiesIface + ".Set":
		return nil, b.set(r, iface)
	}
	return nil, unknown(r)
}

// set is Properties.Set: adapters can be switched on and off; the rest is taken
// and has no effect.
func (b *BlueZ) set(r request, iface string) error {
	a := b.adapter(r.path)
	if a == nil || iface != adapterIface {
		return refusal(readOnly, "Property is not writable")
	}
	name, _ := argument[string](r, 1)
	value, _ := argument[dbus.Variant](r, 2)
	if name == "Powered" {
		on, ok := value.Value().(bool)
		if !ok {
			return refusal(invalidArguments, "Invalid arguments in method call")
		}
		b.setPower(a, on)
	}
	return nil
}

// objects are all objects with their interfaces and properties.
func (b *BlueZ) objects() map[dbus.ObjectPath]map[string]map[string]dbus.Variant {
	all := map[dbus.ObjectPath]map[string]map[string]dbus.Variant{"/org/bluez": {agentsIface: {}, profilesIface: {}}}
	for _, a := range b.adapters {
		all[a.path()] = map[string]map[string]dbus.Variant{adapterIface: a.properties()}
		if b.config.Slots >= 0 {
			used := 0
			for _, ad := range b.adverts {
				if ad.adapter == a {
					used++
				}
			}
			all[a.path()][managerIface] = map[string]dbus.Variant{
				"ActiveInstances": dbus.MakeVariant(byte(min(used, 255))), "SupportedInstances": dbus.MakeVariant(byte(min(b.config.Slots-used, 255))),
				"SupportedIncludes": dbus.MakeVariant([]string{"tx-power", "appearance", "local-name"}),
			}
		}
		for ad, known := range a.devices {
			all[known.path] = map[string]map[string]dbus.Variant{deviceIface: deviceProperties(a, ad, known.serviceData)}
		}
	}
	return all
}

// describe is the introspection of an object: the names of its children.
func describe(path dbus.ObjectPath, all []dbus.ObjectPath) string {
	prefix := strings.TrimSuffix(string(path), "/") + "/"
	var children []string
	for _, other := range all {
		if rest, ok := strings.CutPrefix(string(other), prefix); ok && rest != "" {
			child, _, _ := strings.Cut(rest, "/")
			children = append(children, child)
		}
	}
	slices.Sort(children)
	var text strings.Builder
	text.WriteString(`<!DOCTYPE node PUBLIC "-//freedesktop//DTD D-BUS Object Introspection 1.0//EN" "http://www.freedesktop.org/standards/dbus/1.0/introspect.dtd"><node>`)
	for _, child := range slices.Compact(children) {
		fmt.Fprintf(&text, `<node name=%q/>`, child)
	}
	text.WriteString(`</node>`)
	return text.String()
}

// argument is the i-th argument of a call, if it has that type.
func argument[T any](r request, i int) (value T, ok bool) {
	if i < len(r.args) {
		value, ok = r.args[i].(T)
	}
	return value, ok
}
