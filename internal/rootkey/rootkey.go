// Package rootkey keeps the one secret of an installation that lives in a file.
//
// The file holds 32 random bytes and nothing else. Every other long-lived
// secret either lives in the store, wrapped by this key ([Key.Wrap]), or is
// derived from it ([Key.Derive]). Nodes that share a database share the file.
//
// The package never falls back: a file that is missing, of another size,
// readable by others, or not a regular file is refused with a sentence that
// says what to do, because a key made silently in its place would void
// every key in the store.
package rootkey

import (
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"

	"golang.org/x/crypto/chacha20poly1305"

	"github.com/hitherauth/hither/internal/secret"
)

// Size is the length of a key file in bytes.
const Size = 32

// Labels keep what is derived from one key apart. Changing one makes every
// existing database unreadable.
const (
	labelWrap   = "hither root key v1 wrap"
	labelDerive = "hither root key v1 derive"
	labelCheck  = "hither root key v1 check"
)

type hidden[T any] = secret.Hidden[T]

// Key is the one secret on disk. It never prints. The zero Key is not usable.
type Key struct{ hidden[[Size]byte] }

// Wrap encrypts a key of the store with XChaCha20-Poly1305 and a random nonce;
// purpose is additional data, so that a key wrapped for one purpose does not
// open for another. The result is nonce, ciphertext and tag: 40 bytes longer
// than secret.
func (k Key) Wrap(purpose string, secret []byte) ([]byte, error) {
	aead, err := k.aead()
	if err != nil {
		return nil, fmt.Errorf("rootkey: wrapping: %w", err)
	}
	nonce := make([]byte, aead.NonceSize(), aead.NonceSize()+len(secret)+aead.Overhead())
	rand.Read(nonce)
	return aead.Seal(nonce, nonce, secret, []byte(purpose)), nil
}

// ErrUnwrap says that bytes were not wrapped by this key for this purpose.
var ErrUnwrap = errors.New("rootkey: not wrapped by this key for this purpose")

// Unwrap opens what Wrap made, or fails with [ErrUnwrap].
func (k Key) Unwrap(purpose string, wrapped []byte) ([]byte, error) {
	aead, err := k.aead()
	if err != nil {
		return nil, fmt.Errorf("rootkey: unwrapping: %w", err)
	}
	if len(wrapped) < aead.NonceSize()+aead.Overhead() {
		return nil, ErrUnwrap
	}
	nonce, sealed := wrapped[:aead.NonceSize()], wrapped[aead.NonceSize():]
	secret, err := aead.Open(nil, nonce, sealed, []byte(purpose))
	if err != nil {
		return nil, ErrUnwrap
	}
	return secret, nil
}

// Derive makes a 32-byte key for a purpose (HKDF-SHA-256). It is the same for
// as long as the root key is, so it suits what must never rotate, such as
// "decoy credential ids".
func (k Key) Derive(purpose string) [32]byte {
	return k.expand(labelDerive, purpose)
}

// Check is what the database keeps to know the key again: 32 bytes that say
// nothing about it. Compare with [Key.Matches].
func (k Key) Check() []byte {
	check := k.expand(labelCheck, "")
	return check[:]
}

// Matches says whether check was made by this key's Check.
func (k Key) Matches(check []byte) bool {
	return subtle.ConstantTimeCompare(k.Check(), check) == 1
}

// Equal compares in constant time.
func (k Key) Equal(l Key) bool {
	a, b := secret.Reveal(k.hidden), secret.Reveal(l.hidden)
	return subtle.ConstantTimeCompare(a[:], b[:]) == 1
}

func (k Key) aead() (cipher.AEAD, error) {
	wrapping := k.expand(labelWrap, "")
	return chacha20poly1305.NewX(wrapping[:])
}

func (k Key) expand(label, purpose string) [32]byte {
	b := secret.Reveal(k.hidden)
	out, err := hkdf.Key(sha256.New, b[:], nil, label+"\x00"+purpose, 32)
	if err != nil {
		// HKDF-SHA-256 fails for outputs above 8,160 bytes and, in FIPS mode,
		// for keys below 14 bytes. Neither can happen here.
		panic("rootkey: expanding: " + err.Error())
	}
	return [32]byte(out)
}
