package main

import (
	"context"
	"maps"
	"slices"
	"strconv"
	"sync"

	"github.com/godbus/dbus/v5"
	"github.com/godbus/dbus/v5/prop"
	"github.com/rogpeppe/go-internal/testscript"

	"github.com/hitherauth/hither/internal/ble/bletest"
)

const (
	secretsName  = "org.freedesktop.secrets"
	secretsPath  = dbus.ObjectPath("/org/freedesktop/secrets")
	loginPath    = secretsPath + "/collection/login"
	noPromptPath = dbus.ObjectPath("/")
)

// secretsOnBus is a Secret Service with one collection, which is never locked.
type secretsOnBus struct {
	conn *dbus.Conn

	mu    sync.Mutex
	items map[dbus.ObjectPath]item
	next  int
}

type item struct {
	attributes map[string]string
	secret     secret
}

type secret struct {
	Session     dbus.ObjectPath
	Parameters  []byte
	Value       []byte
	ContentType string
}

// keyring makes a session bus with a keyring on it, for all programs
// of the script that are started from now on.
func keyringOnBus(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) > 0 {
		ts.Fatalf("usage: keyring")
	}
	bus, err := bletest.StartBus(context.Background(), bletest.BusConfig{})
	ts.Check(err)
	ts.Defer(func() { ts.Check(bus.Close()) })
	conn, err := dbus.Connect(bus.Address())
	ts.Check(err)
	ts.Defer(func() { _ = conn.Close() })
	w := &secretsOnBus{conn: conn, items: map[dbus.ObjectPath]item{}}
	ts.Check(conn.Export(secretService{w}, secretsPath, "org.freedesktop.Secret.Service"))
	_, err = prop.Export(conn, secretsPath, prop.Map{"org.freedesktop.Secret.Service": {
		"Collections": {Value: []dbus.ObjectPath{loginPath}, Emit: prop.EmitFalse},
	}})
	ts.Check(err)
	ts.Check(conn.Export(secretCollection{w}, loginPath, "org.freedesktop.Secret.Collection"))
	_, err = conn.RequestName(secretsName, dbus.NameFlagDoNotQueue)
	ts.Check(err)
	ts.Setenv("DBUS_SESSION_BUS_ADDRESS", bus.Address())
}

type secretService struct{ w *secretsOnBus }

func (secretService) OpenSession(_ string, _ dbus.Variant) (dbus.Variant, dbus.ObjectPath, *dbus.Error) { //nolint:unparam // the library wants a method of D-Bus to end like this
	return dbus.MakeVariant(""), secretsPath + "/session/1", nil
}

func (secretService) Unlock(objects []dbus.ObjectPath) ([]dbus.ObjectPath, dbus.ObjectPath, *dbus.Error) {
	return objects, noPromptPath, nil
}

type secretCollection struct{ w *secretsOnBus }

func (c secretCollection) CreateItem(properties map[string]dbus.Variant, s secret, _ bool) (dbus.ObjectPath, dbus.ObjectPath, *dbus.Error) {
	attributes, ok := properties["org.freedesktop.Secret.Item.Attributes"].Value().(map[string]string)
	if !ok {
		return "", "", dbus.MakeFailedError(dbus.ErrMsgInvalidArg)
	}
	c.w.mu.Lock()
	defer c.w.mu.Unlock()
	for path, i := range c.w.items { // replaced
		if maps.Equal(i.attributes, attributes) {
			delete(c.w.items, path)
		}
	}
	c.w.next++
	path := loginPath + dbus.ObjectPath("/"+strconv.Itoa(c.w.next))
	c.w.items[path] = item{attributes, s}
	if err := c.w.conn.Export(secretItem{c.w, path}, path, "org.freedesktop.Secret.Item"); err != nil {
		return "", "", dbus.MakeFailedError(err)
	}
	return path, noPromptPath, nil
}

func (c secretCollection) SearchItems(attributes map[string]string) ([]dbus.ObjectPath, *dbus.Error) {
	c.w.mu.Lock()
	defer c.w.mu.Unlock()
	var found []dbus.ObjectPath
	for path, i := range c.w.items {
		if maps.Equal(i.attributes, attributes) {
			found = append(found, path)
		}
	}
	return slices.Sorted(slices.Values(found)), nil
}

type secretItem struct {
	w    *secretsOnBus
	path dbus.ObjectPath
}

func (i secretItem) GetSecret(dbus.ObjectPath) (secret, *dbus.Error) {
	i.w.mu.Lock()
	defer i.w.mu.Unlock()
	return i.w.items[i.path].secret, nil
}

func (i secretItem) Delete() (dbus.ObjectPath, *dbus.Error) {
	i.w.mu.Lock()
	defer i.w.mu.Unlock()
	delete(i.w.items, i.path)
	return noPromptPath, nil
}
