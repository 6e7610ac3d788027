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
// the simple values are false, true and null, and a map key is no container; nor
// is it a byte string, except in a [Message].
//
// How large an item may be depends on who sent it: see [Profile]. What the bytes
// mean is not known here: packages webauthn and ctap2 give them names.
//
// [CTAP 2.2 §8]: https://fidoalliance.org/specs/fido-v2.2-ps-20250714/fido-client-to-authenticator-protocol-v2.2-ps-20250714.html#message-encoding
package cbor

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/fxamacker/cbor/v2"
)

// Decode reads b, which must be exactly one canonical item of the profile
// [Ceremony]. The value is an int64, []byte, string, bool, nil, float64, []any or
// map[any]any, and shares no memory with b. With an error it is nil.
func Decode(b []byte) (any, error) { return Ceremony.Decode(b) }

// DecodeFirst reads the canonical item at the start of b, as Decode does, and
// returns what follows it: the item's own bytes are b[:len(b)-len(rest)]. With
// an error both are nil.
func DecodeFirst(b []byte) (v any, rest []byte, err error) { return Ceremony.DecodeFirst(b) }

// Decode reads b, which must be exactly one canonical item within the profile's
// limits. The value is what [Decode] returns; in a [Message] a map key may be a
// [ByteString] too. The error is [ErrLimit] when the item is too large, and not
// looked at any further. With an error the value is nil.
func (p Profile) Decode(b []byte) (any, error) {
	v, rest, err := p.DecodeFirst(b)
	if err != nil {
		return nil, err
	}
	if len(rest) > 0 {
		return nil, fmt.Errorf("cbor: %d bytes follow the item", len(rest))
	}
	return v, nil
}

// DecodeFirst is to Decode what the functions of these names are to each other.
func (p Profile) DecodeFirst(b []byte) (v any, rest []byte, err error) {
	limits := p.Limits()
	limited := b[:min(len(b), limits.Bytes)]
	if moreItems(limited, limits.Items) {
		return nil, nil, fmt.Errorf("%w: more than %d items in one", ErrLimit, limits.Items)
	}
	left, err := decoding[p].UnmarshalFirst(limited, &v)
	if err != nil {
		if len(limited) < len(b) && errors.Is(err, io.ErrUnexpectedEOF) {
			return nil, nil, fmt.Errorf("%w: longer than %d bytes", ErrLimit, limits.Bytes)
		}
		return nil, nil, explain(err)
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
func explain(err error) error {
	if _, ok := errors.AsType[*cbor.DupMapKeyError](err); ok {
		return errors.New("cbor: a map has the same key twice")
	}
	if _, ok := errors.AsType[*cbor.InvalidMapKeyTypeError](err); ok {
		return errors.New("cbor: a map key is of a kind that is not allowed")
	}
	if _, ok := errors.AsType[*cbor.UnmarshalTypeError](err); ok {
		return errors.New("cbor: an integer does not fit in 64 bits with its sign")
	}
	text := strings.TrimPrefix(err.Error(), "cbor: ")
	_, elements := errors.AsType[*cbor.MaxArrayElementsError](err)
	_, pairs := errors.AsType[*cbor.MaxMapPairsError](err)
	if elements || pairs {
		return fmt.Errorf("%w: %s", ErrLimit, text)
	}
	return errors.New("cbor: " + text)
}
