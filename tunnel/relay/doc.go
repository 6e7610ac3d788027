// Package relay is a tunnel service: an http.Handler that joins two strangers
// and moves opaque messages between them, bounded in size, number and time.
//
//	r := relay.New(relay.Config{})
//	server := relay.NewServer(r, tlsConfig)
//	err := server.ListenAndServeTLS("", "")
//
// It answers, each with a WebSocket of the subprotocol fido.cable:
//
//	GET /cable/new/<tunnel id>                    a phone opens a tunnel and learns its routing id
//	GET /cable/connect/<routing id>/<tunnel id>   the other end comes; nobody can after it
//	GET /cable/contact/<contact id>               who has linked with a phone has it woken
//	GET /hither/listen[/<contact id>]             a phone waits to be woken (private to our phones)
//
// It learns their addresses, when and how much they say, and nothing else: it has
// no key, and an identifier of a tunnel is in no log. It can die without touching
// anybody's sign-in but those that are passing through it.
//
// # Several of them
//
// Relays behind one name share nothing. Each has a [Config].Node, which is the first
// byte of the routing ids and contact ids that it gives out: a proxy in front sends
// /cable/connect/<two digits…>, /cable/contact/ and /hither/listen/ by it, and the rest
// anywhere.
//
// # The frames
//
// The server's half of RFC 6455 is written here, small, because of what strangers
// can ask of a service with a hundred thousand of them: memory follows bytes that
// have arrived, never a length that a frame announces; no extension is spoken; an
// idle connection costs half a KiB and a goroutine.
package relay
