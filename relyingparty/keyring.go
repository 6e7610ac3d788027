package relyingparty

import (
	"bytes"
	"crypto/cipher"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync/atomic"
	"time"

	"golang.org/x/crypto/chacha20poly1305"
)

// CeremonyKey is one key that seals ceremonies.
type CeremonyKey struct {
	ID        [8]byte   // names the key in front of what it sealed; not secret
	Secret    Secret    // XChaCha20-Poly1305 key
	NotBefore time.Time // seals from then on; opens at once, so that nodes may learn of it one after the other
}

// NewCeremonyKey makes a key with a random id and secret, read from random
// (nil: crypto/rand).
func NewCeremonyKey(random io.Reader, notBefore time.Time) (CeremonyKey, error) {
	if random == nil {
		random = rand.Reader
	}
	var b [8 + SecretSize]byte
	if _, err := io.ReadFull(random, b[:]); err != nil {
		return CeremonyKey{}, fmt.Errorf("relyingparty: reading randomness: %w", err)
	}
	secret, err := SecretFromBytes(b[8:])
	if err != nil {
		return CeremonyKey{}, err
	}
	return CeremonyKey{ID: [8]byte(b[:8]), Secret: secret, NotBefore: notBefore}, nil
}

// Keyring seals and opens ceremonies with XChaCha20-Poly1305. Safe for
// concurrent use. Of its keys the newest whose NotBefore has come seals; all of
// them open. All nodes that answer for one RP ID hold the same keys.
type Keyring struct {
	keys atomic.Pointer[[]ringKey] // newest first; the slice is never changed
}

type ringKey struct {
	id        [8]byte
	notBefore time.Time
	aead      cipher.AEAD
}

// NewKeyring makes a keyring of the given keys. With none it makes a random one
// of its own, for a program that runs once and keeps no state: its ceremonies
// die with it.
func NewKeyring(keys ...CeremonyKey) (*Keyring, error) {
	if len(keys) == 0 {
		key, err := NewCeremonyKey(rand.Reader, time.Time{})
		if err != nil {
			return nil, err
		}
		keys = []CeremonyKey{key}
	}
	k := new(Keyring)
	if err := k.Replace(keys); err != nil {
		return nil, err
	}
	return k, nil
}

// Replace swaps the whole set at once: a ceremony is sealed and opened either
// with the old set or with the new one. A key that is gone opens nothing any
// more. An error (no keys, two keys of one id, an empty secret) leaves the old
// set in place.
func (k *Keyring) Replace(keys []CeremonyKey) error {
	if len(keys) == 0 {
		return errors.New("relyingparty: a keyring needs a key")
	}
	ring := make([]ringKey, 0, len(keys))
	for _, key := range keys {
		if slices.ContainsFunc(ring, func(r ringKey) bool { return r.id == key.ID }) {
			return fmt.Errorf("relyingparty: two ceremony keys have the id %x", key.ID)
		}
		if key.Secret.isZero() {
			return fmt.Errorf("relyingparty: ceremony key %x has no secret", key.ID)
		}
		aead, err := chacha20poly1305.NewX(key.Secret.Bytes())
		if err != nil {
			return fmt.Errorf("relyingparty: ceremony key %x: %w", key.ID, err)
		}
		ring = append(ring, ringKey{id: key.ID, notBefore: key.NotBefore, aead: aead})
	}
	// Ties go by id, so that all nodes agree which key is the newest.
	slices.SortFunc(ring, func(a, b ringKey) int {
		if c := b.notBefore.Compare(a.notBefore); c != 0 {
			return c
		}
		return bytes.Compare(b.id[:], a.id[:])
	})
	k.keys.Store(&ring)
	return nil
}

func (k *Keyring) ring() []ringKey {
	if ring := k.keys.Load(); ring != nil {
		return *ring
	}
	return nil
}

// seal returns key id, nonce and ciphertext in one slice. The key id is part of
// what is authenticated, as is domain.
func (k *Keyring) seal(random io.Reader, now time.Time, domain, plaintext []byte) ([]byte, error) {
	ring := k.ring()
	i := slices.IndexFunc(ring, func(r ringKey) bool { return !r.notBefore.After(now) })
	if i < 0 {
		return nil, errors.New("relyingparty: no ceremony key is in use yet")
	}
	key := ring[i]
	head := len(key.id) + chacha20poly1305.NonceSizeX
	out := make([]byte, head, head+len(plaintext)+chacha20poly1305.Overhead)
	copy(out, key.id[:])
	nonce := out[len(key.id):head]
	if _, err := io.ReadFull(random, nonce); err != nil {
		return nil, fmt.Errorf("relyingparty: reading randomness: %w", err)
	}
	return key.aead.Seal(out, nonce, plaintext, slices.Concat(key.id[:], domain)), nil
}

// errNotSealedHere is one answer for all: which key, nonce or purpose was wrong is nobody's business.
var errNotSealedHere = errors.New("not sealed with any of our keys for this purpose")

// open reverses seal. It says no more than that the text is not ours.
func (k *Keyring) open(sealed, domain []byte) ([]byte, error) {
	const head = 8 + chacha20poly1305.NonceSizeX
	if len(sealed) < head+chacha20poly1305.Overhead {
		return nil, errNotSealedHere
	}
	id := [8]byte(sealed[:8])
	ring := k.ring()
	i := slices.IndexFunc(ring, func(r ringKey) bool { return r.id == id })
	if i < 0 {
		return nil, errNotSealedHere
	}
	plaintext, err := ring[i].aead.Open(nil, sealed[8:head], sealed[head:], slices.Concat(id[:], domain))
	if err != nil {
		return nil, errNotSealedHere
	}
	return plaintext, nil
}
