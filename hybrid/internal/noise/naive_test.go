package noise_test

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/ecdh"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"math/big"
	"slices"
	"strings"
)

// The second implementation: the Noise specification read from front to back, as
// an interpreter of patterns, slow and without care for secrets. It shares no line
// with package noise, and does its own arithmetic on the curve.

// naivePattern is a handshake as the specification writes it down.
type naivePattern struct {
	name     string
	prologue []byte
	pre      string // whose static key is known: "-> s" or "<- s"
	messages []string
}

func naivePatterns() map[string]naivePattern {
	return map[string]naivePattern{
		"KNpsk0": {"Noise_KNpsk0_P256_AESGCM_SHA256", []byte{1}, "-> s", []string{"psk e", "e ee se"}},
		"NKpsk0": {"Noise_NKpsk0_P256_AESGCM_SHA256", []byte{0}, "<- s", []string{"psk e es", "e ee"}},
	}
}

type naive struct {
	pattern   naivePattern
	initiator bool
	psk       []byte
	s, e      *big.Int // private keys of this end
	rs, re    []byte   // public keys of the other
	h, ck, k  []byte
	n         uint64
}

func (x *naive) start() {
	if len(x.pattern.name) <= 32 {
		x.h = append([]byte(x.pattern.name), make([]byte, 32-len(x.pattern.name))...)
	}
	x.ck = x.h
	x.mixHash(x.pattern.prologue)
	if (x.pattern.pre == "-> s") == x.initiator {
		x.mixHash(naivePublic(x.s))
	} else {
		x.mixHash(x.rs)
	}
}

func (x *naive) write(i int, ephemeral *ecdh.PrivateKey) []byte {
	var message []byte
	for token := range strings.FieldsSeq(x.pattern.messages[i]) {
		switch token {
		case "e":
			x.e = new(big.Int).SetBytes(ephemeral.Bytes())
			public := naivePublic(x.e)
			message = append(message, public...)
			x.mixHash(public)
			x.mixKey(public)
		default:
			x.token(token)
		}
	}
	return append(message, x.encryptAndHash(nil)...)
}

func (x *naive) read(i int, message []byte) error {
	for token := range strings.FieldsSeq(x.pattern.messages[i]) {
		switch token {
		case "e":
			if len(message) < 65 || !naiveOnCurve(message[:65]) {
				return errors.New("no point")
			}
			x.re, message = message[:65], message[65:]
			x.mixHash(x.re)
			x.mixKey(x.re)
		default:
			x.token(token)
		}
	}
	payload, err := x.decryptAndHash(message)
	if err == nil && len(payload) != 0 {
		return errors.New("a payload")
	}
	return err
}

func (x *naive) token(token string) {
	if token == "psk" {
		out := naiveHKDF(x.ck, x.psk, 3)
		x.ck = out[0]
		x.mixHash(out[1])
		x.k, x.n = out[2], 0
		return
	}
	// The first letter is the initiator's key, the second the responder's.
	mine, theirs := token[0], token[1]
	if !x.initiator {
		mine, theirs = theirs, mine
	}
	private, public := x.e, x.re
	if mine == 's' {
		private = x.s
	}
	if theirs == 's' {
		public = x.rs
	}
	x.mixKey(naiveDH(private, public))
}

func (x *naive) mixHash(b []byte) {
	sum := sha256.Sum256(slices.Concat(x.h, b))
	x.h = sum[:]
}

func (x *naive) mixKey(ikm []byte) {
	out := naiveHKDF(x.ck, ikm, 2)
	x.ck, x.k, x.n = out[0], out[1], 0
}

func (x *naive) encryptAndHash(plaintext []byte) []byte {
	c := naiveGCM(x.k).Seal(nil, naiveNonce(x.n), plaintext, x.h)
	x.n++
	x.mixHash(c)
	return c
}

func (x *naive) decryptAndHash(ciphertext []byte) ([]byte, error) {
	p, err := naiveGCM(x.k).Open(nil, naiveNonce(x.n), ciphertext, x.h)
	x.n++
	x.mixHash(ciphertext)
	return p, err
}

// split returns what this end sends and receives with.
func (x *naive) split() (send, receive *naiveDirection) {
	out := naiveHKDF(x.ck, nil, 2)
	if !x.initiator {
		out[0], out[1] = out[1], out[0]
	}
	return &naiveDirection{key: out[0]}, &naiveDirection{key: out[1]}
}

type naiveDirection struct {
	key []byte
	n   uint64
}

func (d *naiveDirection) seal(plaintext []byte) ([]byte, error) {
	d.n++
	return naiveGCM(d.key).Seal(nil, naiveNonce(d.n-1), plaintext, nil), nil
}

func (d *naiveDirection) open(ciphertext []byte) ([]byte, error) {
	d.n++
	return naiveGCM(d.key).Open(nil, naiveNonce(d.n-1), ciphertext, nil)
}

func naiveNonce(n uint64) []byte { return binary.BigEndian.AppendUint64(make([]byte, 4), n) }

func naiveGCM(key []byte) cipher.AEAD {
	block, err := aes.NewCipher(key)
	if err != nil {
		panic(err)
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		panic(err)
	}
	return aead
}

// naiveHKDF is HKDF of Noise §4.3.
func naiveHKDF(ck, ikm []byte, n byte) [][]byte {
	mac := func(key, message []byte) []byte {
		m := hmac.New(sha256.New, key)
		m.Write(message)
		return m.Sum(nil)
	}
	temp := mac(ck, ikm)
	var out [][]byte
	var last []byte
	for i := byte(1); i <= n; i++ {
		last = mac(temp, append(bytes.Clone(last), i))
		out = append(out, last)
	}
	return out
}

// P-256: y² = x³ - 3x + b (mod p), with numbers of any size and no protection
// against anything. A nil point is the one at infinity.
type naivePoint struct{ x, y *big.Int }

func naiveNumber(hex string) *big.Int {
	n, ok := new(big.Int).SetString(hex, 16)
	if !ok {
		panic(hex)
	}
	return n
}

func naiveP() *big.Int {
	return naiveNumber("ffffffff00000001000000000000000000000000ffffffffffffffffffffffff")
}

func naiveB() *big.Int {
	return naiveNumber("5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604b")
}

func naiveG() *naivePoint {
	return &naivePoint{
		naiveNumber("6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296"),
		naiveNumber("4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5"),
	}
}

func naiveOnCurve(point []byte) bool {
	if point[0] != 4 {
		return false
	}
	p, x, y := naiveP(), new(big.Int).SetBytes(point[1:33]), new(big.Int).SetBytes(point[33:])
	if x.Cmp(p) >= 0 || y.Cmp(p) >= 0 {
		return false
	}
	right := new(big.Int).Exp(x, big.NewInt(3), p)
	right.Sub(right, new(big.Int).Mul(x, big.NewInt(3)))
	right.Add(right, naiveB())
	left := new(big.Int).Mul(y, y)
	return left.Sub(left, right).Mod(left, p).Sign() == 0
}

func (a *naivePoint) plus(b *naivePoint, p *big.Int) *naivePoint {
	if a == nil {
		return b
	}
	if b == nil {
		return a
	}
	over, under := new(big.Int), new(big.Int)
	switch {
	case a.x.Cmp(b.x) != 0:
		over.Sub(b.y, a.y)
		under.Sub(b.x, a.x)
	case a.y.Cmp(b.y) == 0 && a.y.Sign() != 0:
		over.Mul(a.x, a.x)
		over.Mul(over, big.NewInt(3))
		over.Sub(over, big.NewInt(3))
		under.Lsh(a.y, 1)
	default:
		return nil
	}
	slope := under.ModInverse(under.Mod(under, p), p)
	slope.Mul(slope, over).Mod(slope, p)
	x := new(big.Int).Mul(slope, slope)
	x.Sub(x, a.x).Sub(x, b.x).Mod(x, p)
	y := new(big.Int).Sub(a.x, x)
	y.Mul(y, slope).Sub(y, a.y).Mod(y, p)
	return &naivePoint{x, y}
}

func (a *naivePoint) times(n *big.Int) *naivePoint {
	var sum *naivePoint
	p := naiveP()
	for i := n.BitLen() - 1; i >= 0; i-- {
		sum = sum.plus(sum, p)
		if n.Bit(i) == 1 {
			sum = sum.plus(a, p)
		}
	}
	return sum
}

func naivePublic(private *big.Int) []byte {
	p := naiveG().times(private)
	return slices.Concat([]byte{4}, p.x.FillBytes(make([]byte, 32)), p.y.FillBytes(make([]byte, 32)))
}

func naiveDH(private *big.Int, public []byte) []byte {
	point := &naivePoint{new(big.Int).SetBytes(public[1:33]), new(big.Int).SetBytes(public[33:])}
	return point.times(private).x.FillBytes(make([]byte, 32))
}

func newKey() *ecdh.PrivateKey {
	key, err := ecdh.P256().GenerateKey(rand.Reader)
	if err != nil {
		panic(err)
	}
	return key
}
