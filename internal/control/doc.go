// Package control is a test bed from outside, for projects in any language: an API
// on loopback, for whoever has its token.
//
// Whoever may ask can be the person and the phone: create passkeys, scan, consent. The
// programs that hold the token are those that the bed was started for. The browser
// under test, whose pages are anybody's, is on the same machine: so a page must not
// be able to ask, and before anything else a request is judged for whether it may be
// one (see guard.go, and decision 33).
//
// The API is described by itself, at /openapi.json.
package control
