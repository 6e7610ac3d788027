package relyingparty_test

import (
	"math/big"
	"testing"

	"github.com/hitherauth/hither/relyingparty"
	"github.com/hitherauth/hither/webauthn/webauthntest"
)

type wycheproof struct {
	TestGroups []struct {
		PublicKey struct {
			WX       string   `json:"wx"`
			WY       string   `json:"wy"`
			Point    hexBytes `json:"pk"`
			Modulus  string   `json:"modulus"`
			Exponent string   `json:"publicExponent"`
		} `json:"publicKey"`
		Tests []struct {
			ID        int      `json:"tcId"`
			Comment   string   `json:"comment"`
			Message   hexBytes `json:"msg"`
			Signature hexBytes `json:"sig"`
			Result    string   `json:"result"`
		} `json:"tests"`
	} `json:"testGroups"`
}

// wycheproofFile says how a file's keys become COSE keys.
type wycheproofFile struct {
	name      string
	algorithm int64
	curve     int64 // zero: RSA
	size      int   // of a coordinate
	negative  bool  // signatures in a form that WebAuthn does not have
	count     int
}

// Wycheproof signs messages of its own, which no authenticator data and hash of
// client data add up to. So the vectors enter where FinishAuthentication has put
// the signed bytes together (AST-03). "acceptable" is pinned to: refused.
func TestHostileVectorsWycheproof(t *testing.T) {
	t.Parallel()
	for _, file := range []wycheproofFile{
		{name: "ecdsa_secp256r1_sha256_test", algorithm: -7, curve: 1, size: 32, count: 484},
		{name: "ecdsa_secp384r1_sha384_test", algorithm: -35, curve: 2, size: 48, count: 504},
		{name: "ecdsa_secp521r1_sha512_test", algorithm: -36, curve: 3, size: 66, count: 542},
		{name: "ed25519_test", algorithm: -8, curve: 6, count: 151},
		{name: "rsa_signature_2048_sha256_test", algorithm: -257, count: 259},
		{name: "rsa_signature_3072_sha256_test", algorithm: -257, count: 259},
		{name: "rsa_signature_4096_sha256_test", algorithm: -257, count: 258},
		{name: "ecdsa_secp256r1_sha256_p1363_test", algorithm: -7, curve: 1, size: 32, negative: true, count: 262},
	} {
		t.Run("AST-03_"+file.name, func(t *testing.T) {
			t.Parallel()
			file.run(t)
		})
	}
}

func (f wycheproofFile) run(t *testing.T) {
	t.Helper()
	var vectors wycheproof
	readVectors(t, "wycheproof/"+f.name+".json", &vectors)
	right, valid, refused := 0, 0, 0
	for _, group := range vectors.TestGroups {
		key := f.key(group.PublicKey.WX, group.PublicKey.WY, group.PublicKey.Modulus, group.PublicKey.Exponent, group.PublicKey.Point)
		for _, test := range group.Tests {
			want := accepted
			if test.Result != "valid" || f.negative {
				want = string(relyingparty.CheckSignature)
			}
			err := relyingparty.VerifySignature(key, test.Message, test.Signature)
			if got := verdict(err); got != want {
				t.Errorf("%d (%s, %s): %s, want %s (error: %v)", test.ID, test.Comment, test.Result, got, want, err)
				continue
			}
			right++
			if err == nil {
				valid++
			} else {
				refused++
			}
		}
	}
	if right != f.count {
		t.Errorf("%d as expected, want %d", right, f.count)
	}
	t.Logf("wycheproof: %s: %d of %d as expected (%d accepted, %d refused)", f.name, right, f.count, valid, refused)
}

func (f wycheproofFile) key(x, y, n, e string, point []byte) []byte {
	number := func(text string, size int) webauthntest.CBOR {
		v, ok := new(big.Int).SetString(text, 16)
		if !ok {
			return nil
		}
		if size == 0 {
			return webauthntest.CBORBytes(v.Bytes())
		}
		return webauthntest.CBORBytes(v.FillBytes(make([]byte, size)))
	}
	integer := webauthntest.CBORInt
	switch {
	case f.curve == 0:
		return webauthntest.CBORMap(integer(1), integer(3), integer(3), integer(f.algorithm), integer(-1), number(n, 0), integer(-2), number(e, 0))
	case f.size == 0:
		return webauthntest.CBORMap(integer(1), integer(1), integer(3), integer(f.algorithm), integer(-1), integer(f.curve), integer(-2), webauthntest.CBORBytes(point))
	}
	return webauthntest.CBORMap(integer(1), integer(2), integer(3), integer(f.algorithm), integer(-1), integer(f.curve), integer(-2), number(x, f.size), integer(-3), number(y, f.size))
}
