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

// shrunk makes of so many pixels each way one, their mean: what is thinner than a
// module of a code, as the seams between a terminal's lines, goes under.
func (g grey) shrunk(by float64) grey {
	if by == 1 {
		return g
	}
	s := grey{width: max(1, int(float64(g.width)/by)), height: max(1, int(float64(g.height)/by))}
	s.pix = make([]byte, s.width*s.height)
	sums := make([]int, s.width)
	starts := make([]int, s.width+1)
	for x := range starts {
		starts[x] = min(int(float64(x)*by), g.width)
	}
	for y := range s.height {
		clear(sums)
		top, bottom := int(float64(y)*by), min(int(float64(y+1)*by), g.height)
		for row := top; row < bottom; row++ {
			from := g.pix[row*g.width : (row+1)*g.width]
			for x := range sums {
				sum := 0
				for _, light := range from[starts[x]:starts[x+1]] {
					sum += int(light)
				}
				sums[x] += sum
			}
		}
		to := s.pix[y*s.width : (y+1)*s.width]
		for x, sum := range sums {
			to[x] = byte(sum / max(1, (bottom-top)*(starts[x+1]-starts[x]))) //nolint:gosec // G115: a mean of bytes is one
		}
	}
	return s
}
