package ctap2

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Extensions are the inputs or outputs of extensions by their identifiers. Each
// value is one item of canonical CBOR, as it travels: what is not understood is
// kept and handed on. Nil and empty are the same: the member is absent.
//
// Some outputs are secrets ([PRFSecret]), so only the identifiers print.
type Extensions map[string][]byte

// String returns the identifiers: "[credProtect prf]".
func (x Extensions) String() string {
	return "[" + strings.Join(slices.Sorted(maps.Keys(x)), " ") + "]"
}

// GoString returns what String does.
func (x Extensions) GoString() string { return x.String() }

// Format writes what String returns for every verb; without it %d would print the values.
func (x Extensions) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(x.String())) }

// MarshalText returns what String does, which JSON and slog print.
func (x Extensions) MarshalText() ([]byte, error) { return []byte(x.String()), nil }

func (r reader) extensions(key int64, name string) Extensions {
	inner, ok := r.child(key, name, optional)
	if !ok || len(inner.members) == 0 {
		return nil
	}
	all := make(Extensions, len(inner.members))
	for id, v := range inner.members {
		all[as[string](inner, "", id)] = inner.encoded("", v)
	}
	return all
}

func (w *writer) extensions(key int64, name string, all Extensions) {
	members := make(map[any]any, len(all))
	for id, b := range all {
		members[id] = w.item(name, b)
	}
	w.add(key, members, len(members) > 0)
}
