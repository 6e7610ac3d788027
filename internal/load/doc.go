// Package load is people in software: they register, sign in, add and remove
// passkeys and sign out over HTTP, as programs that are no browser do, with the
// software authenticator of webauthntest. It is what benchmarks and the tests
// that kill servers are made of.
//
// A [Person] has an authenticator, an [api.Client] has a connection.
//
// [api.Client]: https://pkg.go.dev/github.com/hitherauth/hither/internal/api#Client
package load
