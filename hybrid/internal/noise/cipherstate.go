package noise

import (
	"crypto/cipher"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/hitherauth/hither/internal/secret"
)

const (
	// Overhead is by how many bytes a ciphertext is longer than its plaintext.
	Overhead = 16
	// MaxSequence is the sequence number of the last message in a direction. The
	// first has 0.
	MaxSequence = 1<<24 - 1
)

type hidden[T any] = secret.Hidden[T]

// CipherState encrypts or decrypts the messages of one direction, in order. It
// belongs to one goroutine. After its first error it has the same for every call:
// what comes after a message that was lost, repeated, moved or changed is worth
// nothing. It does not print.
type CipherState struct {
	hidden[cipher.AEAD]
	nonce [nonceSize]byte
	next  uint32 // sequence number of the next message
	err   error
}

// NewCipherState copies key.
func NewCipherState(key *[KeySize]byte) *CipherState {
	return &CipherState{hidden: secret.Hide(newAEAD(key))}
}

// Seal appends the ciphertext of plaintext to dst. The two must not overlap, unless
// dst is plaintext[:0].
func (c *CipherState) Seal(dst, plaintext []byte) ([]byte, error) {
	if err := c.ready(); err != nil {
		return nil, err
	}
	c.next++
	return secret.Reveal(c.hidden).Seal(dst, c.nonce[:], plaintext, nil), nil
}

// Open appends the plaintext of ciphertext to dst. The two must not overlap, unless
// dst is ciphertext[:0].
func (c *CipherState) Open(dst, ciphertext []byte) ([]byte, error) {
	if err := c.ready(); err != nil {
		return nil, err
	}
	plaintext, err := secret.Reveal(c.hidden).Open(dst, c.nonce[:], ciphertext, nil)
	if err != nil {
		c.err = fmt.Errorf("noise: message %d is not what the other end sent", c.next)
		return nil, c.err
	}
	c.next++
	return plaintext, nil
}

// Break ends the direction for a reason that shows only in a plaintext, and
// returns it.
func (c *CipherState) Break(err error) error {
	if c.err == nil {
		c.err = err
	}
	return c.err
}

// ready makes the nonce of the next message: eight zero bytes and its sequence
// number, big-endian.
func (c *CipherState) ready() error {
	if c.next > MaxSequence && c.err == nil {
		c.err = errors.New("noise: a direction has had all its messages")
	}
	binary.BigEndian.PutUint32(c.nonce[8:], c.next)
	return c.err
}
