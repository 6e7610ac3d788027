package authenticator_test

import (
	"bytes"
	"testing"

	"github.com/hitherauth/hither/authenticator"
	"github.com/hitherauth/hither/webauthn/webauthntest"
)

// FuzzParseVault: what is read is written in the same bytes, and an error comes with nothing.
func FuzzParseVault(f *testing.F) {
	for _, n := range []int{0, 1, 3} {
		memory := &authenticator.MemoryStore{}
		a := authenticator.New(authenticator.Config{Store: memory, Verifier: &person{}})
		for _, name := range []string{"alice", "bob", "carol"}[:n] {
			mustMake(f, a, makeRequest(name))
		}
		all, _ := memory.All(f.Context())
		b, err := authenticator.AppendVault(nil, all)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
		f.Add(append(b, 0))
		f.Add(b[:len(b)-1])
	}
	head := func(version, count int64) []byte {
		return webauthntest.CBORMap(
			webauthntest.CBORInt(1), webauthntest.CBORText("hither vault"),
			webauthntest.CBORInt(2), webauthntest.CBORInt(version),
			webauthntest.CBORInt(3), webauthntest.CBORInt(count))
	}
	f.Add(head(2, 0))
	f.Add(head(1, 1<<40))
	f.Add(head(1, -1))
	f.Add([]byte{0xa0})
	f.Fuzz(func(t *testing.T, b []byte) {
		credentials, err := authenticator.ParseVault(b)
		if err != nil {
			if credentials != nil {
				t.Error("credentials came with an error")
			}
			return
		}
		again, err := authenticator.AppendVault(nil, credentials)
		if err != nil || !bytes.Equal(again, b) {
			t.Errorf("written again: %x, %v; read %x", again, err, b)
		}
	})
}
