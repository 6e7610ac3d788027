package noise

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/ecdh"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
)

const (
	// KeySize is the length of a PSK and of a key of [CipherState].
	KeySize = 32
	// MessageSize is the length of each of the two messages: a point and the tag of
	// an empty payload.
	MessageSize = pointSize + Overhead

	pointSize = 65
	nonceSize = 12
)

// Message is what one end sends to the other.
type Message [MessageSize]byte

// Session is what both ends have after the handshake.
type Session struct {
	Send, Receive *CipherState
	// Hash is the same at both ends and nowhere else. Whatever is bound to it is
	// bound to this handshake.
	Hash [sha256.Size]byte
}

// pattern is what tells the two handshakes apart before the first token.
type pattern struct {
	name     string
	prologue byte
}

func patternKN() pattern { return pattern{"Noise_KNpsk0_P256_AESGCM_SHA256", 1} }
func patternNK() pattern { return pattern{"Noise_NKpsk0_P256_AESGCM_SHA256", 0} }

// handshake is the state of one end: SymmetricState of Noise §5.2, and the
// ephemeral keys. Every k encrypts one empty payload and is replaced, so that n of
// CipherState is always 0 and not kept.
type handshake struct {
	h, ck, k [sha256.Size]byte
	e        *ecdh.PrivateKey
	re       *ecdh.PublicKey // the other end's
}

// begin is all that comes before the ephemeral keys. static is the key that both
// ends know beforehand. ephemeral is for recorded transcripts; nil makes a new one.
//
//	-> s, or <- s
//	...
//	-> psk
func begin(p pattern, static *ecdh.PublicKey, psk *[KeySize]byte, ephemeral *ecdh.PrivateKey) (*handshake, error) {
	if ephemeral == nil {
		var err error
		if ephemeral, err = ecdh.P256().GenerateKey(rand.Reader); err != nil {
			return nil, fmt.Errorf("noise: generating e: %w", err)
		}
	}
	if p256 := ecdh.P256(); static.Curve() != p256 || ephemeral.Curve() != p256 {
		return nil, errors.New("noise: a key is not of P-256")
	}
	s := &handshake{e: ephemeral}
	// A name that is shorter than a hash is padded with zeros instead of hashed.
	copy(s.h[:], p.name)
	s.ck = s.h
	s.mixHash([]byte{p.prologue})
	s.mixHash(static.Bytes())
	s.mixKeyAndHash(psk)
	return s, nil
}

// writeE performs "e" of a message that is sent. With a PSK, e is mixed into the
// key too (Noise §9.2).
func (s *handshake) writeE(m *Message) {
	point := s.e.PublicKey().Bytes()
	copy(m[:pointSize], point)
	s.mixHash(point)
	s.mixKey(point)
}

// readE performs "e" of a message that was received. A point off the curve, the
// point at infinity and compressed points are refused.
func (s *handshake) readE(message []byte) (err error) {
	if len(message) != MessageSize {
		return fmt.Errorf("noise: a message of %d bytes, not %d", len(message), MessageSize)
	}
	point := message[:pointSize]
	if s.re, err = ecdh.P256().NewPublicKey(point); err != nil {
		return errors.New("noise: reading e: no point of P-256")
	}
	s.mixHash(point)
	s.mixKey(point)
	return nil
}

// mixDH performs a token of two keys, such as "ee".
func (s *handshake) mixDH(token string, private *ecdh.PrivateKey, public *ecdh.PublicKey) error {
	shared, err := private.ECDH(public)
	if err != nil {
		return fmt.Errorf("noise: computing %s: %w", token, err)
	}
	s.mixKey(shared)
	clear(shared)
	return nil
}

// writePayload ends a message that is sent.
func (s *handshake) writePayload(m *Message) {
	tag := s.aead().Seal(nil, make([]byte, nonceSize), nil, s.h[:])
	copy(m[pointSize:], tag)
	s.mixHash(tag)
}

// readPayload ends a message that was received.
func (s *handshake) readPayload(message []byte) error {
	tag := message[pointSize:]
	if _, err := s.aead().Open(nil, make([]byte, nonceSize), tag, s.h[:]); err != nil {
		return errors.New("noise: the other end has not the same keys")
	}
	s.mixHash(tag)
	return nil
}

// split ends the handshake: the first key is the initiator's to send with.
func (s *handshake) split() (initiator, responder *CipherState, hash [sha256.Size]byte) {
	keys := s.hkdf(nil, 2)
	defer clear(keys)
	return NewCipherState((*[KeySize]byte)(keys)), NewCipherState((*[KeySize]byte)(keys[KeySize:])), s.h
}

// wipe forgets what is of no use after the handshake. The ephemeral key cannot be
// wiped, only left to the garbage collector.
func (s *handshake) wipe() { *s = handshake{} }

// mixHash, mixKey and mixKeyAndHash are those of Noise §5.2.

func (s *handshake) mixHash(data []byte) {
	hash := sha256.New()
	hash.Write(s.h[:])
	hash.Write(data)
	hash.Sum(s.h[:0])
}

func (s *handshake) mixKey(ikm []byte) {
	out := s.hkdf(ikm, 2)
	defer clear(out)
	copy(s.ck[:], out)
	copy(s.k[:], out[KeySize:])
}

func (s *handshake) mixKeyAndHash(ikm *[KeySize]byte) {
	out := s.hkdf(ikm[:], 3)
	defer clear(out)
	copy(s.ck[:], out)
	s.mixHash(out[KeySize : 2*KeySize])
	copy(s.k[:], out[2*KeySize:])
}

// hkdf returns n values of 32 bytes, one after the other.
func (s *handshake) hkdf(ikm []byte, n int) []byte {
	out, err := hkdf.Key(sha256.New, ikm, s.ck[:], "", n*KeySize)
	if err != nil {
		panic("noise: HKDF: " + err.Error()) // of lengths that are constants of this file
	}
	return out
}

func (s *handshake) aead() cipher.AEAD { return newAEAD(&s.k) }

func newAEAD(key *[KeySize]byte) cipher.AEAD {
	block, err := aes.NewCipher(key[:])
	if err != nil {
		panic("noise: AES: " + err.Error()) // of a length that is a constant
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		panic("noise: GCM: " + err.Error())
	}
	return aead
}
