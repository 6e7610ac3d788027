// Package authenticator is an authenticator in software: it holds discoverable
// credentials, asks its user, and signs. Given somewhere to keep keys and a way to
// ask, it is a ctap2.Authenticator.
package authenticator
