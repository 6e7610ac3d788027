// Package relay is a tunnel service: an http.Handler that joins two strangers
// and moves opaque frames between them, bounded in size, number and time.
//
// It learns their addresses, when and how much they say, and nothing else: it has
// no key, and an identifier of a tunnel is in no log. It can die without touching
// anybody's sign-in but those that are passing through it.
package relay
