// Package cbor reads and writes the canonical CBOR of CTAP2, and nothing else.
//
// It is a thin adapter over github.com/fxamacker/cbor. The library checks that
// the bytes are well formed within the limits below; then the value is encoded
// again and compared with what came in. Whatever the canonical form forbids
// fails that comparison: long forms of integers and lengths, map keys out of
// order. Indefinite lengths, tags, duplicate keys and invalid UTF-8 fail before.
//
// Where [CTAP 2.2 §8] leaves a choice this package takes the narrow one:
// integers must fit in an int64, a floating-point number is a double and no NaN,
// the simple values are false, true and null, and a map key is neither a byte
// string nor a container.
//
// It does not know what the bytes mean: package webauthn gives them names.
//
// [CTAP 2.2 §8]: https://fidoalliance.org/specs/fido-v2.2-ps-20250714/fido-client-to-authenticator-protocol-v2.2-ps-20250714.html#message-encoding
package cbor

import (
	"bytes"
	"errors"
	"fmt"
	"strings"

	"github.com/fxamacker/cbor/v2"
)

// Limits on every item. They hold before anything is allocated for it, and
// together they keep the worst item below 4 MiB of allocations.
const (
	// MaxBytes is the length of the longest item. An attestation object with
	// an ML-DSA-87 key and certificate has about 16 KiB.
	MaxBytes = 20 << 10
	// MaxDepth is how deep arrays and maps may nest. A compound attestation
	// object needs 5.
	MaxDepth = 8
	// MaxElements is how many elements an array and how many pairs a map may have.
	MaxElements = 64
)

//nolint:gochecknoglobals // immutable, safe for concurrent use, and as costly to make as a small item is to decode
var (
	decoding = must(cbor.DecOptions{
		DupMapKey:        cbor.DupMapKeyEnforcedAPF,
		MaxNestedLevels:  MaxDepth,
		MaxArrayElements: MaxElements,
		MaxMapPairs:      MaxElements,
		IndefLength:      cbor.IndefLengthForbidden,
		TagsMd:           cbor.TagsForbidden,
		IntDec:           cbor.IntDecConvertSignedOrFail,
		MapKeyByteString: cbor.MapKeyByteStringForbidden,
		UTF8:             cbor.UTF8RejectInvalid,
		// Two NaN keys of one map are different keys to Go.
		NaN:          cbor.NaNDecodeForbidden,
		SimpleValues: simpleValues(),
	}.DecMode())
	encoding = must(cbor.CTAP2EncOptions().EncMode())
)

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

// Decode reads b, which must be exactly one canonical item. The value is an
// int64, []byte, string, bool, nil, float64, []any or map[any]any, and shares no
// memory with b. With an error it is nil.
func Decode(b []byte) (any, error) {
	v, rest, err := DecodeFirst(b)
	if err != nil {
		return nil, err
	}
	if len(rest) > 0 {
		return nil, fmt.Errorf("cbor: %d bytes follow the item", len(rest))
	}
	return v, nil
}

// DecodeFirst reads the canonical item at the start of b, as Decode does, and
// returns what follows it: the item's own bytes are b[:len(b)-len(rest)]. With
// an error both are nil.
func DecodeFirst(b []byte) (v any, rest []byte, err error) {
	limited := b[:min(len(b), MaxBytes)]
	left, err := decoding.UnmarshalFirst(limited, &v)
	if err != nil {
		return nil, nil, explain(err, len(limited) < len(b))
	}
	n := len(limited) - len(left)
	again, err := encoding.Marshal(v)
	if err != nil || !bytes.Equal(again, b[:n]) {
		return nil, nil, errors.New("cbor: the item is not in canonical form")
	}
	return v, b[n:], nil
}

// Encode writes v, made of the types that Decode returns, as one canonical item.
func Encode(v any) ([]byte, error) {
	b, err := encoding.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("cbor: %T cannot be encoded", v)
	}
	return b, nil
}

// Describe says in two or three words what kind of value v is.
func Describe(v any) string {
	switch v.(type) {
	case int64:
		return "an integer"
	case []byte:
		return "a byte string"
	case string:
		return "a text string"
	case bool:
		return "a boolean"
	case nil:
		return "null"
	case float64:
		return "a floating-point number"
	case []any:
		return "an array"
	case map[any]any:
		return "a map"
	default:
		return "no CBOR value"
	}
}

// explain puts the library's error in words of ours. Only texts that hold no
// piece of the input pass: the library quotes a duplicate key whole.
func explain(err error, cut bool) error {
	if cut {
		return fmt.Errorf("cbor: the item is malformed or longer than %d bytes", MaxBytes)
	}
	if _, ok := errors.AsType[*cbor.DupMapKeyError](err); ok {
		return errors.New("cbor: a map has the same key twice")
	}
	if _, ok := errors.AsType[*cbor.InvalidMapKeyTypeError](err); ok {
		return errors.New("cbor: a map key is neither an integer nor a text string")
	}
	if _, ok := errors.AsType[*cbor.UnmarshalTypeError](err); ok {
		return errors.New("cbor: an integer does not fit in 64 bits with its sign")
	}
	return errors.New("cbor: " + strings.TrimPrefix(err.Error(), "cbor: "))
}
