// Package server joins the rooms to HTTP: routes, sessions, cookies, headers,
// limits and error answers.
//
// [New] makes a [Server] from parts that are ready. [Server.Handler] is the
// public door, [Server.Operator] the one behind hither.sock, and
// [NewHTTPServer] the settings under which either is served.
//
// Every request passes the same outer door (door.go): a request id, security
// headers, the Host and the path. Behind it are three muxes with different
// defences: pages take a cookie and answer with HTML, the API takes a cookie
// or a bearer token and answers with JSON or a problem document (RFC 9457),
// and the health endpoints take nothing. The operator's door is a fourth that
// is reachable only through a file. All routes stand in routes.go.
//
// Ceremonies follow WebAuthn Level 3; what a ceremony must prove is decided
// in package relyingparty, what may be stored in package account. This
// package decides who asks, and what they are told.
package server
