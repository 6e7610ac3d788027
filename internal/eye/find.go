package eye

import (
	"cmp"
	"image"
	"slices"

	"github.com/makiuchi-d/gozxing"
	"github.com/makiuchi-d/gozxing/qrcode/decoder"
	"github.com/makiuchi-d/gozxing/qrcode/detector"
)

// Find returns the texts of the QR codes on a picture, each once, the largest first;
// nil when none is found. The picture should have fewer than 50 million pixels.
func Find(picture image.Image) []string {
	if picture.Bounds().Empty() {
		return nil
	}
	return newGrey(picture).codes()
}

// codes looks at the picture as it is and at smaller ones of it, with dark and light told
// apart in two ways: one clean code in some hundred is misread, and not the same one in
// another size.
func (g grey) codes() []string {
	var found []code
	for _, by := range []float64{1, 1.5, 2, 3} {
		smaller := g.shrunk(by)
		source, err := gozxing.NewPlanarYUVLuminanceSource(smaller.pix, smaller.width, smaller.height, 0, 0, smaller.width, smaller.height, false)
		if err != nil {
			continue
		}
		for _, binarizer := range []gozxing.Binarizer{gozxing.NewHybridBinarizer(source), gozxing.NewGlobalHistgramBinarizer(source)} {
			m, err := binarizer.GetBlackMatrix()
			if err != nil { // a picture of one colour
				continue
			}
			for _, c := range readCodes(m) {
				c.size *= by
				if !slices.ContainsFunc(found, func(f code) bool { return f.text == c.text }) {
					found = append(found, c)
				}
			}
		}
	}
	slices.SortStableFunc(found, func(a, b code) int { return cmp.Compare(b.size, a.size) })
	var texts []string
	for _, c := range found {
		texts = append(texts, c.text)
	}
	return texts
}

// code is a QR code that was read.
type code struct {
	text string
	size float64 // from corner to corner, in pixels
}

// maxTries bounds how many sets of three marks are read as if they were a code's.
const maxTries = 64

// readCodes reads the codes whose three corners are seen.
func readCodes(m *gozxing.BitMatrix) []code {
	var found []code
	used := map[mark]bool{}
	tries := 0
	for _, c := range findCorners(findMarks(m)) {
		if used[c.topLeft] || used[c.topRight] || used[c.bottomLeft] {
			continue
		}
		if tries++; tries > maxTries {
			break
		}
		if text, ok := c.read(m); ok {
			found = append(found, code{text, c.side})
			used[c.topLeft], used[c.topRight], used[c.bottomLeft] = true, true, true
		}
	}
	return found
}

// read reads the code that has these corners.
func (c corners) read(m *gozxing.BitMatrix) (string, bool) {
	pattern := func(m mark) *detector.FinderPattern { return detector.NewFinderPattern(m.x, m.y, m.module, m.seen) }
	detected, err := detector.NewDetector(m).ProcessFinderPatternInfo(
		detector.NewFinderPatternInfo(pattern(c.bottomLeft), pattern(c.topLeft), pattern(c.topRight)))
	if err != nil {
		return "", false
	}
	result, err := decoder.NewDecoder().Decode(detected.GetBits(), nil)
	if err != nil {
		return "", false
	}
	return result.GetText(), true
}
