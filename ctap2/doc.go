// Package ctap2 holds the words of CTAP 2.2 as Go values: the requests that a
// client platform sends to an authenticator, the responses, the status codes,
// and the three-method [Authenticator] that everything else is about.
//
// It turns bytes into values and values into bytes, in canonical CBOR. It does
// not say how they travel, and it judges nothing: package authenticator answers
// requests, package clientplatform makes them, package hybrid carries them.
//
// There is no I/O here, no clock and no log.
package ctap2
