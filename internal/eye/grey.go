package eye

import "image"

// grey is how light each pixel is, row by row.
type grey struct {
	pix           []byte
	width, height int
}

// lightness weighs the colours as the eye does, roughly.
func lightness(r, g, b byte) byte { return byte((int(r) + 2*int(g) + int(b)) / 4) } //nolint:gosec // G115: a mean of bytes is one

// newGrey makes a picture grey. What is transparent is white.
func newGrey(picture image.Image) grey {
	b := picture.Bounds()
	g := grey{width: b.Dx(), height: b.Dy()}
	g.pix = make([]byte, g.width*g.height)
	for y := range g.height {
		row := g.pix[y*g.width : (y+1)*g.width]
		switch p := picture.(type) { // the kinds that screens and cameras make
		case *image.RGBA:
			from := p.Pix[p.PixOffset(b.Min.X, b.Min.Y+y):]
			for x := range row {
				q := from[4*x : 4*x+4 : 4*x+4]
				row[x] = lightness(q[0], q[1], q[2]) + 255 - q[3]
			}
		case *image.Gray:
			copy(row, p.Pix[p.PixOffset(b.Min.X, b.Min.Y+y):])
		case *image.YCbCr:
			copy(row, p.Y[p.YOffset(b.Min.X, b.Min.Y+y):])
		default:
			for x := range row {
				r, g, b, a := picture.At(b.Min.X+x, b.Min.Y+y).RGBA()
				row[x] = lightness(byte(r>>8), byte(g>>8), byte(b>>8)) + 255 - byte(a>>8) //nolint:gosec // G115: of 16 bits
			}
		}
	}
	return g
}

// shrunk leaves of pixels in every in of them, each way.
func (g grey) shrunk(of, in int) grey {
	if of == in {
		return g
	}
	s := grey{width: max(1, g.width*of/in), height: max(1, g.height*of/in)}
	s.pix = make([]byte, s.width*s.height)
	columns := make([]int, s.width)
	for x := range columns {
		columns[x] = x * in / of
	}
	for y := range s.height {
		from, to := g.pix[y*in/of*g.width:], s.pix[y*s.width:(y+1)*s.width]
		for x, column := range columns {
			to[x] = from[column]
		}
	}
	return s
}
