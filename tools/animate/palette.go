package main

import (
	"cmp"
	"image"
	"image/color"
	"math"
	"slices"
)

const (
	colours = 255 // of a palette, beside the transparent one
	exact   = 96  // of them: those that most pixels have, as they are
)

// shade is a colour of some pictures.
type shade struct {
	c [3]uint8
	n int // how many pixels have it
}

// makePalette chooses colours for all pictures together, so that one which stays on
// the screen stays the same. Large areas are exact; what antialiasing and shadows
// make is divided by where the colours differ most.
func makePalette(pictures []*image.RGBA) color.Palette {
	count := map[[3]uint8]int{}
	for _, p := range pictures {
		for i := 0; i < len(p.Pix); i += 4 {
			count[[3]uint8(p.Pix[i:i+3])]++
		}
	}
	shades := make([]shade, 0, len(count))
	for c, n := range count {
		shades = append(shades, shade{c, n})
	}
	slices.SortFunc(shades, func(a, b shade) int {
		return cmp.Or(cmp.Compare(b.n, a.n), slices.Compare(a.c[:], b.c[:]))
	})
	kept, rest := shades, []shade(nil)
	if len(shades) > colours {
		kept, rest = shades[:exact], shades[exact:]
	}
	var palette color.Palette
	for _, s := range kept {
		palette = append(palette, color.RGBA{s.c[0], s.c[1], s.c[2], 255})
	}
	for _, box := range divide(rest, colours-len(kept)) {
		palette = append(palette, mean(box))
	}
	return palette
}

// divide makes groups of alike shades: the one that is worst, by how far apart its
// shades are and how many pixels have them, is cut in two, again and again.
func divide(shades []shade, groups int) [][]shade {
	if len(shades) == 0 {
		return nil
	}
	boxes := [][]shade{shades}
	for len(boxes) < groups {
		worst, worstAxis, most := -1, 0, 0.0
		for i, box := range boxes {
			if axis, width := widest(box); width > 0 {
				if bad := float64(width) * math.Sqrt(float64(pixels(box))); bad > most {
					worst, worstAxis, most = i, axis, bad
				}
			}
		}
		if worst < 0 {
			break
		}
		one, other := cut(boxes[worst], worstAxis)
		boxes[worst] = one
		boxes = append(boxes, other)
	}
	return boxes
}

// widest is the channel in which shades differ most, and by how much.
func widest(box []shade) (axis, width int) {
	for a := range 3 {
		low, high := uint8(255), uint8(0)
		for _, s := range box {
			low, high = min(low, s.c[a]), max(high, s.c[a])
		}
		if int(high)-int(low) > width {
			axis, width = a, int(high)-int(low)
		}
	}
	return axis, width
}

func pixels(box []shade) int {
	n := 0
	for _, s := range box {
		n += s.n
	}
	return n
}

// cut divides shades where half of the pixels are on either side, at least one shade
// on each.
func cut(box []shade, axis int) (one, other []shade) {
	slices.SortStableFunc(box, func(a, b shade) int { return cmp.Compare(a.c[axis], b.c[axis]) })
	half, n := pixels(box)/2, 0
	for i, s := range box[:len(box)-1] {
		if n += s.n; n >= half {
			return box[:i+1], box[i+1:]
		}
	}
	return box[:len(box)-1], box[len(box)-1:]
}

func mean(box []shade) color.RGBA {
	var sum [3]int
	for _, s := range box {
		for a := range sum {
			sum[a] += int(s.c[a]) * s.n
		}
	}
	n := pixels(box)
	return color.RGBA{uint8(sum[0] / n), uint8(sum[1] / n), uint8(sum[2] / n), 255}
}
