package qrcode

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"io"
)

// pixels is the side of a module in a picture: large enough for a screen, small
// enough that the largest code is one.
const pixels = 8

// PNG writes a picture with the whole margin, 8 pixels to a module, black on white.
func (c *Code) PNG(w io.Writer) error {
	side := (c.Size() + 2*Margin) * pixels
	picture := image.NewPaletted(image.Rect(0, 0, side, side), color.Palette{color.White, color.Black})
	for y := range side {
		for x := range side {
			if c.Dark(x/pixels-Margin, y/pixels-Margin) {
				picture.SetColorIndex(x, y, 1)
			}
		}
	}
	return png.Encode(w, picture)
}

// SVG writes the same as lines: one path, of one horizontal stroke for each row of
// dark modules.
func (c *Code) SVG(w io.Writer) error {
	var b bytes.Buffer
	n := c.Size() + 2*Margin
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" width="%d" height="%d" shape-rendering="crispEdges">`, n, n, n*pixels, n*pixels)
	fmt.Fprintf(&b, `<path fill="#fff" d="M0 0h%dv%dH0z"/><path stroke="#000" d="`, n, n)
	for y := range c.Size() {
		for x := 0; x < c.Size(); x++ {
			length := 0
			for c.Dark(x+length, y) {
				length++
			}
			if length > 0 {
				fmt.Fprintf(&b, "M%d %d.5h%d", x+Margin, y+Margin, length)
				x += length
			}
		}
	}
	b.WriteString("\"/></svg>\n")
	_, err := w.Write(b.Bytes())
	return err
}
