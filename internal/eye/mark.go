package eye

import (
	"math"
	"slices"

	"github.com/makiuchi-d/gozxing"
)

// mark is what may be one of the three squares in the corners of a QR code: along
// every line through its middle, dark and light are as 1:1:3:1:1.
type mark struct {
	x, y   float64 // of its middle
	module float64 // how large one part of the seven is, in pixels
	seen   int     // on how many rows
}

// maxMarks bounds how many marks are put together: a screen with three codes has
// nine and a dozen that only look like some.
const maxMarks = 64

// findMarks returns those that were seen most often.
func findMarks(m *gozxing.BitMatrix) []mark {
	var found []mark
	row := gozxing.NewBitArray(m.GetWidth())
	for y := 1; y < m.GetHeight(); y += 2 {
		row = m.GetRow(y, row)
		found = marksOnRow(m, row, y, found)
	}
	slices.SortStableFunc(found, func(a, b mark) int { return b.seen - a.seen })
	return found[:min(len(found), maxMarks)]
}

// marksOnRow adds those on row y to found, or to how often they were seen.
func marksOnRow(m *gozxing.BitMatrix, row *gozxing.BitArray, y int, found []mark) []mark {
	width := row.GetSize()
	var runs [5]int // the last ones, in turns dark and light; the last is dark
	for x := row.GetNextSet(0); x < width; {
		end := row.GetNextUnset(x)
		next := row.GetNextSet(end)
		runs[4] = end - x
		if isMark(runs, 0.5) {
			if at, ok := checked(m, float64(end-runs[4]-runs[3])-float64(runs[2])/2, y, runs); ok {
				found = noted(found, at)
			}
		}
		runs = [5]int{runs[2], runs[3], runs[4], next - end, 0}
		x = next
	}
	return found
}

// isMark reports whether runs are as 1:1:3:1:1, each but for a part of a module.
func isMark(runs [5]int, part float64) bool {
	total := 0
	for _, n := range runs {
		if n == 0 {
			return false
		}
		total += n
	}
	if total < 7 {
		return false
	}
	module := float64(total) / 7
	for i, n := range runs {
		want := 1.0
		if i == 2 {
			want = 3
		}
		if math.Abs(float64(n)-want*module) >= want*part*module {
			return false
		}
	}
	return true
}

// checked looks at a mark the other way, and then this way through the middle that
// is known now.
func checked(m *gozxing.BitMatrix, x float64, y int, runs [5]int) (mark, bool) {
	total := 0
	for _, n := range runs {
		total += n
	}
	column, high, ok := across(m, int(x), y, 0, 1, total)
	if !ok {
		return mark{}, false
	}
	row, wide, ok := across(m, int(x), int(column), 1, 0, total)
	if !ok {
		return mark{}, false
	}
	return mark{x: row, y: column, module: float64(high+wide) / 14, seen: 1}, true
}

// across follows a line through a dark pixel both ways, and returns where the middle
// of the mark is on it and how long it is there, if it is one of about that size.
func across(m *gozxing.BitMatrix, x, y, dx, dy, size int) (middle float64, length int, ok bool) {
	var runs [5]int
	reach := func(run, sign, from int) int { // counts one run, up to more than could be
		n := from
		for ; runs[run] <= size; n++ {
			px, py := x+sign*n*dx, y+sign*n*dy
			if px < 0 || py < 0 || px >= m.GetWidth() || py >= m.GetHeight() || m.Get(px, py) == (run%2 == 1) {
				break
			}
			runs[run]++
		}
		return n
	}
	before := reach(0, -1, reach(1, -1, reach(2, -1, 0)))
	after := reach(4, 1, reach(3, 1, reach(2, 1, 1)))
	length = before + after - 1
	if !isMark(runs, 0.5) || 5*max(length-size, size-length) >= 2*size {
		return 0, 0, false
	}
	start := x*dx + y*dy - before + 1
	return float64(start+runs[0]+runs[1]) + float64(runs[2])/2, length, true
}

// noted is found with one more look at a mark that it may have already.
func noted(found []mark, one mark) []mark {
	for i, f := range found {
		if math.Abs(f.x-one.x) > f.module || math.Abs(f.y-one.y) > f.module || math.Abs(f.module-one.module) > max(1, f.module/2) {
			continue
		}
		n := float64(f.seen)
		mean := func(old, now float64) float64 { return (old*n + now) / (n + 1) }
		found[i] = mark{x: mean(f.x, one.x), y: mean(f.y, one.y), module: mean(f.module, one.module), seen: f.seen + 1}
		return found
	}
	if len(found) >= 64*maxMarks {
		return found
	}
	return append(found, one)
}
