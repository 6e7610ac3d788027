package bletest

import "github.com/godbus/dbus/v5"

// handler hands every call to [BlueZ.serve]: objects come and go, and one table
// of methods is easier to follow than a registration for each.
type handler struct{ b *BlueZ }

// LookupObject finds any object; serve knows which there are.
func (h handler) LookupObject(dbus.ObjectPath) (dbus.ServerObject, bool) { return object(h), true }

type object struct{ b *BlueZ }

// LookupInterface finds any interface.
func (o object) LookupInterface(string) (dbus.Interface, bool) { return methods(o), true }

type methods struct{ b *BlueZ }

// LookupMethod finds any method.
func (m methods) LookupMethod(string) (dbus.Method, bool) { return method(m), true }

type method struct{ b *BlueZ }

// DecodeArguments makes one [request] of a message.
func (m method) DecodeArguments(_ *dbus.Conn, sender string, message *dbus.Message, args []any) ([]any, error) {
	r := request{program: sender, args: args}
	r.path, _ = message.Headers[dbus.FieldPath].Value().(dbus.ObjectPath)
	r.iface, _ = message.Headers[dbus.FieldInterface].Value().(string)
	r.method, _ = message.Headers[dbus.FieldMember].Value().(string)
	return []any{r}, nil
}

// Call serves the request.
func (m method) Call(args ...any) ([]any, error) {
	r, ok := args[0].(request)
	if !ok {
		return nil, unknown(r)
	}
	return m.b.serve(r)
}

// The library asks these of methods whose arguments it decodes itself.

// NumArguments is not asked.
func (method) NumArguments() int { return 0 }

// NumReturns is not asked.
func (method) NumReturns() int { return 0 }

// ArgumentValue is not asked.
func (method) ArgumentValue(int) any { return nil }

// ReturnValue is not asked.
func (method) ReturnValue(int) any { return nil }
