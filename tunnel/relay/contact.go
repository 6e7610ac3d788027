package relay

// listener is a phone that waits to be woken.
type listener struct{ *socket }

// listeners are the phones that wait, by contact id.
type listeners struct{ by map[string]*listener }

func newListeners() listeners { return listeners{by: map[string]*listener{}} }
