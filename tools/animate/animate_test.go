package main

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/gif"
	"image/png"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// save writes a picture of a flat ground with some pixels on it.
func save(t *testing.T, dir, name string, size image.Point, pixels map[image.Point]color.RGBA) string {
	t.Helper()
	p := image.NewRGBA(image.Rectangle{Max: size})
	draw.Draw(p, p.Rect, image.NewUniform(color.RGBA{20, 30, 40, 255}), image.Point{}, draw.Src)
	for at, c := range pixels {
		p.SetRGBA(at.X, at.Y, c)
	}
	var b bytes.Buffer
	if err := png.Encode(&b, p); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestAnimate plays an animation back: few colours are exact, what is the same is
// told once.
func TestAnimate(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	size := image.Pt(40, 30)
	red := color.RGBA{250, 1, 2, 255}
	first := save(t, dir, "a.png", size, nil)
	second := save(t, dir, "b.png", size, map[image.Point]color.RGBA{{5, 6}: red, {9, 6}: red})
	out := filepath.Join(dir, "out.gif")
	if err := run(io.Discard, out, 5000, []string{first + "=100", first + "=250", second + "=1000", first + "=40"}); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	g, err := gif.DecodeAll(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	if fmt.Sprint(g.Delay) != "[35 100 4]" || g.LoopCount != 0 {
		t.Errorf("delays %v, loops %d", g.Delay, g.LoopCount)
	}
	if got := g.Image[1].Rect; got != image.Rect(5, 6, 10, 7) {
		t.Errorf("the second picture has %v", got)
	}
	canvas := image.NewRGBA(image.Rectangle{Max: size})
	for i, name := range []string{first, second, first} {
		draw.Draw(canvas, g.Image[i].Rect, g.Image[i], g.Image[i].Rect.Min, draw.Over)
		if want, err := read(name); err != nil || !bytes.Equal(want.Pix, canvas.Pix) {
			t.Errorf("picture %d is another, %v", i, err)
		}
	}
}

// TestManyColours has more than a palette can hold: what is large stays exact, the
// rest near.
func TestManyColours(t *testing.T) {
	t.Parallel()
	p := image.NewRGBA(image.Rect(0, 0, 256, 80))
	for i := range 256 * 64 {
		p.SetRGBA(i%256, i/256, color.RGBA{uint8(i), uint8(i / 256 * 4), uint8(255 - i%256), 255})
	}
	draw.Draw(p, image.Rect(0, 64, 256, 80), image.NewUniform(color.RGBA{9, 8, 7, 255}), image.Point{}, draw.Src)
	palette := makePalette([]*image.RGBA{p})
	if len(palette) != colours || palette[0] != (color.RGBA{9, 8, 7, 255}) {
		t.Fatalf("%d colours, the first %v", len(palette), palette[0])
	}
	for y := range 64 {
		for x := range 256 {
			want := p.RGBAAt(x, y)
			got := palette.Convert(want).(color.RGBA)
			for _, far := range []int{int(want.R) - int(got.R), int(want.G) - int(got.G), int(want.B) - int(got.B)} {
				if far < -30 || far > 30 {
					t.Fatalf("%v becomes %v", want, got)
				}
			}
		}
	}
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	small, large := save(t, dir, "s.png", image.Pt(2, 2), nil), save(t, dir, "l.png", image.Pt(3, 3), nil)
	broken := filepath.Join(dir, "b.png")
	if err := os.WriteFile(broken, []byte("none"), 0o600); err != nil {
		t.Fatal(err)
	}
	out := filepath.Join(dir, "out.gif")
	for args, want := range map[string]string{
		"":                             "usage",
		small:                          "milliseconds",
		small + "=0":                   "milliseconds",
		small + "=9 " + large + "=9":   "is (3,3)",
		broken + "=9":                  "unexpected EOF",
		filepath.Join(dir, "n") + "=9": "no such file",
	} {
		if err := run(io.Discard, out, 1000, strings.Fields(args)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v", args, err)
		}
	}
	if err := run(io.Discard, out, 10, []string{small + "=9"}); err == nil || !strings.Contains(err.Error(), "more than 10") {
		t.Error(err)
	}
	if _, err := os.Stat(out); err == nil {
		t.Error("something was written")
	}
}
