package ble

import (
	"bytes"
	"encoding/binary"
	"io"
	"net"
	"slices"
	"strings"
	"testing"

	"github.com/godbus/dbus/v5"
)

func FuzzParseAddress(f *testing.F) {
	for _, seed := range []string{
		systemBus, "unix:path=/tmp/a%20b,guid=1f", "unix:abstract=/tmp/x;unix:path=/y", "unix:abstract=", "unix:", ";;", "",
		"tcp:host=localhost", "unixexec:path=/bin/sh", "unix:path=%", "unix:path=%e", "unix:path==,=", "unix:path=a,path=b",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, address string) {
		sockets, err := parseAddress(address)
		if (err == nil) != (len(sockets) > 0) {
			t.Errorf("%q: %q, %v", address, sockets, err)
		}
		if slices.Contains(sockets, "") || slices.Contains(sockets, "@") {
			t.Errorf("%q: a socket without a name in %q", address, sockets)
		}
	})
}

// pipe is a socket of which somebody else has decided what is read.
type pipe struct {
	net.Conn
	io.Reader
}

// Read reads.
func (p pipe) Read(b []byte) (int, error) { return p.Reader.Read(b) }

func began(stream []byte, calls bool) *wire {
	w := newWire(pipe{Reader: bytes.NewReader(stream)}, calls)
	w.began.Store(true)
	return w
}

// FuzzWire reads a stream as messages: whatever it is, what is let through is no
// larger than it may be, and is decoded without a panic.
func FuzzWire(f *testing.F) {
	for _, body := range [][]any{
		nil,
		{"x"},
		{deviceIface, map[string]dbus.Variant{"ServiceData": dbus.MakeVariant(map[string]dbus.Variant{fidoUUID: dbus.MakeVariant(make([]byte, 20))})}, []string{}},
	} {
		f.Add(slices.Concat(message(f, dbus.TypeSignal, body...), message(f, dbus.TypeSignal, body...)), false)
	}
	f.Add(message(f, dbus.TypeMethodCall, strings.Repeat("x", 1000)), true)
	f.Add([]byte("l\x04\x00\x01\xff\xff\xff\xff\x00\x00\x00\x00\xff\xff\xff\xff"), false)
	f.Add([]byte("HTTP/1.1 400 Bad Request\r\n\r\n"), false)
	f.Fuzz(func(t *testing.T, stream []byte, calls bool) {
		w := began(stream, calls)
		s := &scan{radio: newRadio(Config{}, "hci0"), adverts: make(chan []byte, waiting), failed: make(chan *Error, 1)}
		for {
			if err := w.next(); err != nil {
				return
			}
			if w.left > maxMessage || w.left < 16 {
				t.Fatalf("a message of %d bytes", w.left)
			}
			m, err := dbus.DecodeMessage(io.LimitReader(w, int64(w.left)))
			if err != nil {
				return
			}
			if m.Type != dbus.TypeSignal {
				continue
			}
			path, _ := m.Headers[dbus.FieldPath].Value().(dbus.ObjectPath)
			iface, _ := m.Headers[dbus.FieldInterface].Value().(string)
			member, _ := m.Headers[dbus.FieldMember].Value().(string)
			s.signal(&dbus.Signal{Path: path, Name: iface + "." + member, Body: m.Body})
			select {
			case got := <-s.adverts:
				if len(got) == 0 || len(got) > maxServiceData {
					t.Fatalf("service data of %d bytes", len(got))
				}
			default:
			}
		}
	})
}

func message(tb testing.TB, kind dbus.Type, body ...any) []byte {
	tb.Helper()
	m := &dbus.Message{Type: kind, Body: body, Headers: map[dbus.HeaderField]dbus.Variant{
		dbus.FieldPath: dbus.MakeVariant(adapterRoot + "/hci0/dev"), dbus.FieldInterface: dbus.MakeVariant(propertiesIface),
		dbus.FieldMember: dbus.MakeVariant("PropertiesChanged"), dbus.FieldReplySerial: dbus.MakeVariant(uint32(1)),
	}}
	if len(body) > 0 {
		m.Headers[dbus.FieldSignature] = dbus.MakeVariant(dbus.SignatureOf(body...))
	}
	var b bytes.Buffer
	if err := m.EncodeTo(&b, binary.LittleEndian); err != nil {
		tb.Fatal(err)
	}
	return b.Bytes()
}

func TestWire(t *testing.T) {
	t.Parallel()
	small := message(t, dbus.TypeSignal, "x")
	for name, row := range map[string]struct {
		before []byte
		calls  bool
		passes bool // what is before small
		fails  bool // nothing is read after it
	}{
		"signal":              {before: message(t, dbus.TypeSignal, make([]byte, 32<<10)), passes: true},
		"large_signal":        {before: message(t, dbus.TypeSignal, make([]byte, maxSignal))},
		"enormous_signal":     {before: message(t, dbus.TypeSignal, make([]byte, 512<<10))},
		"unwanted_call":       {before: message(t, dbus.TypeMethodCall, "x")},
		"wanted_call":         {before: message(t, dbus.TypeMethodCall, "x"), calls: true, passes: true},
		"enormous_call":       {before: message(t, dbus.TypeMethodCall, make([]byte, 512<<10)), calls: true},
		"answer":              {before: message(t, dbus.TypeMethodReply, make([]byte, 128<<10)), passes: true},
		"enormous_answer":     {before: message(t, dbus.TypeMethodReply, make([]byte, maxMessage)), fails: true},
		"more_than_there_can": {before: []byte("l\x04\x00\x01\xff\xff\xff\xff\x01\x00\x00\x00\xff\xff\xff\xff"), fails: true},
		"cut":                 {before: []byte("l\x04\x00\x01\xff\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00"), passes: true, fails: true},
		"not_dbus":            {before: []byte("HTTP/1.1 400 Bad Request\r\n"), fails: true},
		"nothing":             {},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			want := []byte{}
			if row.passes {
				want = append(want, row.before...)
			}
			stream := row.before
			if !row.fails {
				stream, want = slices.Concat(row.before, small), append(want, small...)
			}
			got, err := io.ReadAll(began(stream, row.calls))
			if !bytes.Equal(got, want) {
				t.Errorf("read %d bytes, want %d", len(got), len(want))
			}
			if failed := err != nil; failed != (row.fails && name != "cut") {
				t.Errorf("error %v", err)
			}
		})
	}
}

// TestWireAuthentication wants a bus that never comes to the point to be left.
func TestWireAuthentication(t *testing.T) {
	t.Parallel()
	w := newWire(pipe{Reader: bytes.NewReader(bytes.Repeat([]byte("DATA "), maxLine))}, false)
	if n, err := io.Copy(io.Discard, w); err == nil || n > maxLine {
		t.Errorf("read %d bytes, error %v", n, err)
	}
}
