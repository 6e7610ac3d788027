package noise_test

import (
	"bytes"
	"testing"

	"github.com/hitherauth/hither/hybrid/internal/noise"
	"github.com/hitherauth/hither/internal/secret/secrettest"
)

func patterns() []string { return []string{"KNpsk0", "NKpsk0"} }

// Three implementations, this package, the naive one of these tests and flynn/noise,
// shake hands in both roles and then talk.
func TestImplementationsAgree(t *testing.T) {
	t.Parallel()
	for _, pattern := range patterns() {
		for _, initiator := range implementations() {
			for _, responder := range implementations() {
				t.Run(pattern+"/"+initiator.name+"_with_"+responder.name, func(t *testing.T) {
					t.Parallel()
					a, b := shakeHands(t, newKeys(pattern), initiator, responder)
					if !bytes.Equal(a.hash, b.hash) {
						t.Errorf("hash %x at the initiator, %x at the responder", a.hash, b.hash)
					}
					talk(t, a, b, 300)
				})
			}
		}
	}
}

// With the same keys they also say the same.
func TestImplementationsSayTheSame(t *testing.T) {
	t.Parallel()
	for _, pattern := range patterns() {
		k := newKeys(pattern)
		var first, second, hash []byte
		for i, end := range implementations() {
			message, finish, err := end.initiate(k)
			if err != nil {
				t.Fatal(err)
			}
			answer, s, err := end.respond(k, message)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := finish(answer); err != nil {
				t.Fatal(err)
			}
			if i == 0 {
				first, second, hash = message, answer, s.hash
			}
			if !bytes.Equal(message, first) || !bytes.Equal(answer, second) || !bytes.Equal(s.hash, hash) {
				t.Errorf("%s: %s says %x, %x, hash %x; want %x, %x, %x", pattern, end.name, message, answer, s.hash, first, second, hash)
			}
		}
	}
}

func shakeHands(tb testing.TB, k keys, initiator, responder implementation) (a, b session) {
	tb.Helper()
	message, finish, err := initiator.initiate(k)
	if err != nil {
		tb.Fatal(err)
	}
	answer, b, err := responder.respond(k, message)
	if err != nil {
		tb.Fatal(err)
	}
	if a, err = finish(answer); err != nil {
		tb.Fatal(err)
	}
	return a, b
}

// talk sends n messages each way, of lengths from 0 to n-1.
func talk(tb testing.TB, a, b session, n int) {
	tb.Helper()
	for i := range n {
		for _, way := range []struct{ from, to session }{{a, b}, {b, a}} {
			sent := bytes.Repeat([]byte{byte(i)}, i)
			record, err := way.from.seal(sent)
			if err != nil {
				tb.Fatal(err)
			}
			heard, err := way.to.open(record)
			if err != nil || !bytes.Equal(heard, sent) {
				tb.Fatalf("message %d: %x, want %x (error: %v)", i, heard, sent, err)
			}
		}
	}
}

// Nobody has to bring an ephemeral key; each handshake then has its own.
func TestEphemeralKeysAreNew(t *testing.T) {
	t.Parallel()
	for _, pattern := range patterns() {
		k := newKeys(pattern)
		k.initiator, k.responder = nil, nil
		seen := map[string]bool{}
		for range 4 {
			message, finish, err := initiateOurs(k)
			if err != nil {
				t.Fatal(err)
			}
			answer, _, err := respondOurs(k, message)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := finish(answer); err != nil {
				t.Fatal(err)
			}
			seen[string(message)], seen[string(answer)] = true, true
		}
		if len(seen) != 8 {
			t.Errorf("%s: %d of 8 messages are different", pattern, len(seen))
		}
	}
}

func TestSessionDoesNotPrint(t *testing.T) {
	t.Parallel()
	key := [noise.KeySize]byte([]byte("nobody may read what stands here"))
	c := noise.NewCipherState(&key)
	secrettest.Check(t, "noise.CipherState", c, key[:])
	secrettest.Check(t, "noise.Session", noise.Session{Send: c, Receive: c}, key[:])
}

// A direction ends with its last sequence number, at both ends.
func TestCipherStateEnds(t *testing.T) {
	t.Parallel()
	key := [noise.KeySize]byte{1}
	seal, open := noise.NewCipherState(&key), noise.NewCipherState(&key)
	noise.Skip(seal, noise.MaxSequence)
	noise.Skip(open, noise.MaxSequence)
	record, err := seal.Seal(nil, []byte("last"))
	if err != nil {
		t.Fatal(err)
	}
	if plaintext, err := open.Open(nil, record); err != nil || string(plaintext) != "last" {
		t.Fatalf("%q, %v", plaintext, err)
	}
	for range 2 {
		if record, err := seal.Seal(nil, nil); err == nil || record != nil {
			t.Errorf("message %d was sealed", noise.MaxSequence+1)
		}
		if plaintext, err := open.Open(nil, record); err == nil || plaintext != nil {
			t.Errorf("message %d was opened", noise.MaxSequence+1)
		}
	}
}
