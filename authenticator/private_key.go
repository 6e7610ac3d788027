package authenticator

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"io"

	"github.com/hitherauth/hither/internal/cbor"
	"github.com/hitherauth/hither/internal/secret"
	"github.com/hitherauth/hither/webauthn"
)

// privateKeySize is the length of a [PrivateKey] in bytes, whatever its algorithm.
const privateKeySize = 32

// Labels and values of COSE keys, RFC 9053 §7.
const (
	coseKeyType   = int64(1)
	coseAlgorithm = int64(3)
	coseCurve     = int64(-1)
	coseX         = int64(-2)
	coseY         = int64(-3)

	keyTypeOKP   = int64(1)
	keyTypeEC2   = int64(2)
	curveP256    = int64(1)
	curveEd25519 = int64(6)
)

var errAlgorithm = errors.New("authenticator: a private key is for ES256 or EdDSA")

// PrivateKey signs with a credential: the scalar of ES256 or the seed of EdDSA.
// It does not print, and it cannot be compared with ==; use Equal. The zero
// value signs nothing.
type PrivateKey struct {
	hidden[[privateKeySize]byte]
	algorithm webauthn.Algorithm
}

// generatePrivateKey makes a key from random.
func generatePrivateKey(algorithm webauthn.Algorithm, random io.Reader) (PrivateKey, error) {
	var b [privateKeySize]byte
	// One scalar in 2^32 is out of the curve's range; a reader that gives no
	// other is broken.
	for range 4 {
		if _, err := io.ReadFull(random, b[:]); err != nil {
			return PrivateKey{}, fmt.Errorf("authenticator: reading randomness: %w", err)
		}
		k, err := ParsePrivateKey(algorithm, b[:])
		if err == nil || errors.Is(err, errAlgorithm) {
			return k, err
		}
	}
	return PrivateKey{}, errors.New("authenticator: no private key comes out of the randomness")
}

// ParsePrivateKey reads what Bytes returned: 32 bytes, for ES256 a scalar of
// P-256, big-endian.
func ParsePrivateKey(algorithm webauthn.Algorithm, b []byte) (PrivateKey, error) {
	if len(b) != privateKeySize {
		return PrivateKey{}, fmt.Errorf("authenticator: a private key is %d bytes long, not %d", privateKeySize, len(b))
	}
	switch algorithm {
	case webauthn.ES256:
		if _, err := ecdsa.ParseRawPrivateKey(elliptic.P256(), b); err != nil {
			return PrivateKey{}, errors.New("authenticator: the private key is no scalar of P-256")
		}
	case webauthn.EdDSA:
	default:
		return PrivateKey{}, errAlgorithm
	}
	return PrivateKey{secret.Hide([privateKeySize]byte(b)), algorithm}, nil
}

// Algorithm is ES256 or EdDSA; 0 for the zero value.
func (k PrivateKey) Algorithm() webauthn.Algorithm { return k.algorithm }

// Bytes gives a copy of the key up. What it returns prints.
func (k PrivateKey) Bytes() []byte {
	b := secret.Reveal(k.hidden)
	return b[:]
}

// Equal compares in constant time.
func (k PrivateKey) Equal(other PrivateKey) bool {
	return k.algorithm == other.algorithm && subtle.ConstantTimeCompare(k.Bytes(), other.Bytes()) == 1
}

// Sign signs message: for ES256 its SHA-256, as DER; for EdDSA the message itself.
func (k PrivateKey) Sign(message []byte) ([]byte, error) {
	switch k.algorithm {
	case webauthn.ES256:
		key, err := k.ecdsa()
		if err != nil {
			return nil, err
		}
		digest := sha256.Sum256(message)
		return key.Sign(rand.Reader, digest[:], crypto.SHA256)
	case webauthn.EdDSA:
		return ed25519.Sign(ed25519.NewKeyFromSeed(k.Bytes()), message), nil
	default:
		return nil, errAlgorithm
	}
}

// PublicKey returns the credential public key, WebAuthn L3 §6.5.1.1.
func (k PrivateKey) PublicKey() (webauthn.COSEKey, error) {
	members := map[any]any{coseAlgorithm: int64(k.algorithm)}
	switch k.algorithm {
	case webauthn.ES256:
		key, err := k.ecdsa()
		if err != nil {
			return webauthn.COSEKey{}, err
		}
		point, err := key.PublicKey.Bytes() // 4 ‖ X ‖ Y
		if err != nil {
			return webauthn.COSEKey{}, fmt.Errorf("authenticator: %w", err)
		}
		members[coseKeyType], members[coseCurve] = keyTypeEC2, curveP256
		members[coseX], members[coseY] = point[1:33], point[33:]
	case webauthn.EdDSA:
		public := ed25519.NewKeyFromSeed(k.Bytes())[ed25519.SeedSize:]
		members[coseKeyType], members[coseCurve] = keyTypeOKP, curveEd25519
		members[coseX] = []byte(public)
	default:
		return webauthn.COSEKey{}, errAlgorithm
	}
	raw, err := cbor.Encode(members)
	if err != nil {
		return webauthn.COSEKey{}, fmt.Errorf("authenticator: %w", err)
	}
	return webauthn.ParseCOSEKey(raw)
}

func (k PrivateKey) ecdsa() (*ecdsa.PrivateKey, error) {
	key, err := ecdsa.ParseRawPrivateKey(elliptic.P256(), k.Bytes())
	if err != nil {
		return nil, errors.New("authenticator: the private key is no scalar of P-256")
	}
	return key, nil
}
