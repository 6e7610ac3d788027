package qrcode_test

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"strings"
	"testing"

	"github.com/hitherauth/hither/internal/qrcode"
)

func TestPicturesReadBack(t *testing.T) {
	t.Parallel()
	for _, want := range []string{"0", "FIDO:/" + random(165, digits), random(700, base64url)} {
		code := encode(t, qrcode.Text(want))
		var b bytes.Buffer
		if err := code.PNG(&b); err != nil {
			t.Fatal(err)
		}
		picture, err := png.Decode(&b)
		if err != nil {
			t.Fatal(err)
		}
		if got := scan(t, picture); got != want {
			t.Errorf("PNG: read %q, want %q", got, want)
		}
		b.Reset()
		if err := code.SVG(&b); err != nil {
			t.Fatal(err)
		}
		if got := scan(t, render(t, b.Bytes())); got != want {
			t.Errorf("SVG: read %q, want %q", got, want)
		}
	}
}

// render paints the strokes of a picture in SVG, as any program would.
func render(t *testing.T, svg []byte) image.Image {
	t.Helper()
	var picture struct {
		Width int    `xml:"width,attr"`
		Box   string `xml:"viewBox,attr"`
		Path  []struct {
			Stroke string `xml:"stroke,attr"`
			D      string `xml:"d,attr"`
		} `xml:"path"`
	}
	if err := xml.Unmarshal(svg, &picture); err != nil {
		t.Fatal(err)
	}
	var left, top, width, height int
	if _, err := fmt.Sscan(picture.Box, &left, &top, &width, &height); err != nil {
		t.Fatal(err)
	}
	scale := picture.Width / width
	out := image.NewGray(image.Rect(0, 0, picture.Width, height*scale))
	draw.Draw(out, out.Bounds(), image.White, image.Point{}, draw.Src)
	for _, path := range picture.Path {
		if path.Stroke == "" {
			continue
		}
		for _, stroke := range strings.Split(path.D, "M")[1:] {
			var x, y, length int
			if _, err := fmt.Sscanf(stroke, "%d %d.5h%d", &x, &y, &length); err != nil {
				t.Fatalf("stroke %q: %v", stroke, err)
			}
			draw.Draw(out, image.Rect(x*scale, y*scale, (x+length)*scale, (y+1)*scale), image.NewUniform(color.Black), image.Point{}, draw.Src)
		}
	}
	return out
}
