package ctap2

// Extensions are the inputs or outputs of extensions by their identifiers. Each
// value is one item of canonical CBOR, as it travels: what is not understood is
// kept and handed on. Nil and empty are the same: the member is absent.
type Extensions map[string][]byte

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
