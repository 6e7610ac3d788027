package webauthn

import (
	"errors"
	"fmt"

	"github.com/hitherauth/hither/internal/cbor"
)

// COSE key types, [RFC 9053 §7] and [RFC 8230 §4].
//
// [RFC 9053 §7]: https://www.rfc-editor.org/rfc/rfc9053#section-7
// [RFC 8230 §4]: https://www.rfc-editor.org/rfc/rfc8230#section-4
const (
	keyTypeOKP = 1
	keyTypeEC2 = 2
	keyTypeRSA = 3
)

// Labels of the members of a COSE key. Those below zero depend on its type.
const (
	labelKeyType   = int64(1)
	labelAlgorithm = int64(3)
	labelCurve     = int64(-1)
	labelX         = int64(-2)
	labelY         = int64(-3)
	labelN         = int64(-1)
	labelE         = int64(-2)
)

// COSEKey is a credential public key, [WebAuthn L3 §6.5.1.1], split into its
// members and not judged: whether the algorithm is wanted, the curve fits it and
// the point is on the curve is for package relyingparty to say.
//
// [WebAuthn L3 §6.5.1.1]: https://www.w3.org/TR/webauthn-3/#sctn-encoded-credPubKey-examples
type COSEKey struct {
	Raw       []byte // canonical CBOR; what a relying party stores
	KeyType   int64  // 1 OKP, 2 EC2, 3 RSA; of other types only Raw and Algorithm are read
	Algorithm Algorithm
	Curve     int64  // EC2, OKP
	X, Y      []byte // EC2; OKP has X only
	N, E      []byte // RSA, big-endian
}

// ParseCOSEKey reads b, which must be exactly one COSE key: a canonical CBOR map
// with integer labels, a key type, an algorithm and the members that its type
// demands. Other members are left in Raw. The result keeps b, which must not be
// changed afterwards.
func ParseCOSEKey(b []byte) (COSEKey, error) {
	key, rest, err := parseFirstCOSEKey(b)
	if err != nil {
		return COSEKey{}, within("", err)
	}
	if len(rest) > 0 {
		return COSEKey{}, malformed("", "%d bytes follow the key", len(rest))
	}
	return key, nil
}

// parseFirstCOSEKey reads the key at the start of b and returns what follows it.
func parseFirstCOSEKey(b []byte) (COSEKey, []byte, error) {
	v, rest, err := cbor.DecodeFirst(b)
	if err != nil {
		return COSEKey{}, nil, err
	}
	members, ok := v.(map[any]any)
	if !ok {
		return COSEKey{}, nil, fmt.Errorf("%s instead of a map", cbor.Describe(v))
	}
	for label := range members {
		if _, ok := label.(int64); !ok {
			return COSEKey{}, nil, fmt.Errorf("a label is %s instead of an integer", cbor.Describe(label))
		}
	}
	n := len(b) - len(rest)
	r := coseReader{members: members}
	key := COSEKey{
		Raw:       b[:n:n],
		KeyType:   r.integer("kty", labelKeyType),
		Algorithm: Algorithm(r.integer("alg", labelAlgorithm)),
	}
	switch key.KeyType {
	case keyTypeOKP:
		key.Curve = r.integer("crv", labelCurve)
		key.X = r.bytes("x", labelX)
	case keyTypeEC2:
		key.Curve = r.integer("crv", labelCurve)
		key.X = r.bytes("x", labelX)
		key.Y = r.bytes("y", labelY)
	case keyTypeRSA:
		key.N = r.bytes("n", labelN)
		key.E = r.bytes("e", labelE)
	}
	if r.err != nil {
		return COSEKey{}, nil, r.err
	}
	return key, rest, nil
}

// coseReader takes members out of a COSE key and keeps the first error.
type coseReader struct {
	members map[any]any
	err     error
}

func (r *coseReader) integer(name string, label int64) int64 {
	n, ok := r.members[label].(int64)
	if !ok {
		r.refuse(name, label, "an integer")
	}
	return n
}

func (r *coseReader) bytes(name string, label int64) []byte {
	b, ok := r.members[label].([]byte)
	if !ok {
		r.refuse(name, label, "a byte string")
	}
	return b
}

func (r *coseReader) refuse(name string, label int64, want string) {
	if r.err != nil {
		return
	}
	v, present := r.members[label]
	if !present {
		r.err = within(name, errMissing)
		return
	}
	r.err = within(name, errors.New(cbor.Describe(v)+" instead of "+want))
}
