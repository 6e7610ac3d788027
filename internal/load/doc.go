// Package load is people in software: they register, sign in, add and remove
// passkeys and sign out over HTTP, as programs that are no browser do, with the
// software authenticator of webauthntest. It is what benchmarks and the tests
// that kill servers are made of.
//
// A [Person] has an authenticator; a [Client] has a connection. Whoever wants to
// know what became of a change that was never answered looks at the error: a
// [*RefusalError] is an answer, anything else is a doubt.
package load
