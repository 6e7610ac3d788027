package eye

import (
	"cmp"
	"math"
	"slices"
)

// corners are three marks that may be those of one QR code.
type corners struct {
	bottomLeft, topLeft, topRight mark

	side float64 // the mean of the two sides, between the middles of marks
	odd  float64 // how far they are from two equal sides at a right angle and equal marks
}

// findCorners puts marks together that could be a code's, the likeliest first.
func findCorners(marks []mark) []corners {
	var found []corners
	for i, a := range marks {
		for j, b := range marks[i+1:] {
			for _, c := range marks[i+1+j+1:] {
				if likely, ok := newCorners(a, b, c); ok {
					found = append(found, likely)
				}
			}
		}
	}
	slices.SortStableFunc(found, func(a, b corners) int { return cmp.Compare(a.odd, b.odd) })
	return found
}

// newCorners tells which of three marks is where: the longest way is between the two
// that are not the top left one. A code may be turned, and seen from an angle.
func newCorners(a, b, c mark) (corners, bool) {
	small, large := min(a.module, b.module, c.module), max(a.module, b.module, c.module)
	if large > 1.4*small+0.5 {
		return corners{}, false
	}
	way := func(p, q mark) float64 { return math.Hypot(p.x-q.x, p.y-q.y) }
	if ab, bc, ac := way(a, b), way(b, c), way(a, c); ab >= bc && ab >= ac {
		a, c = c, a // the longest way is opposite of a, now
	} else if ac >= bc && ac >= ab {
		a, b = b, a
	}
	first, second, longest := way(a, b), way(a, c), way(b, c)
	module := (a.module + b.module + c.module) / 3
	side := (first + second) / 2
	// 21 to 177 modules, of which seven are not between two middles.
	if side < 12*module || side > 190*module || min(first, second) < 0.7*max(first, second) {
		return corners{}, false
	}
	angle := math.Abs(longest*longest-first*first-second*second) / (2 * first * second) // its cosine
	if angle > 0.4 {
		return corners{}, false
	}
	found := corners{topLeft: a, topRight: b, bottomLeft: c, side: side}
	if (b.x-a.x)*(c.y-a.y) < (b.y-a.y)*(c.x-a.x) {
		found.topRight, found.bottomLeft = c, b
	}
	found.odd = angle + math.Abs(first-second)/side + (large-small)/module
	return found, true
}
