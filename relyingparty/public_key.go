package relyingparty

import (
	"bytes"
	"crypto/ecdh"
	"errors"
	"fmt"
	"math/big"

	"filippo.io/edwards25519"
	"github.com/go-webauthn/webauthn/protocol/webauthncose"

	"github.com/hitherauth/hither/webauthn"
)

// Sizes of an RSA modulus in bits. The upper bound bounds the cost of a
// verification.
const (
	minRSABits = 2048
	maxRSABits = 4096
)

// COSE key types and curves (RFC 9053 §7, RFC 8230 §4).
const (
	keyTypeOKP = 1
	keyTypeEC2 = 2
	keyTypeRSA = 3

	curveP256    = 1
	curveP384    = 2
	curveP521    = 3
	curveEd25519 = 6
)

func knownAlgorithm(a webauthn.Algorithm) bool {
	switch a {
	case webauthn.EdDSA, webauthn.ES256, webauthn.ES384, webauthn.ES512, webauthn.RS256:
		return true
	}
	return false
}

// verificationKey judges a key and turns it into the form that
// webauthncose.VerifySignature takes. Each algorithm has one key type and one
// curve ([WebAuthn L3 §5.8.5]); a point must be on its curve.
//
// [WebAuthn L3 §5.8.5]: https://www.w3.org/TR/webauthn-3/#sctn-alg-identifier
func verificationKey(k webauthn.COSEKey) (any, error) {
	switch k.Algorithm {
	case webauthn.ES256:
		return ecdsaKey(k, curveP256, 32, ecdh.P256())
	case webauthn.ES384:
		return ecdsaKey(k, curveP384, 48, ecdh.P384())
	case webauthn.ES512:
		return ecdsaKey(k, curveP521, 66, ecdh.P521())
	case webauthn.EdDSA:
		return ed25519Key(k)
	case webauthn.RS256:
		return rsaKey(k)
	}
	return nil, fmt.Errorf("algorithm %d is not supported", int64(k.Algorithm))
}

func publicKeyData(k webauthn.COSEKey) webauthncose.PublicKeyData {
	return webauthncose.PublicKeyData{KeyType: k.KeyType, Algorithm: int64(k.Algorithm)}
}

func ecdsaKey(k webauthn.COSEKey, curve int64, size int, points ecdh.Curve) (any, error) {
	if k.KeyType != keyTypeEC2 || k.Curve != curve {
		return nil, fmt.Errorf("key type %d with curve %d does not suit algorithm %d", k.KeyType, k.Curve, int64(k.Algorithm))
	}
	if len(k.X) != size || len(k.Y) != size {
		return nil, fmt.Errorf("coordinates of %d and %d bytes are not %d bytes long", len(k.X), len(k.Y), size)
	}
	point := make([]byte, 0, 1+2*size)
	point = append(point, 4) // uncompressed
	point = append(point, k.X...)
	point = append(point, k.Y...)
	if _, err := points.NewPublicKey(point); err != nil {
		return nil, errors.New("the point is not on the curve")
	}
	return webauthncose.EC2PublicKeyData{PublicKeyData: publicKeyData(k), Curve: k.Curve, XCoord: k.X, YCoord: k.Y}, nil
}

// ed25519Key refuses what the standard library lets pass: an encoding that is
// not the point's only one, and points of small order, under which a signature
// can hold for messages that nobody signed.
func ed25519Key(k webauthn.COSEKey) (any, error) {
	if k.KeyType != keyTypeOKP || k.Curve != curveEd25519 {
		return nil, fmt.Errorf("key type %d with curve %d does not suit algorithm %d", k.KeyType, k.Curve, int64(k.Algorithm))
	}
	if len(k.X) != 32 {
		return nil, fmt.Errorf("a coordinate of %d bytes is not 32 bytes long", len(k.X))
	}
	point, err := new(edwards25519.Point).SetBytes(k.X)
	if err != nil || !bytes.Equal(point.Bytes(), k.X) {
		return nil, errors.New("not the encoding of a point on the curve")
	}
	if new(edwards25519.Point).MultByCofactor(point).Equal(edwards25519.NewIdentityPoint()) == 1 {
		return nil, errors.New("a point of small order")
	}
	return webauthncose.OKPPublicKeyData{PublicKeyData: publicKeyData(k), Curve: k.Curve, XCoord: k.X}, nil
}

func rsaKey(k webauthn.COSEKey) (any, error) {
	if k.KeyType != keyTypeRSA {
		return nil, fmt.Errorf("key type %d does not suit algorithm %d", k.KeyType, int64(k.Algorithm))
	}
	if len(k.N) > maxRSABits/8 {
		return nil, fmt.Errorf("a modulus of %d bytes is longer than %d bits", len(k.N), maxRSABits)
	}
	n := new(big.Int).SetBytes(k.N)
	switch {
	case len(k.N) == 0 || k.N[0] == 0 || len(k.E) == 0 || k.E[0] == 0:
		return nil, errors.New("an RSA number is empty or has leading zeros")
	case n.BitLen() < minRSABits:
		return nil, fmt.Errorf("a modulus of %d bits is shorter than %d bits", n.BitLen(), minRSABits)
	case n.Bit(0) == 0:
		return nil, errors.New("the modulus is even")
	case len(k.E) > 4 || k.E[len(k.E)-1]&1 == 0 || (len(k.E) == 1 && k.E[0] < 3) || (len(k.E) == 4 && k.E[0]&0x80 != 0):
		return nil, errors.New("the exponent is not an odd number between 3 and 2^31")
	}
	return webauthncose.RSAPublicKeyData{PublicKeyData: publicKeyData(k), Modulus: k.N, Exponent: k.E}, nil
}

// checkNewKey holds new RSA keys to the one exponent that authenticators use.
// Divergence: WebAuthn takes any. A stored key with another one goes on working:
// verification with a small exponent is sound, only its makers are suspect.
func checkNewKey(k webauthn.COSEKey) error {
	if k.Algorithm == webauthn.RS256 && !bytes.Equal(k.E, []byte{1, 0, 1}) {
		return errors.New("the exponent of an RSA key is not 65537")
	}
	return nil
}
