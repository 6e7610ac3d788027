package rootkey_test

import (
	"crypto/hmac"
	"crypto/sha256"
)

// naiveHKDF is RFC 5869 for one block and no salt, written out.
func naiveHKDF(secret []byte, info string) [32]byte {
	extract := hmac.New(sha256.New, make([]byte, sha256.Size))
	extract.Write(secret)
	expand := hmac.New(sha256.New, extract.Sum(nil))
	expand.Write([]byte(info))
	expand.Write([]byte{1})
	return [32]byte(expand.Sum(nil))
}
