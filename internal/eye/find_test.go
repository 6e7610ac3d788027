package eye_test

import (
	"bytes"
	"image"
	"image/draw"
	"image/png"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hitherauth/hither/hybrid"
	"github.com/hitherauth/hither/internal/eye"
	"github.com/hitherauth/hither/internal/term"
)

// screenshots are of Chromium's own dialog, still opening and open, in a light and in
// a dark window, and of hither login in an xterm whose half blocks leave seams between
// the lines. Their ceremonies are over: they are no secrets.
func screenshots() []string {
	return []string{"light", "light-opening", "dark", "dark-opening", "terminal"}
}

func readPicture(t testing.TB, name string) *image.RGBA {
	t.Helper()
	f, err := os.Open(filepath.Join("testdata", name+".png"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	picture, err := png.Decode(f)
	if err != nil {
		t.Fatal(err)
	}
	return asRGBA(picture)
}

func asRGBA(picture image.Image) *image.RGBA {
	p := image.NewRGBA(picture.Bounds())
	draw.Draw(p, p.Rect, picture, p.Rect.Min, draw.Src)
	return p
}

// drawn is a code as Hither draws it itself.
func drawn(t testing.TB, text string) image.Image {
	t.Helper()
	var b bytes.Buffer
	if err := term.WriteCode(&b, text, false); err != nil {
		t.Fatal(err)
	}
	picture, err := png.Decode(&b)
	if err != nil {
		t.Fatal(err)
	}
	return picture
}

func texts(n int) []string {
	random := rand.New(rand.NewPCG(3, 4))
	all := make([]string, n)
	for i := range all {
		all[i] = "FIDO:/" + strings.Map(func(rune) rune { return rune('0' + random.IntN(10)) }, strings.Repeat("0", 167))
	}
	return all
}

func TestFindOnScreenshots(t *testing.T) {
	t.Parallel()
	for _, name := range screenshots() {
		found := eye.Find(readPicture(t, name))
		if len(found) != 1 {
			t.Errorf("on %s there are %q", name, found)
			continue
		}
		if _, err := hybrid.ParseQRCode(found[0]); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestFind finds every clean code, also the few that a reader misses at first.
func TestFind(t *testing.T) {
	t.Parallel()
	for _, text := range texts(100) {
		if diff := cmp.Diff([]string{text}, eye.Find(drawn(t, text))); diff != "" {
			t.Errorf("(-want +got)\n%s", diff)
		}
	}
}
