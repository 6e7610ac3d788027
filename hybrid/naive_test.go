package hybrid_test

import (
	"bytes"
	"cmp"
	"crypto/aes"
	"crypto/ecdh"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"strings"
)

// The second implementation of what is not the handshake: the specification read
// from front to back, slow and without care for secrets. It shares no line with
// package hybrid nor with its decoder of CBOR.

// naiveDerive is HKDF of RFC 5869 under a purpose in four bytes.
func naiveDerive(secret, salt []byte, purpose byte, n int) []byte {
	if len(salt) == 0 {
		salt = make([]byte, 32)
	}
	mac := func(key, message []byte) []byte {
		m := hmac.New(sha256.New, key)
		m.Write(message)
		return m.Sum(nil)
	}
	prk := mac(salt, secret)
	var out, last []byte
	for i := byte(1); len(out) < n; i++ {
		last = mac(prk, slices.Concat(last, []byte{purpose, 0, 0, 0}, []byte{i}))
		out = append(out, last...)
	}
	return out[:n]
}

// naiveSeal makes an advert of an EID.
func naiveSeal(eidKey, eid []byte) []byte {
	block, err := aes.NewCipher(eidKey[:32])
	if err != nil {
		panic(err)
	}
	advert := make([]byte, 16)
	block.Encrypt(advert, eid)
	m := hmac.New(sha256.New, eidKey[32:])
	m.Write(advert)
	return append(advert, m.Sum(nil)[:4]...)
}

// naiveOpen reads an advert. Only those of a QR code name a tunnel service.
func naiveOpen(eidKey, advert []byte, linked bool) ([]byte, bool) {
	if len(advert) < 20 {
		return nil, false
	}
	m := hmac.New(sha256.New, eidKey[32:])
	m.Write(advert[:16])
	if !bytes.HasPrefix(m.Sum(nil), advert[16:20]) {
		return nil, false
	}
	block, err := aes.NewCipher(eidKey[:32])
	if err != nil {
		panic(err)
	}
	eid := make([]byte, 16)
	block.Decrypt(eid, advert[:16])
	if eid[0] != 0 || !linked && naiveHost(int(eid[14])+256*int(eid[15])) == "" {
		return nil, false
	}
	return eid, true
}

// naiveHost returns the name of a tunnel service, or "".
func naiveHost(id int) string {
	if id < 256 {
		return map[int]string{0: "cable.ua5v.com", 1: "cable.auth.com"}[id]
	}
	sum := sha256.Sum256([]byte("caBLEv2 tunnel server domain" + string([]byte{byte(id % 256), byte(id / 256), 0})))
	slices.Reverse(sum[:8])
	v := new(big.Int).SetBytes(sum[:8])
	next := func(n int64) int64 {
		digit := new(big.Int)
		v.DivMod(v, big.NewInt(n), digit)
		return digit.Int64()
	}
	tld := strings.Fields(".com .org .net .info")[next(4)]
	var label strings.Builder
	for v.Sign() > 0 {
		label.WriteByte("abcdefghijklmnopqrstuvwxyz234567"[next(32)])
	}
	return "cable." + label.String() + tld
}

// naiveDigits writes bytes as the digits of a QR code.
func naiveDigits(b []byte) string {
	var text strings.Builder
	for len(b) > 0 {
		n := min(7, len(b))
		group := slices.Clone(b[:n])
		b = b[n:]
		slices.Reverse(group)
		fmt.Fprintf(&text, "%0*d", []int{0, 3, 5, 8, 10, 13, 15, 17}[n], new(big.Int).SetBytes(group))
	}
	return text.String()
}

// naiveProof is what a phone proves when it links.
func naiveProof(own *ecdh.PrivateKey, other *ecdh.PublicKey, hash []byte) []byte {
	shared, err := own.ECDH(other)
	if err != nil {
		panic(err)
	}
	m := hmac.New(sha256.New, shared)
	m.Write(hash)
	return m.Sum(nil)
}

// pair is an entry of a map of CBOR, written in the order in which it stands.
type pair struct{ key, value any }

// naiveCBOR writes what these messages are made of.
func naiveCBOR(v any) []byte {
	head := func(major byte, n uint64) []byte {
		switch {
		case n < 24:
			return []byte{major<<5 | byte(n)}
		case n < 1<<8:
			return []byte{major<<5 | 24, byte(n)}
		case n < 1<<16:
			return []byte{major<<5 | 25, byte(n >> 8), byte(n)}
		case n < 1<<32:
			return binary.BigEndian.AppendUint32([]byte{major<<5 | 26}, uint32(n))
		default:
			return binary.BigEndian.AppendUint64([]byte{major<<5 | 27}, n)
		}
	}
	switch v := v.(type) {
	case int:
		if v < 0 {
			return head(1, uint64(-1-v))
		}
		return head(0, uint64(v))
	case []byte:
		return append(head(2, uint64(len(v))), v...)
	case string:
		return append(head(3, uint64(len(v))), v...)
	case []any:
		b := head(4, uint64(len(v)))
		for _, element := range v {
			b = append(b, naiveCBOR(element)...)
		}
		return b
	case []pair:
		b := head(5, uint64(len(v)))
		for _, p := range v {
			b = slices.Concat(b, naiveCBOR(p.key), naiveCBOR(p.value))
		}
		return b
	case bool:
		if v {
			return []byte{0xf5}
		}
		return []byte{0xf4}
	default:
		panic(fmt.Sprintf("%T", v))
	}
}

var errNaive = errors.New("no canonical CBOR")

// naiveRead reads the item at the start of b, if it is in canonical form.
func naiveRead(b []byte) (v any, rest []byte, err error) {
	if len(b) == 0 {
		return nil, nil, errNaive
	}
	major, n, rest := b[0]>>5, uint64(b[0]&31), b[1:]
	if width := map[uint64]int{24: 1, 25: 2, 26: 4}[n]; width > 0 && major != 7 {
		if len(rest) < width {
			return nil, nil, errNaive
		}
		short := []uint64{0, 24, 1 << 8, 0, 1 << 16}[width]
		n = new(big.Int).SetBytes(rest[:width]).Uint64()
		rest = rest[width:]
		if n < short {
			return nil, nil, errNaive
		}
	} else if n > 23 {
		return nil, nil, errNaive
	}
	switch major {
	case 0:
		return int(n), rest, nil
	case 1:
		return -1 - int(n), rest, nil
	case 2, 3:
		if uint64(len(rest)) < n {
			return nil, nil, errNaive
		}
		if major == 3 {
			return string(rest[:n]), rest[n:], nil
		}
		return slices.Clone(rest[:n]), rest[n:], nil
	case 4:
		list := []any{}
		for range n {
			if v, rest, err = naiveRead(rest); err != nil {
				return nil, nil, err
			}
			list = append(list, v)
		}
		return list, rest, nil
	case 5:
		return naiveReadMap(int(n), rest)
	default:
		if b[0] != 0xf4 && b[0] != 0xf5 {
			return nil, nil, errNaive
		}
		return b[0] == 0xf5, rest, nil
	}
}

func naiveReadMap(n int, b []byte) (any, []byte, error) {
	m := map[any]any{}
	var last []byte
	for range n {
		key, rest, err := naiveRead(b)
		if err != nil {
			return nil, nil, err
		}
		encoded := b[:len(b)-len(rest)]
		// CTAP2: by major type, then by length, then by bytes.
		order := cmp.Or(cmp.Compare(len(last), len(encoded)), bytes.Compare(last, encoded))
		if last != nil && last[0]>>5 != encoded[0]>>5 {
			order = cmp.Compare(last[0]>>5, encoded[0]>>5)
		}
		if last != nil && order >= 0 {
			return nil, nil, errNaive
		}
		last = encoded
		switch key.(type) {
		case int, string, bool:
		default:
			key = [1]string{string(encoded)} // Go cannot compare it; nobody looks for it
		}
		if m[key], b, err = naiveRead(rest); err != nil {
			return nil, nil, err
		}
	}
	return m, b, nil
}

// naiveUpdate judges the payload of an update: "malformed", "nothing", "unproven"
// or "proven".
func naiveUpdate(b []byte, clientKey *ecdh.PrivateKey, hash []byte) string {
	v, rest, err := naiveRead(b)
	m, ok := v.(map[any]any)
	if err != nil || len(rest) > 0 || !ok {
		return "malformed"
	}
	if v, ok := m[0]; ok {
		if _, ok := v.([]byte); !ok {
			return "malformed"
		}
	}
	if m[1] == nil {
		return "nothing"
	}
	l, _ := m[1].(map[any]any)
	_, hasContact := l[1].([]byte)
	_, hasName := l[5].(string)
	link, _ := l[2].([]byte)
	secret, _ := l[3].([]byte)
	point, _ := l[4].([]byte)
	proof, _ := l[6].([]byte)
	if !hasContact || !hasName || len(link) != 8 || len(secret) != 32 || len(proof) != 32 || len(point) != 65 {
		return "malformed"
	}
	if x, _ := elliptic.UnmarshalCompressed(elliptic.P256(), slices.Concat([]byte{2 | point[64]&1}, point[1:33])); x == nil || point[0] != 4 {
		return "malformed"
	}
	phone, err := ecdh.P256().NewPublicKey(point)
	if err != nil {
		return "malformed"
	}
	if !bytes.Equal(naiveProof(clientKey, phone, hash), proof) {
		return "unproven"
	}
	return "proven"
}
