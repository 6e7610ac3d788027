package ble

import (
	"cmp"
	"context"
	"encoding/xml"
	"io"
	"slices"
	"strings"

	"github.com/godbus/dbus/v5"
)

// maxAdapters is how many adapters are looked at.
const maxAdapters = 32

// adapterRoot is where BlueZ has its adapters.
const adapterRoot = dbus.ObjectPath("/org/bluez")

// Open finds BlueZ and an adapter that is switched on. The error is an [*Error]
// unless ctx is done.
func Open(ctx context.Context, c Config) (*Radio, error) {
	b, err := connect(ctx, c.BusAddress, nil, false)
	if err != nil {
		return nil, err
	}
	defer b.close()
	name, err := b.choose(ctx, c.Adapter)
	if err != nil {
		return nil, err
	}
	return newRadio(c, name), nil
}

func (r *Radio) path() dbus.ObjectPath { return adapterRoot + "/" + dbus.ObjectPath(r.adapter) }

// choose finds the adapter of that name, or the first one that is switched on.
func (b *bus) choose(ctx context.Context, wanted string) (string, error) {
	if wanted != "" {
		if !isElement(wanted) {
			return "", failure(CodeNoAdapter, "%q is not the name of an adapter", wanted)
		}
		return wanted, b.wantPower(ctx, wanted)
	}
	names, err := b.adapters(ctx)
	if err != nil {
		return "", err
	}
	var first error
	for _, name := range names {
		err := b.wantPower(ctx, name)
		if err == nil {
			return name, nil
		}
		if first == nil || codeOfError(first) == CodeNoAdapter {
			first = err
		}
	}
	return "", cmp.Or(first, error(failure(CodeNoAdapter, "BlueZ has no adapter")))
}

// codeOfError is the code of an error of ours.
func codeOfError(err error) Code {
	if e, ok := err.(*Error); ok { //nolint:errorlint // what this package has just made is not wrapped
		return e.Code
	}
	return ""
}

// adapters lists what may be adapters, in the order of their numbers. It asks for
// the children of one object and not for all objects that BlueZ manages: those
// are all devices it has ever seen, which is no size to bound.
func (b *bus) adapters(ctx context.Context) ([]string, error) {
	text, err := answer[string](b.call(ctx, adapterRoot, introspectable+".Introspect"))
	if err != nil {
		return nil, judge(ctx, "looking for adapters", err)
	}
	var root struct {
		Nodes []struct {
			Name string `xml:"name,attr"`
		} `xml:"node"`
	}
	reader := xml.NewDecoder(strings.NewReader(text))
	// Strings of D-Bus are UTF-8, whatever they say of themselves.
	reader.CharsetReader = func(_ string, in io.Reader) (io.Reader, error) { return in, nil }
	if err := reader.Decode(&root); err != nil {
		return nil, failure(CodeFailed, "looking for adapters: BlueZ describes itself in bad XML")
	}
	var names []string
	for _, node := range root.Nodes {
		if isElement(node.Name) && len(names) < maxAdapters {
			names = append(names, node.Name)
		}
	}
	// hci2 before hci10.
	slices.SortFunc(names, func(a, b string) int { return cmp.Or(len(a)-len(b), strings.Compare(a, b)) })
	return names, nil
}

// wantPower is an error unless the adapter is there and switched on.
func (b *bus) wantPower(ctx context.Context, adapter string) error {
	path := adapterRoot + "/" + dbus.ObjectPath(adapter)
	powered, err := answer[dbus.Variant](b.call(ctx, path, propertiesIface+".Get", adapterIface, "Powered"))
	if named(err, "org.freedesktop.DBus.Error.InvalidArgs") {
		return failure(CodeNoAdapter, "%s is not an adapter", adapter) // it is something else of BlueZ's
	}
	if err != nil {
		return judge(ctx, "looking at adapter "+adapter, err)
	}
	on, ok := powered.Value().(bool)
	if !ok {
		return failure(CodeFailed, "adapter %s does not say whether it is switched on", adapter)
	}
	if !on {
		return failure(CodePoweredOff, "Bluetooth is switched off (adapter %s)", adapter)
	}
	return nil
}

// isElement says whether name can be an element of an object path (D-Bus
// Specification, "Valid Object Paths").
func isElement(name string) bool {
	return name != "" && len(name) <= 64 && !strings.ContainsFunc(name, func(c rune) bool {
		return c != '_' && (c < '0' || c > '9') && (c < 'A' || c > 'Z') && (c < 'a' || c > 'z')
	})
}
