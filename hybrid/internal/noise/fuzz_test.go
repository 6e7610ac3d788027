package noise_test

import (
	"bytes"
	"testing"

	"github.com/hitherauth/hither/hybrid/internal/noise"
)

// goodMessages are both messages of a handshake that is the same each time.
func goodMessages(tb testing.TB, k keys) (message, answer []byte) {
	tb.Helper()
	message, _, err := initiateOurs(k)
	if err != nil {
		tb.Fatal(err)
	}
	if answer, _, err = respondOurs(k, message); err != nil {
		tb.Fatal(err)
	}
	return message, answer
}

func addSeeds(f *testing.F) {
	f.Helper()
	for _, pattern := range patterns() {
		message, answer := goodMessages(f, fixedKeys(pattern))
		for _, seed := range [][]byte{message, answer, message[:80], append(bytes.Clone(answer), 0), {}} {
			f.Add(seed)
		}
		for _, point := range brokenPoints() {
			m := bytes.Clone(message)
			copy(m, point)
			f.Add(m)
		}
	}
}

// FuzzRespond: a responder takes one message and no other.
func FuzzRespond(f *testing.F) {
	addSeeds(f)
	f.Fuzz(func(t *testing.T, message []byte) {
		for _, pattern := range patterns() {
			k := fixedKeys(pattern)
			good, _ := goodMessages(t, k)
			answer, s, err := respondOurs(k, message)
			if (err == nil) != bytes.Equal(message, good) {
				t.Fatalf("%s: %x: error %v", pattern, message, err)
			}
			if err != nil {
				requireRefused(t, pattern, answer, s, err)
			}
		}
	})
}

// FuzzFinish: an initiator takes one answer and no other.
func FuzzFinish(f *testing.F) {
	addSeeds(f)
	f.Fuzz(func(t *testing.T, message []byte) {
		for _, pattern := range patterns() {
			k := fixedKeys(pattern)
			_, good := goodMessages(t, k)
			_, finish, err := initiateOurs(k)
			if err != nil {
				t.Fatal(err)
			}
			s, err := finish(message)
			if (err == nil) != bytes.Equal(message, good) {
				t.Fatalf("%s: %x: error %v", pattern, message, err)
			}
			if err != nil {
				requireRefused(t, pattern, nil, s, err)
			}
		}
	})
}

// FuzzOpenRecord: the second record opens after the first, and nothing else does.
func FuzzOpenRecord(f *testing.F) {
	key := [noise.KeySize]byte{1}
	send := noise.NewCipherState(&key)
	first, err := send.Seal(nil, []byte("first"))
	if err != nil {
		f.Fatal(err)
	}
	second, err := send.Seal(nil, []byte("second"))
	if err != nil {
		f.Fatal(err)
	}
	for _, seed := range [][]byte{second, first, second[:noise.Overhead], append(bytes.Clone(second), 0), {}} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, record []byte) {
		receive := noise.NewCipherState(&key)
		if plaintext, err := receive.Open(nil, first); err != nil || string(plaintext) != "first" {
			t.Fatalf("%q, %v", plaintext, err)
		}
		plaintext, err := receive.Open(nil, record)
		if (err == nil) != bytes.Equal(record, second) || err != nil && plaintext != nil {
			t.Fatalf("%x is opened as %x (error: %v)", record, plaintext, err)
		}
	})
}
