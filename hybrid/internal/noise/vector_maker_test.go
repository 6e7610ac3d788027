package noise_test

import (
	"bytes"
	"crypto/ecdh"
	"crypto/elliptic"
	"crypto/sha256"
	"math/big"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/hitherauth/hither/hybrid/internal/noise"
)

// seededKey is a private key that is the same each time, and looks like any other.
func seededKey(seed string) *ecdh.PrivateKey {
	sum := sha256.Sum256([]byte(seed))
	key, err := ecdh.P256().NewPrivateKey(sum[:])
	if err != nil {
		panic(err)
	}
	return key
}

func seededKeys(pattern, seed string) keys {
	return keys{
		pattern: pattern, static: seededKey(seed + " static"), psk: sha256.Sum256([]byte(seed + " psk")),
		initiator: seededKey(seed + " initiator"), responder: seededKey(seed + " responder"),
	}
}

// broken is what can be wrong with a handshake. Both messages begin as they should.
type broken struct {
	name, verdict string
	spoil         func(v *handshakeVector)
}

func otherPattern(pattern string) string {
	return patterns()[1-slices.Index(patterns(), pattern)]
}

// converse has the naive implementation shake hands with itself.
func converse(k keys) (message1, message2 []byte, initiator *naive) {
	initiator = newNaive(k, true)
	message1 = initiator.write(0, k.initiator)
	responder := newNaive(k, false)
	if err := responder.read(0, message1); err != nil {
		panic(err)
	}
	message2 = responder.write(1, k.responder)
	if err := initiator.read(1, message2); err != nil {
		panic(err)
	}
	return message1, message2, initiator
}

// brokenPoints are 65 bytes that are no point, or not in the one form that there is.
func brokenPoints() map[string][]byte {
	good := seededKey("point").PublicKey().Bytes()
	flipped := bytes.Clone(good)
	flipped[64] ^= 1
	hybrid := bytes.Clone(good)
	hybrid[0] = 6 | good[64]&1 // a form of X9.62 that names the parity and gives Y, too
	return map[string][]byte{
		"off_curve":   flipped,
		"infinity":    make([]byte, 65),
		"origin":      append([]byte{4}, make([]byte, 64)...),
		"hybrid_form": hybrid,
		"unreduced":   unreducedPoint(),
	}
}

// unreducedPoint is a point whose X has had the prime added to it.
func unreducedPoint() []byte {
	for x := int64(1); ; x++ {
		compressed := slices.Concat([]byte{2}, big.NewInt(x).FillBytes(make([]byte, 32)))
		if _, y := elliptic.UnmarshalCompressed(elliptic.P256(), compressed); y != nil {
			tooLarge := new(big.Int).Add(naiveP(), big.NewInt(x))
			return slices.Concat([]byte{4}, tooLarge.FillBytes(make([]byte, 32)), y.FillBytes(make([]byte, 32)))
		}
	}
}

func brokenHandshakes() []broken {
	rows := []broken{
		{"psk_other", "message_1", func(v *handshakeVector) { v.keys.psk[0] ^= 1 }},
		{"static_other", "message_1", func(v *handshakeVector) { v.keys.static = seededKey("other") }},
		{"pattern_other", "message_1", func(v *handshakeVector) { v.keys.pattern = otherPattern(v.keys.pattern) }},
		{"answer_as_message_1", "message_1", func(v *handshakeVector) { v.message1 = v.message2 }},
		{"reflected", "message_2", func(v *handshakeVector) { v.message2 = v.message1 }},
		{"payload_in_message_1", "message_1", func(v *handshakeVector) {
			state, err := newFlynn(v.keys, true)
			if err != nil {
				panic(err)
			}
			if v.message1, _, _, err = state.WriteMessage(nil, []byte{1}); err != nil {
				panic(err)
			}
		}},
		{"payload_in_message_2", "message_2", func(v *handshakeVector) {
			state, err := newFlynn(v.keys, false)
			if err != nil {
				panic(err)
			}
			if _, _, _, err = state.ReadMessage(nil, v.message1); err != nil {
				panic(err)
			}
			if v.message2, _, _, err = state.WriteMessage(nil, []byte{1}); err != nil {
				panic(err)
			}
		}},
		{"answer_of_another_handshake", "message_2", func(v *handshakeVector) {
			other := v.keys
			other.initiator = seededKey("other")
			_, v.message2, _ = converse(other)
		}},
	}
	for i, verdict := range []string{"message_1", "message_2"} {
		change := func(name string, with func(m []byte) []byte) {
			rows = append(rows, broken{verdict + "_" + name, verdict, func(v *handshakeVector) {
				m := []*[]byte{&v.message1, &v.message2}[i]
				*m = with(bytes.Clone(*m))
			}})
		}
		change("empty", func([]byte) []byte { return nil })
		change("truncated", func(m []byte) []byte { return m[:len(m)-1] })
		change("extended", func(m []byte) []byte { return append(m, 0) })
		change("tag_bit", func(m []byte) []byte { m[80] ^= 1; return m })
		change("other_point", func(m []byte) []byte { copy(m, seededKey("point").PublicKey().Bytes()); return m })
		change("compressed_point", func(m []byte) []byte {
			return slices.Concat([]byte{2 | m[64]&1}, m[1:33], m[65:])
		})
		for name, point := range brokenPoints() {
			change(name, func(m []byte) []byte { copy(m, point); return m })
		}
	}
	return rows
}

// writeHandshakeVectors makes the vectors from seeds. What all implementations do
// not judge alike is an error and is not written.
func writeHandshakeVectors(t *testing.T) {
	t.Helper()
	old, err := filepath.Glob(filepath.Join("testdata", "vectors", "*.txt"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range old {
		if err := os.Remove(name); err != nil {
			t.Fatal(err)
		}
	}
	for _, pattern := range patterns() {
		prefix := strings.ToLower(pattern[:2]) + "_"
		for _, seed := range []string{"1", "2", "3"} {
			writeHandshakeVector(t, prefix+"valid_"+seed, validVector(pattern, seed))
		}
		for _, row := range brokenHandshakes() {
			v := validVector(pattern, row.name)
			v.comment, v.verdict = "broken: "+row.name, row.verdict
			row.spoil(&v)
			writeHandshakeVector(t, prefix+row.name, v)
		}
	}
}

func validVector(pattern, seed string) handshakeVector {
	v := handshakeVector{comment: "valid", verdict: "accepted", keys: seededKeys(pattern, pattern+" "+seed)}
	var initiator *naive
	v.message1, v.message2, initiator = converse(v.keys)
	send, receive := initiator.split()
	v.hash, v.initiatorKey, v.responderKey = initiator.h, [noise.KeySize]byte(send.key), [noise.KeySize]byte(receive.key)
	return v
}

func writeHandshakeVector(t *testing.T, name string, v handshakeVector) {
	t.Helper()
	for _, end := range implementations() {
		if got, err := v.judge(end); err != nil || got != v.verdict {
			t.Errorf("%s: %s: %q, want %q (error: %v)", name, end.name, got, v.verdict, err)
			return
		}
	}
	if err := os.WriteFile(filepath.Join("testdata", "vectors", name+".txt"), v.file().Append(nil), 0o600); err != nil {
		t.Fatal(err)
	}
}
