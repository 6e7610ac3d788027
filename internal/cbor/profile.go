package cbor

import (
	"encoding/binary"
	"errors"

	"github.com/fxamacker/cbor/v2"
)

// Profile says how large an item may be and what may be the key of a map. The
// zero value is the narrowest.
type Profile int

const (
	// Ceremony is for what strangers send in a ceremony. The worst item costs less
	// than 4 MiB of allocations.
	Ceremony Profile = iota
	// Message is for what passes between a client and an authenticator. The worst
	// item costs less than 8 MiB of allocations. The key of a map may be a byte
	// string: the extension prf names credentials that way.
	Message
	profiles int = iota
)

// Limits are what an item is measured by before anything is allocated for it.
type Limits struct {
	Bytes    int  // length
	Depth    int  // how deep arrays and maps may nest
	Elements int  // how many elements an array and how many pairs a map may have
	Items    int  // how many there are in all, itself and those within it
	ByteKeys bool // whether the key of a map may be a byte string
}

// MaxBytes and MaxMessageBytes are the lengths of the longest items of a
// [Ceremony] and of a [Message].
const (
	MaxBytes        = 20 << 10
	MaxMessageBytes = 1 << 20
)

// ByteString is a byte string that is the key of a map.
type ByteString = cbor.ByteString

// ErrLimit is the error for an item that is larger than its profile allows.
var ErrLimit = errors.New("cbor: the item is over a limit")

// Limits returns those of p.
func (p Profile) Limits() Limits {
	switch p {
	case Message:
		// 1 MiB is what the hybrid transport carries. Most of a long message is in
		// a few byte strings; a list of 1,024 credentials with their transports has
		// some 10,000 items.
		return Limits{Bytes: MaxMessageBytes, Depth: 8, Elements: 1024, Items: 16 << 10, ByteKeys: true}
	default:
		// An attestation object with an ML-DSA-87 key and certificate has about
		// 16 KiB, a compound one needs 5 levels. No item is shorter than a byte.
		return Limits{Bytes: MaxBytes, Depth: 8, Elements: 64, Items: MaxBytes}
	}
}

//nolint:gochecknoglobals // immutable, safe for concurrent use, and as costly to make as a small item is to decode
var (
	decoding = modes()
	encoding = must(cbor.CTAP2EncOptions().EncMode())
)

// modes are the library's decoders, one for each profile.
func modes() [profiles]cbor.DecMode {
	var all [profiles]cbor.DecMode
	for p := range all {
		limits := Profile(p).Limits()
		keys := cbor.MapKeyByteStringForbidden
		if limits.ByteKeys {
			keys = cbor.MapKeyByteStringAllowed
		}
		all[p] = must(cbor.DecOptions{
			DupMapKey:        cbor.DupMapKeyEnforcedAPF,
			MaxNestedLevels:  limits.Depth,
			MaxArrayElements: limits.Elements,
			MaxMapPairs:      limits.Elements,
			IndefLength:      cbor.IndefLengthForbidden,
			TagsMd:           cbor.TagsForbidden,
			IntDec:           cbor.IntDecConvertSignedOrFail,
			MapKeyByteString: keys,
			UTF8:             cbor.UTF8RejectInvalid,
			// Two NaN keys of one map are different keys to Go.
			NaN:          cbor.NaNDecodeForbidden,
			SimpleValues: simpleValues(),
		}.DecMode())
	}
	return all
}

// simpleValues knows false, true and null. It refuses undefined, and whatever
// else the 256 simple values may come to mean.
func simpleValues() *cbor.SimpleValueRegistry {
	var refused []func(*cbor.SimpleValueRegistry) error
	for n := range 256 {
		reserved := n >= 24 && n < 32 // not well formed anyway
		if n >= 20 && n <= 22 || reserved {
			continue
		}
		refused = append(refused, cbor.WithRejectedSimpleValue(cbor.SimpleValue(n)))
	}
	return must(cbor.NewSimpleValueRegistryFromDefaults(refused...))
}

// must makes a mode; a mode that cannot be made is a mistake in this file.
func must[M any](mode M, err error) M {
	if err != nil {
		panic("cbor: " + err.Error())
	}
	return mode
}

// moreItems reports whether the first item of b has more than limit items, itself
// and those within it. The library knows no such limit, and a map of two bytes
// costs hundreds in memory. What is malformed has as many as there are up to
// there: the library says so afterwards.
func moreItems(b []byte, limit int) bool {
	for n, due := 0, 1; due > 0; n++ {
		if n == limit {
			return true
		}
		if len(b) == 0 {
			return false
		}
		major, argument, size := b[0]>>5, uint64(b[0]&31), 1
		if argument >= 24 && argument <= 27 {
			size = 1 + 1<<(argument-24)
			if len(b) < size {
				return false
			}
			var wide [8]byte
			copy(wide[9-size:], b[1:size])
			argument = binary.BigEndian.Uint64(wide[:])
		}
		b = b[size:]
		due--
		left := uint64(len(b)) // every item has a byte, so more of them are malformed
		switch major {
		case 2, 3:
			b = b[min(argument, left):]
		case 4:
			due += int(min(argument, left))
		case 5:
			due += int(min(argument, left)) * 2
		}
	}
	return false
}
