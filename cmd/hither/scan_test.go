package main

import (
	"bytes"
	"image/png"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/hitherauth/hither/internal/term"
)

// TestFindCode finds every clean code, also the few that the reader misses at first.
func TestFindCode(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(3, 4))
	for range 300 {
		text := "FIDO:/" + strings.Map(func(rune) rune { return rune('0' + random.IntN(10)) }, strings.Repeat("0", 167))
		var b bytes.Buffer
		if err := term.WriteCode(&b, text, false); err != nil {
			t.Fatal(err)
		}
		picture, err := png.Decode(&b)
		if err != nil {
			t.Fatal(err)
		}
		if got, ok := findCode(picture); !ok || got != text {
			t.Errorf("%s is read as %q, %v", text, got, ok)
		}
	}
}
