package webauthntest

import (
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
)

// JSONMember is one member of an object. Both halves are written as they are: the name between quotation marks and not
// escaped, the value as JSON text.
type JSONMember struct{ Name, Value string }

// JSONObject is a JSON object under construction. Its order is the order on the wire, and a name may stand in it twice.
type JSONObject []JSONMember

// Encode writes the object with no white space.
func (o JSONObject) Encode() string {
	var b strings.Builder
	b.WriteByte('{')
	for i, m := range o {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(`"` + m.Name + `":` + m.Value)
	}
	b.WriteByte('}')
	return b.String()
}

// Get returns the JSON text of the first member of this name, or "".
func (o JSONObject) Get(name string) string {
	if i := o.index(name); i >= 0 {
		return o[i].Value
	}
	return ""
}

// Set gives the first member of this name a new value, which is JSON text, or adds the member at the end.
func (o *JSONObject) Set(name, value string) {
	if i := o.index(name); i >= 0 {
		(*o)[i].Value = value
		return
	}
	o.Add(name, value)
}

// SetString is Set with a value that is still to be quoted.
func (o *JSONObject) SetString(name, value string) { o.Set(name, JSONString(value)) }

// SetBytes is Set with a byte string, which travels as unpadded base64url.
func (o *JSONObject) SetBytes(name string, value []byte) { o.Set(name, JSONBytes(value)) }

// Add adds a member at the end, even if there is one of this name. The value is JSON text.
func (o *JSONObject) Add(name, value string) {
	*o = append(*o, JSONMember{Name: name, Value: value})
}

// Rename gives the first member of this name another one.
func (o JSONObject) Rename(name, to string) {
	if i := o.index(name); i >= 0 {
		o[i].Name = to
	}
}

// Delete removes every member of this name.
func (o *JSONObject) Delete(name string) {
	*o = slices.DeleteFunc(*o, func(m JSONMember) bool { return m.Name == name })
}

func (o JSONObject) index(name string) int {
	return slices.IndexFunc(o, func(m JSONMember) bool { return m.Name == name })
}

// JSONString quotes a string as client data does ([WebAuthn L3 §5.8.1.1]): only quotation marks, backslashes and
// control characters are escaped; octets that are no UTF-8 pass through.
//
// [WebAuthn L3 §5.8.1.1]: https://www.w3.org/TR/webauthn-3/#clientdatajson-serialization
func JSONString(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for i := range len(s) {
		switch c := s[i]; {
		case c == '"' || c == '\\':
			b.WriteByte('\\')
			b.WriteByte(c)
		case c < 0x20:
			fmt.Fprintf(&b, `\u%04x`, c)
		default:
			b.WriteByte(c)
		}
	}
	b.WriteByte('"')
	return b.String()
}

// JSONBytes writes a byte string as a JSON string of unpadded base64url.
func JSONBytes(b []byte) string {
	return `"` + base64.RawURLEncoding.EncodeToString(b) + `"`
}
