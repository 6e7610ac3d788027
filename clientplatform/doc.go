// Package clientplatform is the WebAuthn client for programs without a browser. It
// keeps the rules that a browser keeps: it builds the client data, checks the RP ID
// against the origin, asks an authenticator, and gives the response for that origin alone.
//
//	client, err := clientplatform.New(clientplatform.Config{Origin: "https://id.example.org"})
//	…
//	options, err := webauthn.ParseRequestOptions(body) // from that origin's server
//	…
//	answer, err := client.Get(ctx, authenticator, options)
//	// answer.JSON goes back to that origin, and nowhere else.
//
// # The origin
//
// Passkeys are safe against look-alike pages because browsers tell the relying
// party the true origin. A program that uses this package takes the browser's
// place: the origin in [Config] must be that of the server which sent the options
// and gets the answer, from the program's own configuration or connection and
// never from the options. From there on nothing in the options can widen it:
// an RP ID that is neither the origin's host nor a registrable suffix of it
// is refused, by the public suffix list that is compiled in.
//
// # The authenticator
//
// It is handed in, and how it was reached is not known here. If that takes a
// person's time, as a QR code does, reach it first and ask the server for options
// then: the server's time runs from there. What it answers is
// judged before anything is given out, as far as a client can: that it is for this
// RP ID, with a credential that was asked for, with the user present and, where
// required, verified. The signature is judged by package relyingparty.
//
// # Errors
//
// Every error is an [*Error] with the name of the exception that a browser would
// throw. Its chain says more: the authenticator's [ctap2.StatusCode],
// [ErrTimeout], or what happened on the road.
//
// There is no network here, no log, and nothing is kept.
package clientplatform
