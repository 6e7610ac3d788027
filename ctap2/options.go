package ctap2

// Options are those of a request or of an authenticator by their names ("rk",
// "up", "uv" …). An absent option has the default of the specification. Nil and
// empty are the same.
type Options map[string]bool

func (r reader) options(key int64) Options {
	inner, ok := r.child(key, "options", optional)
	if !ok || len(inner.members) == 0 {
		return nil
	}
	all := make(Options, len(inner.members))
	for name, v := range inner.members {
		all[as[string](inner, "", name)] = as[bool](inner, "", v)
	}
	return all
}

func (w *writer) options(key int64, all Options) {
	members := make(map[any]any, len(all))
	for name, v := range all {
		members[name] = v
	}
	w.add(key, members, len(members) > 0)
}
