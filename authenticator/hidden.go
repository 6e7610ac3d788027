package authenticator

import "github.com/hitherauth/hither/internal/secret"

// hidden is embedded in types that hold secrets. They do not print, and they
// cannot be compared with ==; use Equal.
type hidden[T any] = secret.Hidden[T]
