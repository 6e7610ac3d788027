package webauthn

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/x509"
	"errors"
	"fmt"
	"math/big"
	"slices"
)

// Curves by their numbers in [RFC 9053 §7.1].
//
// [RFC 9053 §7.1]: https://www.rfc-editor.org/rfc/rfc9053#section-7.1
const (
	curveP256    = 1
	curveP384    = 2
	curveP521    = 3
	curveEd25519 = 6
)

// maxRSAModulus is the longest RSA modulus, in bytes, that is turned into another form.
const maxRSAModulus = 1024

// SubjectPublicKeyInfo returns k in DER, as clients hand it out beside the
// attestation object ([WebAuthn L3 §5.2.1.1]). It is nil when the algorithm is
// none of the constants here, and an error when the key does not suit its
// algorithm or is no point on its curve. That the key is a good one is for
// package relyingparty to say.
//
// [WebAuthn L3 §5.2.1.1]: https://www.w3.org/TR/webauthn-3/#sctn-public-key-easy
func (k COSEKey) SubjectPublicKeyInfo() ([]byte, error) {
	key, err := k.publicKey()
	if err != nil {
		return nil, within("", err)
	}
	if key == nil {
		return nil, nil
	}
	der, err := x509.MarshalPKIXPublicKey(key)
	return der, within("", err)
}

// publicKey returns the key as the standard library has it, nil when the
// algorithm is not known.
func (k COSEKey) publicKey() (any, error) {
	switch k.Algorithm {
	case ES256:
		return k.ecdsa(curveP256, elliptic.P256())
	case ES384:
		return k.ecdsa(curveP384, elliptic.P384())
	case ES512:
		return k.ecdsa(curveP521, elliptic.P521())
	case EdDSA:
		if k.KeyType != keyTypeOKP || k.Curve != curveEd25519 || len(k.X) != ed25519.PublicKeySize {
			return nil, k.unsuitable()
		}
		return ed25519.PublicKey(k.X), nil
	case RS256:
		if k.KeyType != keyTypeRSA || len(k.N) > maxRSAModulus {
			return nil, k.unsuitable()
		}
		n, e := new(big.Int).SetBytes(k.N), new(big.Int).SetBytes(k.E)
		if n.Sign() == 0 || e.BitLen() > 31 || e.Int64() < 2 {
			return nil, k.unsuitable()
		}
		return &rsa.PublicKey{N: n, E: int(e.Int64())}, nil
	default:
		return nil, nil
	}
}

func (k COSEKey) ecdsa(number int64, curve elliptic.Curve) (any, error) {
	size := (curve.Params().BitSize + 7) / 8
	if k.KeyType != keyTypeEC2 || k.Curve != number || len(k.X) != size || len(k.Y) != size {
		return nil, k.unsuitable()
	}
	key, err := ecdsa.ParseUncompressedPublicKey(curve, slices.Concat([]byte{4}, k.X, k.Y))
	if err != nil {
		return nil, errors.New("the point is not on the curve")
	}
	return key, nil
}

func (k COSEKey) unsuitable() error {
	return fmt.Errorf("key type %d with curve %d and its members do not suit algorithm %d", k.KeyType, k.Curve, int64(k.Algorithm))
}
