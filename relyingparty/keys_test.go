package relyingparty_test

import (
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"math/big"

	"github.com/hitherauth/hither/webauthn/webauthntest"
)

func sum(s string) []byte {
	h := sha256.Sum256([]byte(s))
	return h[:]
}

// modulus is an odd number of exactly that many bits; nobody knows its factors,
// which a registration without a statement does not need.
func modulus(bits int) webauthntest.CBOR {
	n := new(big.Int).Lsh(big.NewInt(1), uint(bits-1))
	return webauthntest.CBORBytes(n.SetBit(n, 0, 1).Bytes())
}

// rsaCOSE is an RSA key with some members changed; nil leaves one out.
func rsaCOSE(members map[int64]webauthntest.CBOR) webauthntest.CBORObject {
	key := webauthntest.CBORObject{
		{Key: webauthntest.CBORInt(1), Value: webauthntest.CBORInt(3)},
		{Key: webauthntest.CBORInt(3), Value: webauthntest.CBORInt(-257)},
		{Key: webauthntest.CBORInt(-1), Value: modulus(2048)},
		{Key: webauthntest.CBORInt(-2), Value: webauthntest.CBORBytes([]byte{1, 0, 1})},
	}
	for label, value := range members {
		if value == nil {
			key.Delete(webauthntest.CBORInt(label))
			continue
		}
		key.Set(webauthntest.CBORInt(label), value)
	}
	return key
}

// rsaKey puts such a key into a registration in place of the authenticator's own.
func rsaKey(members map[int64]webauthntest.CBOR) regEdit {
	return func(r *webauthntest.Registration) { r.AuthenticatorData.Attested.Key = rsaCOSE(members) }
}

// smallOrderPoints are the encodings of points of order 1, 2, 4 and 8 on
// edwards25519, and encodings that are not the only one of their point.
func smallOrderPoints() map[string][]byte {
	p, _ := new(big.Int).SetString("7fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffed", 16)
	little := func(n *big.Int) []byte {
		b := n.FillBytes(make([]byte, 32))
		for i, j := 0, 31; i < j; i, j = i+1, j-1 {
			b[i], b[j] = b[j], b[i]
		}
		return b
	}
	order8, _ := hex.DecodeString("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05")
	order8other, _ := hex.DecodeString("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a")
	negativeZero := little(big.NewInt(1))
	negativeZero[31] |= 0x80
	return map[string][]byte{
		"order_1":               little(big.NewInt(1)),
		"order_2":               little(new(big.Int).Sub(p, big.NewInt(1))),
		"order_4":               little(big.NewInt(0)),
		"order_8":               order8,
		"order_8_other":         order8other,
		"order_1_not_reduced":   little(new(big.Int).Add(p, big.NewInt(1))),
		"order_4_not_reduced":   little(p),
		"order_1_negative_zero": negativeZero,
		"y_3_not_reduced":       little(new(big.Int).Add(p, big.NewInt(3))),
	}
}

// rsaPublicKey is the SubjectPublicKeyInfo of an RSA key of that size.
func rsaPublicKey(bits int) []byte {
	n := new(big.Int).Lsh(big.NewInt(1), uint(bits-1))
	der, err := x509.MarshalPKIXPublicKey(&rsa.PublicKey{N: n.SetBit(n, 0, 1), E: 65537})
	if err != nil {
		panic(err) // any odd number will do
	}
	return der
}
