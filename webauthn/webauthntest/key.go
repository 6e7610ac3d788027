package webauthntest

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	_ "crypto/sha512" // makes crypto.SHA384 and crypto.SHA512 known
	"errors"
	"fmt"
	"io"
	"math/big"

	"github.com/hitherauth/hither/webauthn"
)

// Labels of a COSE key (RFC 9052 §7.1, RFC 9053 §7, RFC 8230 §4) as they stand in [AttestedCredential].Key.
const (
	COSEKeyType   int64 = 1
	COSEAlgorithm int64 = 3
	COSECurve     int64 = -1 // EC2, OKP
	COSEX         int64 = -2 // EC2, OKP
	COSEY         int64 = -3 // EC2
	COSEModulus   int64 = -1 // RSA
	COSEExponent  int64 = -2 // RSA
)

// hashes returns the hash of an algorithm's signatures (zero for EdDSA) and whether the algorithm is known here.
func hashes(alg webauthn.Algorithm) (crypto.Hash, bool) {
	switch alg {
	case webauthn.ES256, webauthn.RS256:
		return crypto.SHA256, true
	case webauthn.ES384:
		return crypto.SHA384, true
	case webauthn.ES512:
		return crypto.SHA512, true
	case webauthn.EdDSA:
		return 0, true
	}
	return 0, false
}

// newKey makes a private key for an algorithm.
func (a *Authenticator) newKey(alg webauthn.Algorithm) (crypto.Signer, error) {
	switch alg {
	case webauthn.ES256, webauthn.ES384, webauthn.ES512:
		return newECKey(a.random, alg)
	case webauthn.EdDSA:
		seed, err := a.bytes(ed25519.SeedSize)
		if err != nil {
			return nil, err
		}
		return ed25519.NewKeyFromSeed(seed), nil
	case webauthn.RS256:
		return a.rsaKey()
	}
	return nil, ErrNoAlgorithm
}

// newECKey makes a private key from the octets of random, which the constructors of crypto/ecdsa no longer do.
func newECKey(random io.Reader, alg webauthn.Algorithm) (crypto.Signer, error) {
	var curve elliptic.Curve
	switch alg {
	case webauthn.ES384:
		curve = elliptic.P384()
	case webauthn.ES512:
		curve = elliptic.P521()
	default:
		curve = elliptic.P256()
	}
	if random == rand.Reader {
		return ecdsa.GenerateKey(curve, random)
	}
	bits := curve.Params().BitSize
	scalar := make([]byte, (bits+7)/8)
	for range 64 {
		if _, err := io.ReadFull(random, scalar); err != nil {
			return nil, fmt.Errorf("webauthntest: reading randomness: %w", err)
		}
		if bits%8 != 0 {
			scalar[0] &= 1<<(bits%8) - 1
		}
		if key, err := ecdsa.ParseRawPrivateKey(curve, scalar); err == nil {
			return key, nil
		}
	}
	return nil, errors.New("webauthntest: no private key in 64 readings of Rand")
}

// sign signs input as an algorithm does. With randomness of the test's own the signature repeats itself.
func (a *Authenticator) sign(key crypto.Signer, alg webauthn.Algorithm, input []byte) ([]byte, error) {
	hash, known := hashes(alg)
	if !known {
		return nil, ErrNoAlgorithm
	}
	random := rand.Reader
	if a.config.Rand != nil {
		random = nil
	}
	digest := input
	if hash != 0 {
		h := hash.New()
		h.Write(input)
		digest = h.Sum(nil)
	}
	signature, err := key.Sign(random, digest, hash)
	if err != nil {
		return nil, fmt.Errorf("webauthntest: signing: %w", err)
	}
	return signature, nil
}

// COSEKey writes a public key as a COSE key in canonical order. The algorithm stands in it as given, fitting or not.
func COSEKey(public crypto.PublicKey, alg webauthn.Algorithm) (CBORObject, error) {
	var key CBORObject
	add := func(label int64, value CBOR) { key.Add(CBORInt(label), value) }
	switch p := public.(type) {
	case *ecdsa.PublicKey:
		point, err := p.Bytes() // 04 ‖ x ‖ y
		if err != nil {
			return nil, fmt.Errorf("webauthntest: COSE key: %w", err)
		}
		half := len(point) / 2
		add(COSEKeyType, CBORInt(2))
		add(COSEAlgorithm, CBORInt(int64(alg)))
		add(COSECurve, CBORInt(coseCurve(p.Curve)))
		add(COSEX, CBORBytes(point[1:1+half]))
		add(COSEY, CBORBytes(point[1+half:]))
	case ed25519.PublicKey:
		add(COSEKeyType, CBORInt(1))
		add(COSEAlgorithm, CBORInt(int64(alg)))
		add(COSECurve, CBORInt(6))
		add(COSEX, CBORBytes(p))
	case *rsa.PublicKey:
		add(COSEKeyType, CBORInt(3))
		add(COSEAlgorithm, CBORInt(int64(alg)))
		add(COSEModulus, CBORBytes(p.N.Bytes()))
		add(COSEExponent, CBORBytes(big.NewInt(int64(p.E)).Bytes()))
	default:
		return nil, fmt.Errorf("webauthntest: COSE key: cannot write a %T", public)
	}
	return key, nil
}

// coseCurve numbers the curves of RFC 9053 §7.1.
func coseCurve(c elliptic.Curve) int64 {
	switch c {
	case elliptic.P384():
		return 2
	case elliptic.P521():
		return 3
	}
	return 1
}
