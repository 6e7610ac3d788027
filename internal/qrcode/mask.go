package qrcode

// masks is the number of mask patterns.
const masks = 8

// Weights of the four penalty rules (ISO/IEC 18004 §7.8.3.1).
const (
	penaltyRun     = 3  // a run of five equal modules; one more for each further module
	penaltyBlock   = 3  // a square of 2×2 equal modules
	penaltyFinder  = 40 // what looks like a finder pattern
	penaltyBalance = 10 // each whole 5 % by which the share of dark modules misses half
)

// penalty says how badly the code, as masked, reads: lower is better. Two codes
// of one text are compared by it, and the first of the best is taken.
func (c *Code) penalty() int {
	transposed := func(x, y int) bool { return c.Dark(y, x) }
	return c.lines(c.Dark) + c.lines(transposed) + c.blocks() + c.balance()
}

// lines judges runs and finder patterns in every row of the square that dark
// describes.
func (c *Code) lines(dark func(x, y int) bool) int {
	sum, n := 0, c.Size()
	for y := range n {
		run := 0
		for x := range n {
			if x > 0 && dark(x, y) == dark(x-1, y) {
				run++
			} else {
				run = 1
			}
			switch {
			case run == 5:
				sum += penaltyRun
			case run > 5:
				sum++
			}
			if finderAt(dark, x, y, n) {
				sum += penaltyFinder
			}
		}
	}
	return sum
}

// finderAt reports whether dark:light:dark:light:dark modules in the ratio
// 1:1:3:1:1 begin in column x, with four light modules before or after them.
// The margin around the code counts as light.
func finderAt(dark func(x, y int) bool, x, y, n int) bool {
	const pattern = "#.###.#"
	if x+len(pattern) > n {
		return false
	}
	for i := range len(pattern) {
		if dark(x+i, y) != (pattern[i] == '#') {
			return false
		}
	}
	light := func(from int) bool {
		for i := from; i < from+4; i++ {
			if dark(i, y) {
				return false
			}
		}
		return true
	}
	return light(x-4) || light(x+len(pattern))
}

func (c *Code) blocks() int {
	sum, n := 0, c.Size()
	for y := range n - 1 {
		for x := range n - 1 {
			d := c.Dark(x, y)
			if d == c.Dark(x+1, y) && d == c.Dark(x, y+1) && d == c.Dark(x+1, y+1) {
				sum += penaltyBlock
			}
		}
	}
	return sum
}

func (c *Code) balance() int {
	count, n := 0, c.Size()
	for y := range n {
		for x := range n {
			if c.Dark(x, y) {
				count++
			}
		}
	}
	off := 2*count - n*n
	if off < 0 {
		off = -off
	}
	return off * 10 / (n * n) * penaltyBalance
}
