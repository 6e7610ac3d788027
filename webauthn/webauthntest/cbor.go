package webauthntest

import (
	"bytes"
	"encoding/binary"
	"slices"
)

// CBOR is one encoded data item of RFC 8949, or whatever else is to stand in its place.
type CBOR []byte

// The major types of RFC 8949 §3.1.
const (
	CBORMajorUnsigned byte = iota
	CBORMajorNegative
	CBORMajorBytes
	CBORMajorText
	CBORMajorArray
	CBORMajorMap
	CBORMajorTag
	CBORMajorSimple
)

// CBORHead writes the head of an item in its shortest form: the major type and its argument. The content is the
// caller's, so a head may claim what never follows.
func CBORHead(major byte, n uint64) CBOR {
	switch {
	case n < 24:
		return CBORLongHead(major, n, 0)
	case n < 1<<8:
		return CBORLongHead(major, n, 1)
	case n < 1<<16:
		return CBORLongHead(major, n, 2)
	case n < 1<<32:
		return CBORLongHead(major, n, 4)
	}
	return CBORLongHead(major, n, 8)
}

// CBORLongHead writes a head whose argument takes the given number of octets (0, 1, 2, 4; anything else is 8), needed
// or not. What does not fit is cut off.
func CBORLongHead(major byte, n uint64, octets int) CBOR {
	var argument [8]byte
	binary.BigEndian.PutUint64(argument[:], n)
	switch octets {
	case 0:
		return CBOR{major<<5 | argument[7]&0x1f}
	case 1:
		return append(CBOR{major<<5 | 24}, argument[7:]...)
	case 2:
		return append(CBOR{major<<5 | 25}, argument[6:]...)
	case 4:
		return append(CBOR{major<<5 | 26}, argument[4:]...)
	}
	return append(CBOR{major<<5 | 27}, argument[:]...)
}

// CBORInt writes an integer of either sign in its shortest form.
func CBORInt(n int64) CBOR {
	if n < 0 {
		return CBORHead(CBORMajorNegative, ^uint64(n))
	}
	return CBORHead(CBORMajorUnsigned, uint64(n))
}

// CBORBytes writes a byte string of definite length.
func CBORBytes(b []byte) CBOR {
	return append(CBORHead(CBORMajorBytes, uint64(len(b))), b...)
}

// CBORText writes a text string of definite length; s need not be valid UTF-8.
func CBORText(s string) CBOR {
	return append(CBORHead(CBORMajorText, uint64(len(s))), s...)
}

// CBORArray writes an array of definite length.
func CBORArray(items ...CBOR) CBOR {
	return append(CBORHead(CBORMajorArray, uint64(len(items))), bytes.Join(plain(items), nil)...)
}

// CBORMap writes a map of definite length whose items are keys and values in turn, in the order given. An odd item is
// written too and makes the map malformed.
func CBORMap(items ...CBOR) CBOR {
	return append(CBORHead(CBORMajorMap, uint64(len(items)/2)), bytes.Join(plain(items), nil)...)
}

// CBORIndefinite writes a string, array or map of indefinite length around items that are already encoded. CTAP2's
// canonical form has none of these.
func CBORIndefinite(major byte, items ...CBOR) CBOR {
	return slices.Concat(CBOR{major<<5 | 31}, bytes.Join(plain(items), nil), CBOR{0xff})
}

// CBORTag writes a tagged item. CTAP2's canonical form has no tags.
func CBORTag(n uint64, item CBOR) CBOR {
	return append(CBORHead(CBORMajorTag, n), item...)
}

// CBORBool writes false or true.
func CBORBool(b bool) CBOR {
	if b {
		return CBOR{0xf5}
	}
	return CBOR{0xf4}
}

// CBORNull writes null.
func CBORNull() CBOR { return CBOR{0xf6} }

// plain turns items into what package bytes joins.
func plain(items []CBOR) [][]byte {
	out := make([][]byte, len(items))
	for i, item := range items {
		out[i] = item
	}
	return out
}

// CBORPair is a key and its value.
type CBORPair struct{ Key, Value CBOR }

// CBORObject is a map under construction. Its order is the order on the wire, and a key may stand in it twice.
type CBORObject []CBORPair

// Encode writes the map with a definite length.
func (o CBORObject) Encode() CBOR {
	items := make([]CBOR, 0, 2*len(o))
	for _, pair := range o {
		items = append(items, pair.Key, pair.Value)
	}
	return CBORMap(items...)
}

// EncodeIndefinite writes the map with an indefinite length.
func (o CBORObject) EncodeIndefinite() CBOR {
	items := make([]CBOR, 0, 2*len(o))
	for _, pair := range o {
		items = append(items, pair.Key, pair.Value)
	}
	return CBORIndefinite(CBORMajorMap, items...)
}

// Get returns the value of the first pair with this key, or nil.
func (o CBORObject) Get(key CBOR) CBOR {
	if i := o.index(key); i >= 0 {
		return o[i].Value
	}
	return nil
}

// Set gives the first pair with this key a new value, or adds the pair at the end.
func (o *CBORObject) Set(key, value CBOR) {
	if i := o.index(key); i >= 0 {
		(*o)[i].Value = value
		return
	}
	o.Add(key, value)
}

// Add adds a pair at the end, even if there is one with this key.
func (o *CBORObject) Add(key, value CBOR) {
	*o = append(*o, CBORPair{Key: key, Value: value})
}

// Delete removes every pair with this key.
func (o *CBORObject) Delete(key CBOR) {
	*o = slices.DeleteFunc(*o, func(p CBORPair) bool { return bytes.Equal(p.Key, key) })
}

func (o CBORObject) index(key CBOR) int {
	return slices.IndexFunc(o, func(p CBORPair) bool { return bytes.Equal(p.Key, key) })
}
