package ble_test

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/godbus/dbus/v5"

	"github.com/hitherauth/hither/internal/ble"
	"github.com/hitherauth/hither/internal/ble/bletest"
)

const (
	added   = "org.freedesktop.DBus.ObjectManager.InterfacesAdded"
	removed = "org.freedesktop.DBus.ObjectManager.InterfacesRemoved"
	changed = "org.freedesktop.DBus.Properties.PropertiesChanged"
	device1 = "org.bluez.Device1"
	nearby  = dbus.ObjectPath("/org/bluez/hci0/dev_01_02_03_04_05_06")
)

type (
	dict   = map[string]dbus.Variant
	signal struct {
		path   dbus.ObjectPath
		name   string
		values []any
	}
)

func variant(v any) dbus.Variant { return dbus.MakeVariant(v) }

// said is service data of any type, in both signals that report it.
func said(serviceData any) []signal {
	properties := dict{"ServiceData": variant(serviceData)}
	return []signal{
		{"/", added, []any{nearby, map[string]dict{device1: properties}}},
		{nearby, changed, []any{device1, properties, []string{}}},
	}
}

// TestHostileSignals sends what no BlueZ sends. None of it is heard, and what
// comes after it is.
func TestHostileSignals(t *testing.T) {
	t.Parallel()
	block := dict{fido: variant(some(20, 9))}
	deep := variant(some(20, 9))
	for range 30 {
		deep = variant(deep)
	}
	for name, signals := range map[string][]signal{
		"array_for_dictionary":   said([]dict{block}),
		"empty_array":            said([]dict{}),
		"string":                 said("service data"),
		"number":                 said(uint64(1) << 63),
		"dictionary_of_bytes":    said(map[string][]byte{fido: some(20, 9)}),
		"dictionary_by_path":     said(map[dbus.ObjectPath]dbus.Variant{"/a": variant(some(20, 9))}),
		"dictionary_by_number":   said(map[uint16]dbus.Variant{0xfff9: variant(some(20, 9))}),
		"block_is_string":        said(dict{fido: variant("01234567890123456789")}),
		"block_is_words":         said(dict{fido: variant([]uint16{1, 2, 3})}),
		"block_in_variant":       said(dict{fido: variant(variant(some(20, 9)))}),
		"block_is_deep":          said(dict{fido: deep}),
		"empty_block":            said(dict{fido: variant([]byte{})}),
		"empty_dictionary":       said(dict{}),
		"too_long":               said(dict{fido: variant(make([]byte, 253))}),
		"as_long_as_goes":        said(dict{fido: variant(make([]byte, 60_000))}),
		"larger_than_read":       said(dict{fido: variant(some(20, 9)), foreign: variant(make([]byte, 200_000))}),
		"foreign_uuid":           said(dict{foreign: variant(some(20, 9)), "": variant(some(20, 9))}),
		"upper_case_uuid":        said(dict{strings.ToUpper(fido): variant(some(20, 9))}),
		"short_uuid":             said(dict{"fff9": variant(some(20, 9)), fido + "\u200b": variant(some(20, 9))}),
		"other_adapter":          {{"/", added, []any{dbus.ObjectPath("/org/bluez/hci01/dev"), map[string]dict{device1: {"ServiceData": variant(block)}}}}},
		"adapter_itself":         {{"/", added, []any{dbus.ObjectPath("/org/bluez/hci0"), map[string]dict{device1: {"ServiceData": variant(block)}}}}},
		"other_interface":        {{nearby, changed, []any{"org.bluez.Device2", dict{"ServiceData": variant(block)}, []string{}}}},
		"invalidated_only":       {{nearby, changed, []any{device1, dict{}, []string{"ServiceData"}}}},
		"nothing":                {{"/", added, nil}, {"/", removed, nil}, {nearby, changed, nil}, {nearby, "org.bluez.Device1.Ghost", nil}},
		"too_few":                {{"/", added, []any{nearby}}, {"/", removed, []any{nearby}}, {nearby, changed, []any{device1}}},
		"wrong_arguments":        {{"/", added, []any{"path", "interfaces"}}, {"/", removed, []any{uint32(1), 2.5}}, {nearby, changed, []any{uint32(1), []string{}}}},
		"arguments_swapped":      {{"/", added, []any{map[string]dict{device1: {"ServiceData": variant(block)}}, nearby}}, {nearby, changed, []any{dict{"ServiceData": variant(block)}, device1, []string{}}}},
		"power_is_string":        {{"/org/bluez/hci0", changed, []any{"org.bluez.Adapter1", dict{"Powered": variant("false")}, []string{}}}},
		"power_of_device":        {{nearby, changed, []any{"org.bluez.Adapter1", dict{"Powered": variant(false)}, []string{}}}},
		"power_of_other_adapter": {{"/org/bluez/hci1", changed, []any{"org.bluez.Adapter1", dict{"Powered": variant(false)}, []string{}}}},
		"removed_something_else": {{"/", removed, []any{dbus.ObjectPath("/org/bluez/hci0"), []string{"org.bluez.Media1"}}}, {"/", removed, []any{nearby, []string{device1}}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, quick())
			l := listen(t, w.open(t))
			for _, s := range signals {
				if err := w.bluez.Emit(s.path, s.name, s.values...); err != nil {
					t.Fatal(err)
				}
			}
			w.mark(t, 1)
			l.hearsFirst(t, some(20, 1))
			l.stop(t)
		})
	}
}

// TestHostileSizes sends service data of each length: what fits into an advert is
// heard as it is, and judged by whoever has the key.
func TestHostileSizes(t *testing.T) {
	t.Parallel()
	w := newWorld(t, quick())
	l := listen(t, w.open(t))
	for n := range 253 {
		if n == 0 || n > 40 && n < 252 {
			continue // nothing, and the same again
		}
		for _, s := range said(dict{fido: variant(some(n, 1)), google: variant("x"), foreign: variant(some(20, 9))}) {
			if err := w.bluez.Emit(s.path, s.name, s.values...); err != nil {
				t.Fatal(err)
			}
			l.hearsFirst(t, some(n, 1))
		}
	}
}

// TestHostileFlood has thousands of devices send adverts to somebody who does not
// listen: what is kept of them is bounded, and the end is not held up.
func TestHostileFlood(t *testing.T) {
	t.Parallel()
	w := newWorld(t, quick())
	radio := w.open(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	begun, goOn := make(chan struct{}), make(chan struct{})
	last := make(chan struct{})
	var heard atomic.Int64
	wait, err := radio.Scan(ctx, func(serviceData []byte) {
		if heard.Add(1) == 1 {
			close(begun)
			<-goOn
		}
		if bytes.Equal(serviceData, some(20, 1)) {
			close(last)
			<-ctx.Done()
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	const devices = 5000
	for i := range devices {
		path := dbus.ObjectPath(fmt.Sprintf("/org/bluez/hci0/dev_%d", i))
		properties := dict{
			"ServiceData": variant(dict{fido: variant(make([]byte, 200))}), "Name": variant(strings.Repeat("n", 200)),
			"ManufacturerData": variant(map[uint16]dbus.Variant{76: variant(make([]byte, 200))}),
		}
		if err := w.bluez.Emit("/", added, path, map[string]dict{device1: properties}); err != nil {
			t.Fatal(err)
		}
	}
	<-begun
	// BlueZ has been read to here when this scan has heard the mark.
	other := listen(t, radio)
	w.mark(t, 2)
	other.hears(t, some(20, 2))
	close(goOn)
	for done := false; !done; {
		select {
		case <-last:
			done = true
		default:
			w.mark(t, 1)
			other.hears(t, some(20, 1))
		}
	}
	cancel()
	if err := wait(); err != nil {
		t.Error(err)
	}
	if n := heard.Load(); n >= devices {
		t.Errorf("%d adverts were kept for somebody who did not listen", n)
	}
}

// TestHostileStranger has another program on the bus send signals to the program
// that listens. They are not BlueZ's.
func TestHostileStranger(t *testing.T) {
	t.Parallel()
	w := newWorld(t, quick())
	l := listen(t, w.open(t))
	stranger, err := dbus.Connect(w.bus.Address())
	if err != nil {
		t.Fatal(err)
	}
	defer stranger.Close()
	var names []string
	if err := stranger.BusObject().Call("org.freedesktop.DBus.ListNames", 0).Store(&names); err != nil {
		t.Fatal(err)
	}
	signals := slices.Concat(said(dict{fido: variant(some(20, 9))}), []signal{
		{"/org/freedesktop/DBus", "org.freedesktop.DBus.NameOwnerChanged", []any{"org.bluez", ":1.0", ""}},
		{"/org/bluez/hci0", changed, []any{"org.bluez.Adapter1", dict{"Powered": variant(false)}, []string{}}},
		{"/", removed, []any{dbus.ObjectPath("/org/bluez/hci0"), []string{"org.bluez.Adapter1"}}},
	})
	told := 0
	for _, name := range names {
		if !strings.HasPrefix(name, ":") {
			continue
		}
		told++
		for _, s := range signals {
			iface, member, _ := cutLast(s.name)
			message := &dbus.Message{Type: dbus.TypeSignal, Body: s.values, Headers: map[dbus.HeaderField]dbus.Variant{
				dbus.FieldDestination: variant(name), dbus.FieldPath: variant(s.path), dbus.FieldInterface: variant(iface),
				dbus.FieldMember: variant(member), dbus.FieldSignature: variant(dbus.SignatureOf(s.values...)),
			}}
			if call := stranger.Send(message, nil); call.Err != nil {
				t.Fatal(call.Err)
			}
		}
	}
	if told < 3 {
		t.Fatalf("%d programs on the bus", told)
	}
	// The bus passes messages on in their order: the answer comes after the signals.
	if err := stranger.BusObject().Call("org.freedesktop.DBus.GetId", 0).Err; err != nil {
		t.Fatal(err)
	}
	w.mark(t, 1)
	l.hearsFirst(t, some(20, 1))
	l.stop(t)
}

func cutLast(name string) (iface, member string, ok bool) {
	i := strings.LastIndexByte(name, '.')
	return name[:max(i, 0)], name[i+1:], i > 0
}

// oddBlueZ is BlueZ as somebody else would have it: answers to two methods.
type oddBlueZ struct{ tree, powered any }

// Introspect answers with whatever it is to.
func (o oddBlueZ) Introspect() (any, *dbus.Error) { return o.tree, nil }

// Get answers with whatever it is to.
func (o oddBlueZ) Get(_, _ string) (any, *dbus.Error) { return o.powered, nil }

func TestHostileAnswers(t *testing.T) {
	t.Parallel()
	const tree = `<node><node name="hci0"/></node>`
	var many strings.Builder
	for i := range 2000 {
		fmt.Fprintf(&many, `<node name="a%d"/>`, i)
	}
	for name, row := range map[string]struct {
		odd  oddBlueZ
		want ble.Code
	}{
		"not_xml":          {oddBlueZ{"<node", variant(true)}, ble.CodeFailed},
		"no_string":        {oddBlueZ{[]string{tree}, variant(true)}, ble.CodeFailed},
		"no_children":      {oddBlueZ{"<node/>", variant(true)}, ble.CodeNoAdapter},
		"odd_children":     {oddBlueZ{`<node><node/><node name="../x"/><node name=""/><node name="` + strings.Repeat("h", 65) + `"/></node>`, variant(true)}, ble.CodeNoAdapter},
		"many_children":    {oddBlueZ{"<node>" + many.String() + "</node>", variant(false)}, ble.CodePoweredOff},
		"deep_xml":         {oddBlueZ{strings.Repeat("<node>", 30_000), variant(true)}, ble.CodeFailed},
		"huge":             {oddBlueZ{"<node>" + strings.Repeat(" ", 1<<20) + "</node>", variant(true)}, ble.CodeLost},
		"power_is_string":  {oddBlueZ{tree, variant("true")}, ble.CodeFailed},
		"power_is_variant": {oddBlueZ{tree, variant(variant(true))}, ble.CodeFailed},
		"power_is_bare":    {oddBlueZ{tree, true}, ble.CodeFailed},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			bus := newBus(t, bletest.BusConfig{})
			odd, err := dbus.Connect(bus.Address())
			if err != nil {
				t.Fatal(err)
			}
			defer odd.Close()
			for _, iface := range []string{"org.freedesktop.DBus.Introspectable", "org.freedesktop.DBus.Properties"} {
				if err := odd.ExportSubtree(row.odd, "/org/bluez", iface); err != nil {
					t.Fatal(err)
				}
			}
			if _, err := odd.RequestName("org.bluez", dbus.NameFlagDoNotQueue); err != nil {
				t.Fatal(err)
			}
			_, err = ble.Open(t.Context(), ble.Config{BusAddress: bus.Address()})
			wantCode(t, err, row.want)
		})
	}
}

// TestHostileWords wants what BlueZ says to be quoted and cut before it reaches
// somebody's terminal.
func TestHostileWords(t *testing.T) {
	t.Parallel()
	bus := newBus(t, bletest.BusConfig{})
	odd, err := dbus.Connect(bus.Address())
	if err != nil {
		t.Fatal(err)
	}
	defer odd.Close()
	table := map[string]any{"Introspect": func() (string, *dbus.Error) {
		return "", dbus.NewError("org.example.Error.Odd", []any{"\x1b[2J\r\n" + strings.Repeat("w", 100_000)})
	}}
	if err := odd.ExportMethodTable(table, "/org/bluez", "org.freedesktop.DBus.Introspectable"); err != nil {
		t.Fatal(err)
	}
	if _, err := odd.RequestName("org.bluez", dbus.NameFlagDoNotQueue); err != nil {
		t.Fatal(err)
	}
	_, err = ble.Open(t.Context(), ble.Config{BusAddress: bus.Address()})
	wantCode(t, err, ble.CodeFailed)
	if text := err.Error(); len(text) > 1000 || strings.ContainsAny(text, "\x1b\r\n") || !strings.Contains(text, "org.example.Error.Odd") {
		t.Errorf("error %.1000q", text)
	}
}
